/**
 * CallLog: the calls that go through the driver, in readable form: caller, callee, method, and whether the caller waits. It
 * looks at the machine after each step, and changes nothing.
 */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import {
  TRANSACTION_DATA_BUFFER,
  TRANSACTION_DATA_CODE,
  TRANSACTION_DATA_DATA_SIZE,
  TRANSACTION_DATA_FLAGS,
} from '../../assembly/abi/wire.ts';
import type { Machine } from '../machine.ts';
import type { Step } from '../trace/journal.ts';
import { u32At, u64At } from '../wire/endian.ts';
import { bytesOfHex } from '../wire/hex.ts';
import { payloadSize, wordName } from '../wire/words.ts';
import { methodName } from './methodnames.ts';

/** Offsets in a request of its header and of its interface name: length in code units, then UTF-16. */
const TOKEN_HEADER = 8;
const TOKEN_LENGTH = 12;
const TOKEN_TEXT = 16;
const SYST = 0x53595354;

export interface LoggedCall {
  /** The calling thread. */
  readonly thread: string;
  /** The processes. */
  readonly from: string;
  readonly to: string;
  /** The interface in the request; null: none. */
  readonly descriptor: string | null;
  readonly code: number;
  /** `IActivityManager.bindService`; the code when the name is unknown. */
  readonly method: string;
  readonly oneway: boolean;
}

export class CallLog {
  /** Oldest first. */
  readonly calls: LoggedCall[] = [];
  #lastId = 0;

  constructor(private readonly machine: Machine) {
    machine.on('step', (step) => this.#look(step));
  }

  /** Clears the log. */
  clear(): void {
    this.calls.length = 0;
  }

  /** `app -> system_server  IActivityManager.bindService`, one line a call. */
  lines(calls: readonly LoggedCall[] = this.calls): string[] {
    const width = calls.reduce((widest, { from, to }) => Math.max(widest, from.length + to.length), 0);
    return calls.map(({ from, to, method, oneway }) => {
      const who = `${from} -> ${to}`.padEnd(width + 4);
      return `${who}  ${method}${oneway ? ', oneway' : ''}`;
    });
  }

  #look(step: Step): void {
    if (step.op !== 'wr' || !step.bc?.some((word) => word.startsWith('BC_TRANSACTION'))) return;
    const entries = this.machine.inspect
      .transactionLog()
      .filter(({ id, type }) => id > this.#lastId && type !== 'reply');
    const sent = sentTransactions(bytesOfHex(step.in.poke), Number(step.in.wbuf), step.in.write_size);
    for (const [index, { id, from, to }] of entries.entries()) {
      this.#lastId = Math.max(this.#lastId, id);
      const transaction = sent[index];
      if (transaction === undefined) continue;
      const descriptor = descriptorOf(transaction.data);
      const { code, flags } = transaction;
      this.calls.push({
        thread: step.by,
        from: this.#nameOf(from.pid),
        to: this.#nameOf(to.pid),
        descriptor,
        code,
        method: methodName(descriptor, code),
        oneway: (flags & TF_ONE_WAY) !== 0,
      });
    }
  }

  #nameOf(pid: number): string {
    return this.machine.processes.find((process) => process.pid === pid)?.name ?? '(unknown)';
  }
}

interface Sent {
  readonly code: number;
  readonly flags: number;
  readonly data: Uint8Array;
}

/**
 * The calls in a command stream.
 *
 * @param bytes The commands, followed by their payloads.
 * @param address User address of the first byte.
 */
function sentTransactions(bytes: Uint8Array, address: number, length: number): Sent[] {
  const sent: Sent[] = [];
  for (let at = 0; at + 4 <= length; ) {
    const word = u32At(bytes, at);
    const body = at + 4;
    at = body + payloadSize(word);
    const name = wordName(word);
    if (name !== 'BC_TRANSACTION' && name !== 'BC_TRANSACTION_SG') continue;
    const start = u64At(bytes, body + TRANSACTION_DATA_BUFFER) - address;
    sent.push({
      code: u32At(bytes, body + TRANSACTION_DATA_CODE),
      flags: u32At(bytes, body + TRANSACTION_DATA_FLAGS),
      // large messages are stored elsewhere; their interface stays unknown
      data:
        start < 0 ? bytes.subarray(0, 0) : bytes.slice(start, start + u64At(bytes, body + TRANSACTION_DATA_DATA_SIZE)),
    });
  }
  return sent;
}

/** @returns The interface of a request; null when it has no interface token. */
function descriptorOf(data: Uint8Array): string | null {
  if (data.length < TOKEN_TEXT || u32At(data, TOKEN_HEADER) !== SYST) return null;
  const length = u32At(data, TOKEN_LENGTH);
  if (TOKEN_TEXT + 2 * length > data.length) return null;
  let text = '';
  for (let i = 0; i < length; i++) text += String.fromCharCode(u32At(data, TOKEN_TEXT + 2 * i) & 0xffff);
  return text;
}
