/** A call with its reply, and a oneway, through the raw exports: what the hot path of the driver costs. */
import { PARKED } from '../assembly/abi/machine.ts';
import { TF_ONE_WAY } from '../assembly/abi/protocol.ts';
import { bc } from '../host/kernel/commands.ts';
import { DATA, good, MAPPING, type Scene } from './scene.ts';
import { bufferIn, streamOf } from './stream.ts';

/**
 * Four system calls: the client sends and sleeps in its read, the server reads, the server frees, replies and reads,
 * the client's read ends. The client frees the reply with its next call. Each message has `size` bytes. A buffer is
 * always freed before the next one is made, so both lie at the start of their mappings.
 */
export function roundTrip({ client, server, raw }: Scene, size: number): () => void {
  const data = { address: DATA, length: size };
  const free = bc.freeBuffer(MAPPING);
  const call = client.prepare(streamOf(free, bc.transaction({ handle: 0, code: 1, data })), true);
  const take = server.prepare(streamOf(), true);
  const reply = server.prepare(streamOf(free, bc.reply({ data })), true);
  for (let warm = 0; warm < 2; warm++) {
    if (client.call(call) !== PARKED) throw new Error('the client did not wait for its reply');
    good(server.call(take));
    check(bufferIn(server.answer(take)), MAPPING);
    good(server.call(reply));
    good(raw.resume(raw.wakeNext()));
    check(bufferIn(client.answer(call)), MAPPING);
  }
  return () => {
    client.call(call);
    server.call(take);
    server.call(reply);
    raw.resume(raw.wakeNext());
  };
}

/**
 * Two system calls: the client sends and reads BR_TRANSACTION_COMPLETE, the server frees the last message and reads
 * the next. So two messages are there at a time, and they take turns in two places.
 */
export function oneway({ client, server }: Scene, size: number): () => void {
  const data = { address: DATA, length: size };
  const places = [MAPPING, MAPPING + Math.ceil(size / 8) * 8];
  const send = client.prepare(streamOf(bc.transaction({ handle: 0, code: 1, flags: TF_ONE_WAY, data })), true);
  const takes = [0, 1].map((turn) => server.prepare(streamOf(bc.freeBuffer(places[1 - turn] as number)), true));
  let turn = 0;
  const once = () => {
    client.call(send);
    server.call(takes[turn] as (typeof takes)[number]);
    turn ^= 1;
  };
  for (let warm = 0; warm < 4; warm++) {
    const place = places[turn] as number;
    const take = takes[turn] as (typeof takes)[number];
    once();
    check(bufferIn(server.answer(take)), place);
  }
  return once;
}

function check(buffer: number, place: number): void {
  if (buffer !== place) throw new Error(`a message lies at ${buffer}, not at ${place}`);
}
