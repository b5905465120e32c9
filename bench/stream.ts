/** Command streams as bytes, built once before a case runs; and the buffers that answers name. */
import { BR_REPLY, BR_TRANSACTION } from '../assembly/abi/protocol.ts';
import { TRANSACTION_DATA_BUFFER } from '../assembly/abi/wire.ts';
import { type Command, commandsSize, storeCommands, streamSize } from '../host/kernel/commands.ts';

/** The bytes of commands that point at nothing behind the stream. */
export function streamOf(...commands: Command[]): Uint8Array {
  const bytes = new Uint8Array(commandsSize(commands));
  storeCommands({ view: new DataView(bytes.buffer), u8: bytes, base: 0, address: 0 }, commands);
  return bytes.subarray(0, streamSize(commands));
}

/**
 * User address of the message in a return stream.
 *
 * @throws Error when there is none.
 */
export function bufferIn(answer: DataView): number {
  for (let at = 0; at + 4 <= answer.byteLength; ) {
    const word = answer.getUint32(at, true);
    at += 4;
    if (word === BR_TRANSACTION || word === BR_REPLY) return answer.getUint32(at + TRANSACTION_DATA_BUFFER, true);
    at += (word >>> 16) & 0x3fff;
  }
  throw new Error('a read returned no message');
}
