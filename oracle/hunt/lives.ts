/** Processes and threads: creation, fork, exit. */
import { BINDER_SET_CONTEXT_MGR, BINDER_VERSION } from '../../assembly/abi/protocol.ts';
import { ioctl } from './ioctls.ts';
import type { Profile } from './profiles.ts';
import { type Actor, MAPPING, O_NONBLOCK, type Scene } from './scene.ts';

const PAGE = 4096;
/** What libbinder maps. */
const LIBBINDER_BYTES = 1024 * 1024 - 2 * PAGE;
const PROCESSES_MAX = 8;
const THREADS_MAX = 5;
const UIDS = [0, 1000, 10001];

/** Creates a process with the device open and mapped. @returns Its main thread; undefined when that is impossible. */
export function start(scene: Scene, profile: Profile): Actor | undefined {
  const { dice, cast } = scene;
  const pid = cast.nextPid;
  const name = `P${pid / 1000}`;
  if (scene.perform({ op: 'proc', in: { name, pid, uid: dice.chance(0.75) ? 0 : dice.of(UIDS) } }) === null) return;
  const by = `${name}.0`;
  scene.perform({ op: 'open', by, in: { flags: dice.chance(0.65) ? O_NONBLOCK : 0 } });
  mapUsual(scene, by, 3, MAPPING, mappingBytes(scene, profile));
  const actor = scene.actorsOf(by)[0];
  if (actor !== undefined && dice.chance(0.5)) ioctl(scene, actor, BINDER_VERSION, '', 4);
  return actor;
}

export function mappingBytes({ dice }: Scene, profile: Profile): number {
  return dice.chance(profile.small) ? dice.of([4, 8, 8, 16, 16]) * PAGE : LIBBINDER_BYTES;
}

/** Maps a binder file as it should be. */
export function mapUsual(scene: Scene, by: string, fd: number, address: number, len: number): void {
  const addr = `0x${address.toString(16)}`;
  scene.perform({ op: 'mmap', by, in: { addr, len, prot: 1, flags: '0x100002', fd, off: 0 } });
}

export function becomeManager(scene: Scene, actor: Actor): void {
  ioctl(scene, actor, BINDER_SET_CONTEXT_MGR, '00000000', 0);
}

/** A random event in a process's life. */
export function live(scene: Scene, profile: Profile): boolean {
  const { dice, cast } = scene;
  const actor = dice.maybeOf(scene.actors());
  return dice.weighted<() => boolean>([
    [3, () => actor !== undefined && spawn(scene, actor)],
    [0.7, () => cast.processes.length < PROCESSES_MAX && start(scene, profile) !== undefined],
    [1.2, () => actor !== undefined && scene.perform({ op: 'texit', by: actor.thread, in: {} }) !== null],
    [0.6, () => actor !== undefined && scene.perform({ op: 'exit', by: actor.thread, in: {} }) !== null],
    [0.8, () => kill(scene)],
    [1, () => actor !== undefined && setUid(scene, actor)],
  ])();
}

export function spawn(scene: Scene, { thread }: Actor): boolean {
  const { cast } = scene;
  const process = cast.processOf(thread) ?? '';
  if (cast.threadsOf(process).length >= THREADS_MAX) return false;
  const pid = cast.pidOf(process);
  let index = 1;
  while (cast.tidOf(`${process}.${index}`) !== 0) index++;
  return scene.perform({ op: 'spawn', by: thread, in: { thread: `${process}.${index}`, tid: pid + index } }) !== null;
}

/** A child with its parent's descriptors, and a mapping of its own now and then. */
export function fork(scene: Scene, profile: Profile): boolean {
  const { dice, cast } = scene;
  const parents = scene.actors().filter(({ thread }) => thread.endsWith('.0'));
  const parent = dice.maybeOf(parents);
  if (parent === undefined || cast.processes.length >= PROCESSES_MAX) return false;
  return forkOf(scene, profile, parent) !== undefined;
}

export function forkOf(scene: Scene, profile: Profile, parent: Actor): string | undefined {
  const { dice, cast } = scene;
  const pid = cast.nextPid;
  const name = `P${pid / 1000}`;
  if (scene.perform({ op: 'fork', by: parent.thread, in: { name, pid } }) === null) return;
  const child = `${name}.0`;
  if (dice.chance(0.4)) {
    const opened = scene.perform({ op: 'open', by: child, in: { flags: O_NONBLOCK } });
    const fd = opened?.op === 'open' ? (opened.out?.ret ?? -1) : -1;
    const address = dice.chance(0.7) ? MAPPING : 0x7100_0000;
    if (fd >= 0) mapUsual(scene, child, fd, address, mappingBytes(scene, profile));
  } else if (dice.chance(0.3)) mapUsual(scene, child, parent.fd, MAPPING, 4 * PAGE);
  return child;
}

export function kill(scene: Scene, process?: string): boolean {
  const { dice, cast } = scene;
  if (cast.processes.length < 2) return false;
  const proc = process ?? dice.of(cast.processes.slice(dice.chance(0.85) ? 1 : 0));
  return scene.perform({ op: 'kill', in: { proc, pid: cast.pidOf(proc) } }) !== null;
}

function setUid(scene: Scene, { thread }: Actor): boolean {
  return scene.perform({ op: 'setuid', by: thread, in: { uid: scene.dice.of(UIDS) } }) !== null;
}
