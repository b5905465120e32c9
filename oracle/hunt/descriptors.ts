/** Descriptors: files of every kind, copies, limits. */
import type { ProcessView } from '../../host/inspect/tasks.ts';
import { fileInfo } from './looks.ts';
import { type Actor, O_NONBLOCK, type Scene } from './scene.ts';

const F_SETFL = 4;
/** Files that a generated process makes have these numbers, out of the way of what arrives. */
const MADE_FIRST = 20;
const MADE_COUNT = 20;
const DEFAULT_LIMIT = 1024;

/** Does something with the descriptors of a process. */
export function changeDescriptors(scene: Scene): boolean {
  const { dice } = scene;
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  return dice.weighted<(scene: Scene, actor: Actor) => boolean>([
    [4, makeFile],
    [3, limit],
    [4, fileInfo],
    [2, copy],
    [2, close],
    [0.6, open],
    [2, setFlags],
  ])(scene, actor);
}

/** A file at a number that is free; it needs a limit that allows the number. */
export function makeFile(scene: Scene, actor: Actor): boolean {
  const { dice } = scene;
  const { descriptors, nofile } = actor.process;
  const taken = new Set(descriptors.map((one) => one.fd));
  const numbers = Array.from({ length: MADE_COUNT }, (_, index) => MADE_FIRST + index).filter((fd) => !taken.has(fd));
  const [fd, fd2] = dice.shuffled(numbers);
  if (fd === undefined || fd2 === undefined || nofile < MADE_FIRST + MADE_COUNT) return false;
  const kind = dice.weighted([
    [5, 'memfd'],
    [4, 'pipe'],
    [2, 'null'],
  ] as const);
  const content = kind === 'memfd' ? Buffer.from(`file ${fd} of ${actor.process.pid}`).toString('hex') : '';
  const input = kind === 'pipe' ? { kind, fd, fd2, content } : { kind, fd, content };
  return scene.perform({ op: 'mkfd', by: actor.thread, in: input }) !== null;
}

/** The limit so low that nothing, or one more, has a place; or as it was. */
function limit(scene: Scene, actor: Actor): boolean {
  const { dice } = scene;
  const lowest = lowestFree(actor.process);
  const nofile = dice.weighted([
    [5, lowest],
    [3, lowest + 1],
    [1, dice.of([0, 3, 4])],
    [3, DEFAULT_LIMIT],
  ]);
  return setLimit(scene, actor, nofile);
}

export function setLimit(scene: Scene, actor: Actor, nofile: number): boolean {
  return scene.perform({ op: 'rlimit', by: actor.thread, in: { nofile } }) !== null;
}

export function lowestFree({ descriptors }: ProcessView): number {
  const taken = new Set(descriptors.map((one) => one.fd));
  let fd = 0;
  while (taken.has(fd)) fd++;
  return fd;
}

function copy(scene: Scene, { thread, process }: Actor): boolean {
  const { dice } = scene;
  const open = process.descriptors.filter((one) => one.fd > 2);
  const fd = dice.chance(0.9) ? (dice.maybeOf(open)?.fd ?? 3) : dice.of([-1, 99]);
  const to = dice.weighted([
    [3, -1],
    [3, 45 + dice.below(3)],
    [0.5, dice.of([fd, 2000, 3, 4])],
  ]);
  return scene.perform({ op: 'dup', by: thread, in: { fd, to } }) !== null;
}

function close(scene: Scene, { thread, process }: Actor): boolean {
  const { dice } = scene;
  const open = process.descriptors.filter((one) => one.fd > 2 && (one.binder === null || dice.chance(0.3)));
  const fd = dice.chance(0.93) ? dice.maybeOf(open)?.fd : dice.of([-1, 99, 1024]);
  if (fd === undefined) return false;
  return scene.perform({ op: 'close', by: thread, in: { fd } }) !== null;
}

export function open(scene: Scene, { thread }: Actor): boolean {
  const { dice } = scene;
  const flags = dice.chance(0.6) ? O_NONBLOCK : 0;
  const device = dice.chance(0.85) ? 0 : dice.of([1, 2]);
  const input = device === 0 ? { flags } : { flags, device };
  return scene.perform({ op: 'open', by: thread, in: input }) !== null;
}

function setFlags(scene: Scene, { thread, fd }: Actor): boolean {
  const { dice } = scene;
  const input = { fd, cmd: F_SETFL, arg: dice.chance(0.6) ? O_NONBLOCK : 0 };
  return scene.perform({ op: 'fcntl', by: thread, in: input }) !== null;
}
