/** The driver's ioctls, apart from BINDER_WRITE_READ; and calls with two or three errors at a time. */
import * as protocol from '../../assembly/abi/protocol.ts';
import type { Step } from '../../host/trace/journal.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';
import { ioctlName } from '../../host/wire/ioctls.ts';
import { Bytes } from './bytes.ts';
import { changeMapping, mapAnything } from './memory.ts';
import { nodeBytes, someHandle } from './objects.ts';
import { type Actor, ARENA_END, type Scene } from './scene.ts';

/** A freeze with a timeout that is awaited in real time. */
const SHORT_MS = 60;
/** One with a timeout longer than a program runs. */
const LONG_MS = 600_000;

/** An ioctl whose structure is in the thread's buffer. */
export function ioctl(scene: Scene, actor: Actor, cmd: number, poke: string, outLength: number): Step | null {
  return scene.perform({
    op: 'ioctl',
    by: actor.thread,
    in: {
      fd: actor.fd,
      cmd: hexOfAddress(cmd >>> 0),
      name: ioctlName(cmd),
      arg: hexOfAddress(actor.arg),
      poke,
      out_len: outLength,
    },
  });
}

/** The structure of an ioctl, and how many of its bytes to keep afterwards. */
type Question = (scene: Scene, actor: Actor) => readonly [cmd: number, poke: string, outLength: number];

const QUESTIONS: readonly (readonly [weight: number, question: Question])[] = [
  [1, () => [protocol.BINDER_VERSION, '', 4]],
  [4, () => [protocol.BINDER_GET_EXTENDED_ERROR, 'ee'.repeat(12), 12]],
  [1, ({ dice }) => [protocol.BINDER_SET_MAX_THREADS, new Bytes().u32(dice.below(5)).toHex(), 0]],
  [1, ({ dice }) => [protocol.BINDER_ENABLE_ONEWAY_SPAM_DETECTION, new Bytes().u32(dice.below(3)).toHex(), 0]],
  [0.7, () => [protocol.BINDER_SET_CONTEXT_MGR, '00000000', 0]],
  [0.7, (scene, actor) => [protocol.BINDER_SET_CONTEXT_MGR_EXT, hex(nodeBytes(scene, actor)), 24]],
  [0.7, () => [protocol.BINDER_THREAD_EXIT, '00000000', 0]],
  [2, nodeQuestion],
  [2, refQuestion],
  [1, ({ dice }) => [protocol.BINDER_SET_IDLE_TIMEOUT, new Bytes().u64(dice.below(9)).toHex(), 8]],
  [0.5, ({ dice }) => [protocol.BINDER_SET_IDLE_PRIORITY, new Bytes().u32(dice.below(9)).toHex(), 4]],
  [1.5, frozenQuestion],
  [0.5, ({ dice }) => [dice.of([0, 0x6200, 0x4004_6212, 0xc030_6302, 0x5401]), '00000000', 4]],
];

export function ask(scene: Scene): boolean {
  const actor = scene.dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  const [cmd, poke, outLength] = scene.dice.weighted(QUESTIONS)(scene, actor);
  return ioctl(scene, actor, cmd, poke, outLength) !== null;
}

function nodeQuestion({ dice }: Scene, { proc }: Actor): ReturnType<Question> {
  const ptr = dice.chance(0.5) ? 0n : (dice.maybeOf(proc?.nodes ?? [])?.ptr ?? 0n) - BigInt(dice.below(2));
  return [protocol.BINDER_GET_NODE_DEBUG_INFO, new Bytes().u64(ptr).upTo(24).toHex(), 24];
}

function refQuestion({ dice }: Scene, actor: Actor): ReturnType<Question> {
  const query = new Bytes().u32(someHandle(dice, actor));
  for (let field = 0; field < 5; field++) query.u32(dice.chance(0.1) ? 1 : 0);
  return [protocol.BINDER_GET_NODE_INFO_FOR_REF, query.toHex(), 24];
}

function frozenQuestion(scene: Scene): ReturnType<Question> {
  return [protocol.BINDER_GET_FROZEN_INFO, new Bytes().u32(somePid(scene)).u32(0xffff_ffff).u32(7).toHex(), 12];
}

function somePid({ dice, cast }: Scene): number {
  const process = dice.maybeOf(cast.processes);
  return process === undefined || dice.chance(0.04) ? dice.of([0, 1, 99_000]) : cast.pidOf(process);
}

/** Freezes or thaws a process, or asks about it. A freeze with a short timeout is awaited. */
export function freeze(scene: Scene): boolean {
  const { dice } = scene;
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  if (dice.chance(0.25)) return ioctl(scene, actor, ...frozenQuestion(scene)) !== null;
  const frozen = scene.procs.filter((proc) => proc.frozen);
  const thaws = frozen.length > 0 && dice.chance(0.55);
  const pid = thaws ? dice.of(frozen).pid : somePid(scene);
  const timeout = dice.weighted([
    [20, 0],
    [1, SHORT_MS],
    [1, LONG_MS],
  ]);
  const poke = new Bytes()
    .u32(pid)
    .u32(thaws ? 0 : dice.of([1, 1, 1, 2]))
    .u32(timeout)
    .toHex();
  const step = ioctl(scene, actor, protocol.BINDER_FREEZE, poke, 0);
  if (step?.parked && timeout === SHORT_MS) {
    scene.perform({ op: 'await', in: { thread: actor.thread, ms: 5000 } });
  }
  return step !== null;
}

/** A call with several errors: which one is reported first? */
export function goWrong(scene: Scene): boolean {
  const { dice } = scene;
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  if (dice.chance(0.3)) return mapAnything(scene, actor);
  if (dice.chance(0.15)) return changeMapping(scene);
  const { descriptors } = actor.process;
  const fd = dice.chance(0.5) ? actor.fd : (dice.maybeOf(descriptors)?.fd ?? 99);
  const [cmd, poke, outLength] = dice.weighted(QUESTIONS)(scene, actor);
  const mapping = actor.proc?.mapping.userBase ?? 0x7000_0000;
  const bad = [0, 0x6000_0000, 0xdead_0000, ARENA_END, ARENA_END - 4, ARENA_END - 8, ARENA_END - 12, mapping];
  const arg = hexOfAddress(dice.of([...bad, actor.arg]));
  if (dice.chance(0.5)) return wrongWriteRead(scene, actor, dice.chance(0.2) ? 99 : fd, arg);
  const input = { fd: dice.chance(0.1) ? 99 : fd, cmd: hexOfAddress(cmd >>> 0), name: ioctlName(cmd), arg, poke };
  return scene.perform({ op: 'ioctl', by: actor.thread, in: { ...input, out_len: outLength } }) !== null;
}

function wrongWriteRead(scene: Scene, actor: Actor, fd: number, arg: string): boolean {
  const { dice } = scene;
  const nonblocking = actor.process.descriptors.some((one) => one.fd === fd && (one.flags & 0x800) !== 0);
  const input = {
    fd,
    arg: dice.chance(0.5) ? arg : hexOfAddress(actor.arg),
    wbuf: hexOfAddress(dice.of([actor.wbuf, 0, 0x6000_0000, ARENA_END - 4, ARENA_END])),
    poke: dice.of(['', '0c630000', '0d630000', 'ffffffff']),
    write_size: dice.of([0, 3, 4, 8, 68]),
    write_consumed: dice.of([0, 0, 0, 4, 100]),
    rbuf: hexOfAddress(dice.of([actor.rbuf, 0, 0x6000_0000, ARENA_END - 4, ARENA_END])),
    read_size: nonblocking ? dice.of([0, 4, 8, 256]) : 0,
    read_consumed: dice.of([0, 0, 0, 4, 300]),
  };
  return scene.perform({ op: 'wr', by: actor.thread, in: input }) !== null;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
