/** A call with its reply, and a oneway, through the raw exports: the cost of the driver's hot path. */
import { PARKED } from '../assembly/abi/machine.ts';
import { TF_ONE_WAY } from '../assembly/abi/protocol.ts';
import { bc } from '../host/wire/commands.ts';
import { type Actor, DATA, type GuestScene, good, MAPPING, type Prepared } from './scene.ts';

/** A message with the bytes at DATA. */
const dataOf = (size: number) => ({ address: DATA, length: size });

/**
 * Four system calls: the client sends and sleeps in its read, the server reads, the server frees, replies and reads,
 * the client's read ends. The client frees the reply with its next call. Each message has `size` bytes. Each buffer is
 * freed before the next one is reserved, so both are at the start of their mappings.
 */
export function roundTrip(scene: GuestScene, size: number, handle = 0): () => void {
  const { client, server } = scene;
  const data = dataOf(size);
  const free = bc.freeBuffer(MAPPING);
  const call = client.prepare([free, bc.transaction({ handle, code: 1, data })]);
  const take = server.prepare([]);
  const reply = server.prepare([free, bc.reply({ data })]);
  for (let warm = 0; warm < 2; warm++) {
    sleeps(client.call(call));
    good(server.call(take));
    checkPlace(server, take, MAPPING);
    good(server.call(reply));
    good(scene.resume());
    checkPlace(client, call, MAPPING);
  }
  return () => {
    client.call(call);
    server.call(take);
    server.call(reply);
    scene.resume();
  };
}

/**
 * Two system calls: the client sends and reads BR_TRANSACTION_COMPLETE, the server frees the last message and reads
 * the next. So two messages are live at a time. They alternate between two places, from the first free byte on.
 */
export function oneway({ client, server }: GuestScene, size: number, place = MAPPING): () => void {
  const places = [place, place + Math.ceil(size / 8) * 8] as const;
  const message = bc.transaction({ handle: 0, code: 1, flags: TF_ONE_WAY, data: dataOf(size) });
  const send = client.prepare([message]);
  const even = server.prepare([bc.freeBuffer(places[1])]);
  const odd = server.prepare([bc.freeBuffer(places[0])]);
  let isOdd = false;
  const once = () => {
    client.call(send);
    server.call(isOdd ? odd : even);
    isOdd = !isOdd;
  };
  for (let warm = 0; warm < 4; warm++) {
    const [take, taken] = isOdd ? [odd, places[1]] : [even, places[0]];
    once();
    checkPlace(server, take, taken);
  }
  return once;
}

/** @throws Error unless the call is parked. */
export function sleeps(result: number): void {
  if (result !== PARKED) throw new Error(`a call that should have waited answered ${result}`);
}

function checkPlace(actor: Actor, read: Prepared, place: number): void {
  const found = actor.received(read);
  if (found !== place) throw new Error(`a message is at ${found}, not at ${place}`);
}
