/** Steps that only inspect: memory of received messages, descriptors, the driver's files. */
import { hexOfAddress } from '../../host/wire/hex.ts';
import { type Actor, ARENA, MAPPING, type Scene, SHARED } from './scene.ts';

const FILES = ['state', 'stats', 'transactions', 'transaction_log', 'failed_transaction_log'] as const;
const PEEK_MAX = 2048;

export function dump(scene: Scene): boolean {
  const { dice } = scene;
  const pids = scene.procs.filter((proc) => proc.debugfsEntry).map((proc) => proc.pid);
  const file = dice.weighted<string>([
    [6, 'state'],
    [2, 'stats'],
    [1, dice.of(FILES)],
    [pids.length > 0 ? 2 : 0, `proc/${dice.maybeOf(pids)}`],
  ]);
  return scene.perform({ op: 'dump', in: { file } }) !== null;
}

/** Looks at the newest messages, or at any place of a mapping. */
export function peek(scene: Scene): boolean {
  const { dice, cast } = scene;
  const seen = scene.deliveries.slice(-4).filter(({ thread }) => cast.awake.includes(thread));
  const delivery = dice.maybeOf(seen);
  if (delivery !== undefined && dice.chance(0.75)) {
    const { buffer, dataSize, offsetsSize } = delivery.message;
    const length = Math.min(PEEK_MAX, ((dataSize + 7) & ~7) + offsetsSize + dice.of([0, 0, 8, 64]));
    return peekAt(scene, delivery.thread, buffer, Math.max(1, length));
  }
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  const place = dice.weighted([
    [8, placeInMapping(scene, actor)],
    [1, SHARED + dice.below(9000)],
    [1, ARENA + dice.below(600)],
    [0.5, 0x1080_0000 - dice.below(40)],
  ]);
  return peekAt(scene, actor.thread, place, dice.of([1, 8, 24, 100, 300]));
}

/** A descriptor's file, of the process of some thread. */
export function fileInfo(scene: Scene): boolean {
  const { dice } = scene;
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  const open = actor.process.descriptors.filter((one) => one.fd > 2).map((one) => one.fd);
  const fd = dice.chance(0.9) ? dice.maybeOf(open) : 3 + dice.below(12);
  if (fd === undefined) return false;
  return scene.perform({ op: 'fdinfo', by: actor.thread, in: { fd } }) !== null;
}

/** A message may name a place that is no address: its bytes are read from wherever a program's mistake has put them. */
export function peekAt(scene: Scene, thread: string, address: number, len: number): boolean {
  if (!Number.isSafeInteger(address + len)) return false;
  return scene.perform({ op: 'peek', by: thread, in: { addr: hexOfAddress(address), len } }) !== null;
}

/** An address in the mapping of the actor's file, near its start more often. */
export function placeInMapping({ dice }: Scene, { proc }: Actor): number {
  const { userBase, size } = proc?.mapping ?? { userBase: MAPPING, size: 4096 };
  const reach = dice.of([256, 4096, 16384, Math.max(8, size)]);
  return (userBase === 0 ? MAPPING : userBase) + 8 * dice.below(Math.max(1, Math.min(reach, size) >> 3));
}

/** Inspects everything, then lets every process die and inspects again. */
export function conclude(scene: Scene): void {
  const { dice, cast } = scene;
  for (const file of FILES.filter((name) => name !== 'transactions')) scene.perform({ op: 'dump', in: { file } });
  if (dice.chance(0.3)) scene.perform({ op: 'dump', in: { file: 'transactions' } });
  for (const { thread, message } of scene.deliveries.slice(-6)) {
    const length = Math.min(PEEK_MAX, ((message.dataSize + 7) & ~7) + message.offsetsSize);
    if (cast.awake.includes(thread)) peekAt(scene, thread, message.buffer, Math.max(1, length));
  }
  for (const proc of dice.shuffled(cast.processes)) {
    scene.perform({ op: 'kill', in: { proc, pid: cast.pidOf(proc) } });
    if (dice.chance(0.5)) scene.perform({ op: 'dump', in: { file: 'state' } });
  }
  scene.perform({ op: 'dump', in: { file: 'state' } });
  scene.perform({ op: 'dump', in: { file: 'stats' } });
}
