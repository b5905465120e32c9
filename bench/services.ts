/** Objects in messages: a new binder goes to the manager, a handle comes back from it. Both are dropped again. */
import { BR_ACQUIRE, BR_DECREFS, BR_INCREFS, BR_RELEASE } from '../assembly/abi/protocol.ts';
import { bc } from '../host/wire/commands.ts';
import { sleeps } from './calls.ts';
import { type Actor, type GuestScene, good, MAPPING, type Prepared } from './scene.ts';

const OBJECT = { type: 'binder', ptr: 0x5000, cookie: 0x6000 } as const;

/**
 * The whole life of a node and a ref: the client sends a binder; the manager reads it as a handle, holds that, frees the
 * message and replies; the client reads BR_INCREFS, BR_ACQUIRE and the reply; the manager drops the handle; the client
 * acknowledges BR_INCREFS and BR_ACQUIRE, and reads BR_RELEASE and BR_DECREFS.
 */
export function addService(scene: GuestScene): () => void {
  const { client, server } = scene;
  const free = bc.freeBuffer(MAPPING);
  const call = client.prepare([free, bc.transaction({ handle: 0, code: 3, objects: [OBJECT] })]);
  const take = server.prepare([]);
  const reply = server.prepare([bc.increfs(1), bc.acquire(1), free, bc.reply()]);
  const release = server.prepare([bc.release(1), bc.decrefs(1)], { reads: false });
  const done = client.prepare([bc.increfsDone(OBJECT), bc.acquireDone(OBJECT)]);
  for (let warm = 0; warm < 2; warm++) {
    sleeps(client.call(call));
    good(server.call(take));
    good(server.call(reply));
    good(scene.resume());
    checkWords(client, call, [BR_INCREFS, BR_ACQUIRE]);
    good(server.call(release));
    good(client.call(done));
    checkWords(client, done, [BR_RELEASE, BR_DECREFS]);
  }
  return () => {
    client.call(call);
    server.call(take);
    server.call(reply);
    scene.resume();
    server.call(release);
    client.call(done);
  };
}

/** The client sends a binder whose handle the manager holds: no node or ref is made. */
export function sendKnown(scene: GuestScene): () => void {
  register(scene, scene.client);
  return sendBinder(scene);
}

/**
 * The client sends a new binder, and the manager frees the message without taking the handle. Node and ref are made and
 * dropped before the client reads, so it is never notified of them.
 */
export function sendNew(scene: GuestScene): () => void {
  return sendBinder(scene);
}

function sendBinder(scene: GuestScene): () => void {
  const { client, server } = scene;
  const free = bc.freeBuffer(MAPPING);
  const call = client.prepare([free, bc.transaction({ handle: 0, code: 3, objects: [OBJECT] })]);
  const once = served(scene, call, server.prepare([free, bc.reply()]));
  const told = [...client.answer(call)].some(({ word }) => word === BR_INCREFS || word === BR_ACQUIRE);
  if (told) throw new Error('the client is notified of a ref to its object');
  return once;
}

/** The manager answers with a handle to a third process's node, which the client does not hold: a ref is made and dropped. */
export function getService(scene: GuestScene): () => void {
  const { client, server } = scene;
  const handle = register(scene);
  const free = bc.freeBuffer(MAPPING);
  const call = client.prepare([free, bc.transaction({ handle: 0, code: 1 })]);
  return served(scene, call, server.prepare([free, bc.reply({ objects: [{ type: 'handle', handle }] })]));
}

/** The four system calls of a call that the manager answers, after two warm-up rounds. */
function served(scene: GuestScene, call: Prepared, reply: Prepared): () => void {
  const { client, server } = scene;
  const take = server.prepare([]);
  const once = () => {
    client.call(call);
    server.call(take);
    server.call(reply);
    scene.resume();
  };
  for (let warm = 0; warm < 2; warm++) once();
  client.received(call);
  return once;
}

/** A third process sends a binder, and the manager keeps it. @returns The manager's handle. */
function register(scene: GuestScene, service = scene.actor()): number {
  const { server } = scene;
  const call = service.prepare([bc.transaction({ handle: 0, code: 3, objects: [OBJECT] })]);
  const take = server.prepare([]);
  const reply = server.prepare([bc.increfs(1), bc.acquire(1), bc.freeBuffer(MAPPING), bc.reply()]);
  sleeps(service.call(call));
  good(server.call(take));
  good(server.call(reply));
  good(scene.resume());
  good(service.call(service.prepare([bc.increfsDone(OBJECT), bc.acquireDone(OBJECT)], { reads: false })));
  return 1;
}

function checkWords(actor: Actor, read: Prepared, wanted: number[]): void {
  const words = [...actor.answer(read)].map(({ word }) => word);
  if (!wanted.every((word) => words.includes(word))) throw new Error('the life of an object has other words');
}
