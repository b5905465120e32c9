/** The cost of a call with growing numbers of other objects: processes, refs, queued messages. */
import { BR_ACQUIRE, BR_INCREFS, BR_TRANSACTION_COMPLETE, TF_ONE_WAY } from '../assembly/abi/protocol.ts';
import { bc } from '../host/wire/commands.ts';
import { oneway, roundTrip, sleeps } from './calls.ts';
import { type Actor, type GuestChoice, GuestScene, good, MAPPING, type Prepared } from './scene.ts';

/** Memory for all the processes, each with its tables and pages. */
const MEMORY_MIB = 512;
const HEARD = [BR_INCREFS, BR_ACQUIRE, BR_TRANSACTION_COMPLETE];
/** Bytes of a message without data. */
const BUFFER_SIZE_MIN = 8;
/** Objects in one message of the manager. */
const BATCH = 250;

/** A round trip between two of `count` processes. */
export function amongProcesses(choice: GuestChoice, count: number): () => void {
  const scene = new GuestScene({ ...choice, memoryMiB: MEMORY_MIB });
  for (let more = 2; more < count; more++) scene.actor();
  return roundTrip(scene, 4);
}

/** A round trip to the last of `count` handles. */
export function amongRefs(choice: GuestChoice, count: number): () => void {
  const scene = new GuestScene({ ...choice, memoryMiB: MEMORY_MIB });
  for (let made = 0; made < count; made += BATCH) giveRefs(scene, made, Math.min(BATCH, count - made));
  return roundTrip(scene, 4, count);
}

/** A reply with `count` new binders of the manager's; the client keeps their handles. */
function giveRefs(scene: GuestScene, from: number, count: number): void {
  const { client, server } = scene;
  const objects = Array.from({ length: count }, (_, i) => ({
    type: 'binder' as const,
    ptr: 0x10000 + 16 * (from + i),
  }));
  const acquires = objects.map((_, i) => bc.acquire(from + i + 1));
  sleeps(client.call(client.scratch([bc.transaction({ handle: 0 })])));
  good(server.call(server.scratch([])));
  let read = server.scratch([bc.freeBuffer(MAPPING), bc.reply({ objects })]);
  good(server.call(read));
  good(scene.resume());
  good(client.call(client.scratch([...acquires, bc.freeBuffer(MAPPING)], { reads: false })));
  // The manager gets two returns for each node, and one for its reply. It reads them all, before the measured calls.
  for (let told = heard(server, read); told < 2 * count + 1; told += heard(server, read)) {
    read = server.scratch([]);
    good(server.call(read));
  }
}

function heard(actor: Actor, read: Prepared): number {
  return [...actor.answer(read)].filter(({ word }) => HEARD.includes(word)).length;
}

/** A oneway, its delivery and its end, while `count` others wait at another node of the same process. */
export function amongQueued(choice: GuestChoice, count: number): () => void {
  const scene = new GuestScene({ ...choice, memoryMiB: MEMORY_MIB });
  giveRefs(scene, 0, 1);
  const { client, server } = scene;
  const send = client.prepare([bc.transaction({ handle: 1, flags: TF_ONE_WAY })]);
  for (let sent = 0; sent <= count; sent++) good(client.call(send));
  good(server.call(server.prepare([]))); // takes the first one and never frees it, so the others wait
  return oneway(scene, 4, MAPPING + (count + 1) * BUFFER_SIZE_MIN);
}
