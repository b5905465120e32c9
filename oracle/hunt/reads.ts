/** Reads: of waiting work, of odd sizes and addresses, and what ends them: signals, polls. */

import type { WriteReadInput } from '../../host/trace/journal.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';
import { addCommand, someActor } from './calls.ts';
import { type Actor, ARENA_END, type Scene } from './scene.ts';
import { Stream } from './stream.ts';

/** Sizes into which a return just fits, or just does not. */
const EDGES = [0, 3, 4, 7, 8, 12, 20, 24, 40, 43, 44, 52, 68, 71, 72, 75, 76, 79, 80, 84, 148];

/** Whether a read would find something. */
export function hasWork(actor: Actor): boolean {
  if ((actor.looper?.todo.length ?? 0) > 0) return true;
  const waits = actor.looper?.stack[0]?.role === 'outgoing';
  return !waits && (actor.proc?.todo.length ?? 0) > 0;
}

/** A read of the usual size, usually by a thread that has something to read. */
export function read(scene: Scene): boolean {
  const { dice } = scene;
  const actors = scene.actors();
  const busy = actors.filter(hasWork);
  const nonblocking = actors.filter((actor) => actor.nonblocking);
  const actor = dice.maybeOf(busy) ?? (dice.chance(0.4) ? dice.maybeOf(nonblocking) : undefined);
  const parks = actors.length > 3 && dice.chance(0.15) ? someActor(scene, actors) : undefined;
  const reader = actor ?? parks;
  if (reader === undefined) return false;
  return scene.perform(new Stream(reader.wbuf).step(reader, dice.chance(0.95) ? 256 : 1024)) !== null;
}

/** A read with an odd size, consumed count or address. */
export function oddRead(scene: Scene): boolean {
  const { dice } = scene;
  const actors = scene.actors();
  const safe = actors.filter((actor) => actor.nonblocking || hasWork(actor));
  const actor = dice.maybeOf(dice.chance(0.93) ? safe : actors);
  if (actor === undefined) return false;
  const stream = new Stream(actor.wbuf);
  if (dice.chance(0.3)) addCommand(scene, actor, stream);
  const size = dice.chance(0.5) ? dice.of(EDGES) : dice.below(101);
  return scene.perform(stream.step(actor, size, oddities(scene, actor, size))) !== null;
}

function oddities({ dice }: Scene, actor: Actor, size: number): Partial<WriteReadInput> {
  const mapping = actor.proc?.mapping.userBase ?? 0x7000_0000;
  return dice.weighted<() => Partial<WriteReadInput>>([
    [6, () => ({})],
    [2, () => ({ read_consumed: dice.below(size + 8) })],
    [1, () => ({ read_consumed: 4 * dice.below(80) })],
    [3, () => ({ rbuf: hexOfAddress(ARENA_END - dice.below(100)), read_size: 256 })],
    [1, () => ({ rbuf: hexOfAddress(ARENA_END - size) })],
    [1, () => ({ rbuf: hexOfAddress(dice.of([0, 0x60000000, 0xdead0000, mapping])) })],
    [1, () => ({ rbuf: hexOfAddress(actor.arg + dice.of([-64, -8, 0, 8, 16, 24, 32, 40, 48])) })],
    [1, () => ({ rbuf: hexOfAddress(actor.wbuf + 4 * dice.below(20)) })],
    [0.5, () => ({ rbuf: hexOfAddress(actor.rbuf + dice.below(8)) })],
    [1, () => ({ arg: hexOfAddress(dice.of([0, 0x60000000, mapping, ARENA_END - 8, ARENA_END - 40, ARENA_END])) })],
    [0.7, () => ({ arg: hexOfAddress(ARENA_END - 48) })],
    [0.5, () => ({ write_size: dice.below(20), write_consumed: dice.below(24) })],
  ])();
}

/** Ends a parked call. */
export function signal(scene: Scene): boolean {
  const { dice, cast } = scene;
  const thread = dice.maybeOf(cast.asleep);
  if (thread === undefined) return false;
  return scene.perform({ op: 'signal', in: { thread, tid: cast.tidOf(thread) } }) !== null;
}

export function poll(scene: Scene): boolean {
  const { dice } = scene;
  const actors = scene.actors();
  const actor = dice.maybeOf(actors);
  if (actor === undefined) return false;
  const timeout = hasWork(actor) || (actors.length > 4 && dice.chance(0.2)) ? -1 : 0;
  const events = dice.of([1, 4, 5, 0, 0xffff & 0x1f]);
  return scene.perform({ op: 'poll', by: actor.thread, in: { fd: actor.fd, events, timeout } }) !== null;
}
