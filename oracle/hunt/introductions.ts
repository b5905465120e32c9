/** How the procs of a program get handles to each other: through the context manager, as on Android. */
import { BC_ACQUIRE, BC_TRANSACTION, TF_ACCEPT_FDS, TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import type { ProcView } from '../../host/inspect/procs.ts';
import { Bytes } from './bytes.ts';
import { freeable } from './calls.ts';
import { nodeBytes, Parts, strongHandle } from './objects.ts';
import type { Actor, Scene } from './scene.ts';
import { Stream, type TransactionData } from './stream.ts';

/** A oneway transaction of plain data that is in memory already. */
export function plainData(target: number, dataSize: number, buffer: number): TransactionData {
  const flags = TF_ONE_WAY | TF_ACCEPT_FDS;
  return { target, cookie: 0, code: 1, flags, dataSize, offsetsSize: 0, buffer, offsets: 0, buffersSize: 0 };
}

/** An awake actor of the context manager's proc; of the device that `context` names. */
export function managerOf(scene: Scene, context = 'binder'): Actor | undefined {
  const manager = scene.machine.inspect.contexts().find((one) => one.name === context)?.manager;
  const owner = manager === null || manager === undefined ? undefined : scene.ownerOf(manager.handle);
  return owner === undefined ? undefined : scene.actorsIn(owner)[0];
}

/**
 * Each actor gives nodes to the manager, and gets handles of the others' nodes from it.
 *
 * @param nodes Number of nodes per actor.
 */
export function introduce(scene: Scene, actors: readonly Actor[], nodes = 1): void {
  for (const actor of actors) {
    const objects = Array.from({ length: nodes }, () => nodeBytes(scene, actor, true));
    sendObjects(scene, actor, 0, objects);
    const manager = managerOf(scene, actor.proc?.context);
    if (manager !== undefined) take(scene, manager);
  }
  for (const actor of actors) {
    const manager = managerOf(scene, actor.proc?.context);
    const refs = manager?.proc?.refs ?? [];
    const target = refs.find((ref) => scene.ownerOf(ref.node.handle)?.handle === actor.proc?.handle);
    if (manager === undefined || target === undefined) continue;
    const others = refs.filter((ref) => ref !== target && ref.strong > 0);
    sendObjects(
      scene,
      manager,
      target.desc,
      others.map((ref) => strongHandle(ref.desc)),
    );
    take(scene, actor);
  }
}

function sendObjects(scene: Scene, actor: Actor, target: number, objects: readonly Uint8Array[]): void {
  const stream = new Stream(actor.wbuf);
  const parts = new Parts();
  for (const object of objects) parts.add(object);
  const data = parts.data.toBytes();
  const offsets = new Bytes();
  for (const offset of parts.offsets) offsets.u64(offset);
  stream.transaction(BC_TRANSACTION, {
    ...plainData(target, data.length, stream.place(data)),
    offsetsSize: offsets.length,
    offsets: stream.place(offsets.toBytes()),
  });
  scene.perform(stream.step(actor, 0));
}

/** Reads messages, and keeps every handle in them. */
function take(scene: Scene, actor: Actor): void {
  const before = scene.again(actor);
  if (before === undefined || (before.proc?.todo.length ?? 0) === 0) return;
  scene.perform(new Stream(before.wbuf).step(before, 256));
  const reader = scene.again(actor);
  if (reader === undefined) return;
  const stream = new Stream(reader.wbuf);
  for (const ref of (reader.proc?.refs ?? []).slice(-30)) {
    if (ref.strong < 2 || scene.dice.chance(0.1)) stream.command(BC_ACQUIRE, ref.desc);
  }
  if (scene.dice.chance(0.8)) for (const buffer of freeable(scene, reader)) stream.freeBuffer(buffer);
  if (stream.size > 0) scene.perform(stream.step(reader, 0));
}

/** Actors that can call a proc whose mapping is in the caller's own process. */
export interface Twin {
  readonly sender: Actor;
  readonly receiver: ProcView;
  readonly handle: number;
}

export function twins(scene: Scene): Twin[] {
  return scene.actors().flatMap((sender) => {
    return (sender.proc?.refs ?? []).flatMap((ref): Twin[] => {
      const receiver = ref.strong > 0 ? scene.ownerOf(ref.node.handle) : undefined;
      if (receiver === undefined || receiver.handle === sender.proc?.handle || !receiver.mapping.mapped) return [];
      const isMapped = sender.process.vmas.some((vma) => {
        return vma.backing === 'pages' && vma.start === BigInt(receiver.mapping.userBase);
      });
      return isMapped && receiver.pid === sender.process.pid ? [{ sender, receiver, handle: ref.desc }] : [];
    });
  });
}
