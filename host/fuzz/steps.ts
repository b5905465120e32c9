/**
 * Steps by grammar: an operation of the table (host/wire/operations.ts), with inputs drawn by their kinds. A shape makes
 * fields that belong together fit each other; one in ten steps then has a field that does not.
 */
import { MAP_FIXED_NOREPLACE, MAP_PRIVATE, PAGE_SIZE, PROT_READ } from '../../assembly/abi/machine.ts';
import * as protocol from '../../assembly/abi/protocol.ts';
import { MAP_ADDRESS, MAP_LENGTH, type Thread } from '../os/thread.ts';
import { IOCTLS, ioctlName } from '../wire/ioctls.ts';
import { hasActor, type InputOf, OPERATIONS, type Op } from '../wire/operations.ts';
import { payloadSize } from '../wire/words.ts';
import { Bytes } from './bytes.ts';
import { someHandle, someNode } from './objects.ts';
import { CommandStream } from './stream.ts';
import { someBytes, someInput, someInt, someSize, withFieldChanged, withStrategy } from './values.ts';
import { type FuzzWorld, MAPPINGS, SHARED } from './world.ts';

/** A step with inputs as the machine has them. */
export interface FuzzStep {
  readonly op: Op;
  readonly by: string | null;
  readonly input: object;
}

/** How often an operation is drawn; those without a number once. */
const WEIGHTS: Readonly<Partial<Record<Op, number>>> = {
  wr: 70,
  ioctl: 8,
  mmap: 2,
  open: 1.5,
  signal: 3,
  mkfd: 2,
  proc: 0.6,
  spawn: 0.6,
  fork: 0.3,
  texit: 0.3,
  exit: 0.15,
  kill: 0.15,
  setuid: 0.1,
  rlimit: 0.1,
  dump: 0.02,
  note: 0,
  inject: 0.4,
  lack: 0,
};
/** Each operation as often as its weight says, of this many for a weight of 1: drawn at once. */
const UNIT = 50;
const CHOICES: readonly Op[] = (Object.keys(OPERATIONS) as Op[]).flatMap((op) =>
  new Array<Op>(Math.round(UNIT * (WEIGHTS[op] ?? 1))).fill(op),
);
/** Bytes that a step may store, or read, at once. */
const STRETCH_MAX = 16 * 1024;
const READ_SIZES: readonly number[] = [0, 0, 256, 256, 256, 4, 8, 32, 48, 68, 72, 76, 100, 4096];
/** One step of that many gets a field that does not fit. */
const SPOILT = 10;
/** Operations that name a process or thread: with a wrong name there is no step. */
const NAMING: ReadonlySet<Op> = new Set<Op>(['proc', 'spawn', 'fork', 'kill', 'signal', 'await']);

/** Fields that belong together; null when the operation is impossible now. */
type Shape<O extends Op> = (maker: StepMaker, world: FuzzWorld, thread: Thread) => Partial<InputOf<O>> | null;

export class StepMaker {
  readonly stream = new CommandStream();
  readonly #structure = new Bytes(64);
  /** Steps that come next: what a new process does first. */
  readonly #next: FuzzStep[] = [];

  /** Forgets what was to come. */
  clear(): void {
    this.#next.length = 0;
  }

  /** Draws a step that is possible now, as a rule; null: draw again. */
  draw(world: FuzzWorld): FuzzStep | null {
    const queued = this.#next.shift();
    if (queued !== undefined) return queued;
    const { dice } = world;
    const { processes, awake } = world;
    const op = processes.length === 0 ? 'proc' : awake.length === 0 ? dice.of(WAKING) : dice.of(CHOICES);
    const thread = awake.length === 0 ? undefined : dice.of(awake);
    world.actor = thread ?? null;
    const shape = SHAPES[op] as Shape<Op> | undefined;
    // an operation without an actor does not look at the thread
    const shaped = shape === undefined ? {} : shape(this, world, thread as Thread);
    if (shaped === null || (hasActor(op) && thread === undefined)) return null;
    let input: object = someInput(world, op, shaped);
    if (!NAMING.has(op) && dice.below(SPOILT) === 0) input = withinLimits(op, withFieldChanged(world, op, input));
    if (op === 'proc') this.#settle(world, (input as InputOf<'proc'>).name);
    return { op, by: hasActor(op) ? (thread as Thread).name : null, input };
  }

  /** What a new process does: opens the device, maps it, and may become context manager. */
  #settle(world: FuzzWorld, name: string): void {
    const { dice } = world;
    const by = `${name}.0`;
    const flags = dice.of([0, 0x800, 0x800]);
    this.#next.push({ op: 'open', by, input: { flags } });
    const length = dice.of([MAP_LENGTH, 0x2000, 0x8000, 0x40_0000]);
    const how = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
    const input = { addr: MAP_ADDRESS, len: length, prot: PROT_READ, flags: how, fd: 3, off: 0 };
    this.#next.push({ op: 'mmap', by, input: { ...input, flags: this.mapFlags(world, how) } });
    if (dice.below(2) === 0) {
      this.#next.push({
        op: 'ioctl',
        by,
        input: ioctlInput(protocol.BINDER_SET_CONTEXT_MGR, 0x1003_f000, new Uint8Array(4), 0),
      });
    }
    if (dice.below(2) === 0) this.#next.push({ op: 'spawn', by, input: { thread: `${name}.1`, tid: pidOf(name) + 1 } });
  }

  /** Flags of a mapping; now and then they name a strategy. */
  mapFlags(world: FuzzWorld, flags: number): number {
    return world.dice.below(3) === 0 ? withStrategy(world, flags) : flags;
  }

  /** The structure of an ioctl, as many bytes as its number says. */
  structure(world: FuzzWorld, thread: Thread, cmd: number): Uint8Array {
    const { dice } = world;
    const bytes = this.#structure.clear();
    const size = Math.min(payloadSize(cmd), 48);
    if (cmd === protocol.BINDER_FREEZE && dice.below(8) > 0) {
      const pid = dice.maybeOf(world.processes)?.pid ?? 0;
      return bytes
        .u32(pid)
        .u32(dice.below(2))
        .u32(dice.of([0, 0, 0, 5000]))
        .take();
    }
    while (bytes.length < size) {
      if (size === 24 && bytes.length === 0 && dice.below(2) === 0) bytes.u64(someNode(world, thread).ptr);
      else if (dice.below(2) === 0) bytes.u32(dice.maybeOf(world.processes)?.pid ?? 0);
      else bytes.u32(dice.below(4) === 0 ? someInt(world) : someHandle(world));
    }
    return bytes.take().subarray(0, size);
  }
}

/** What can wake a thread when all sleep. */
const WAKING: readonly Op[] = ['signal', 'signal', 'signal', 'await', 'proc', 'kill'];

const SHAPES: { readonly [O in Op]?: Shape<O> } = {
  proc: (_, world) => {
    if (!world.hasRoomForProcess) return null;
    const name = `P${++world.made}`;
    return { name, pid: pidOf(name), uid: world.dice.of([0, 0, 1000, 10_001]) };
  },
  fork: (_, world, thread) => {
    if (!world.hasRoomForProcess || thread.index !== 0) return null;
    const name = `P${++world.made}`;
    return { name, pid: pidOf(name) };
  },
  spawn: (_, world, thread) => {
    if (!world.hasRoomForThread(thread)) return null;
    const { threads } = world.processOf(thread);
    return { thread: `${thread.home.name}.${threads.length}`, tid: thread.home.pid + threads.length };
  },
  kill: (_, { dice, processes }) => {
    const { name, pid } = dice.of(processes);
    return { proc: name, pid };
  },
  signal: (_, { dice, asleep }) => {
    const thread = dice.maybeOf(asleep);
    return thread === undefined ? null : { thread: thread.name, tid: thread.tid };
  },
  await: (_, { dice, asleep }) => {
    const thread = dice.maybeOf(asleep);
    return thread === undefined ? null : { thread: thread.name };
  },
  wr: ({ stream }, world, thread) => {
    const { dice } = world;
    const { wbuf, rbuf, arg } = world.windowOf(thread);
    const { poke, size } = stream.draw(world, thread, wbuf);
    const cut = dice.below(30) === 0 ? dice.below(size + 9) : size;
    const readSize = dice.of(READ_SIZES);
    return { fd: 3, arg, wbuf, poke, writeSize: cut, writeConsumed: 0, rbuf, readSize, readConsumed: 0 };
  },
  ioctl: (maker, world, thread) => {
    const { dice } = world;
    const cmd = dice.below(30) === 0 ? someInt(world) >>> 0 : dice.of(IOCTLS);
    const { arg } = world.windowOf(thread);
    return { ...ioctlInput(cmd, arg, maker.structure(world, thread, cmd), dice.of([0, 4, 24])), fd: 3 };
  },
  mmap: (maker, world) => {
    const { dice } = world;
    const len = dice.of([MAP_LENGTH, PAGE_SIZE, 3 * PAGE_SIZE, 0x40_0000, someSize(world)]);
    const flags = maker.mapFlags(world, dice.of([MAP_PRIVATE | MAP_FIXED_NOREPLACE, 0x12, 0x22]));
    return { addr: dice.of(MAPPINGS), len, prot: dice.of([1, 1, 1, 3]), flags, fd: 3 + dice.below(4), off: 0 };
  },
  munmap: (_, world) => piece(world),
  mprotect: (_, world) => piece(world),
  poke: (_, world) => ({ addr: SHARED + 8 * world.dice.below(512), bytes: someBytes(world, 64) }),
  fill: (_, { dice }) => ({ addr: SHARED + dice.below(0x1_0000), len: dice.below(STRETCH_MAX) }),
  peek: (_, world) => ({
    addr: world.dice.of(MAPPINGS) + 8 * world.dice.below(2000),
    len: world.dice.below(STRETCH_MAX),
  }),
  write: (_, world) => ({ addr: SHARED, len: world.dice.of([8, 200, someSize(world)]) }),
  read: (_, { dice }) => ({ addr: SHARED, len: dice.below(200) }),
  poll: (_, { dice }) => ({ fd: 3, timeout: dice.of([0, 0, -1]) }),
  epoll_create1: (_, { dice }) => ({ flags: dice.of([0, 0x80000]) }),
  epoll_ctl: (_, world) => {
    const { dice } = world;
    const watched = world.actor === null ? undefined : world.fileOf(world.actor);
    return { epfd: epollNear(world), fd: dice.below(3) > 0 ? 3 : (watched ?? 4 + dice.below(3)), data: dice.below(8) };
  },
  epoll_wait: (_, world) => {
    const { dice } = world;
    return { epfd: epollNear(world), addr: SHARED, maxevents: dice.of([1, 2, 8]), timeout: dice.of([0, 0, 0, -1, 50]) };
  },
  mkfd: (_, { dice }) => {
    const fd = 3 + dice.below(8);
    return { fd, fd2: fd + 1 };
  },
  rlimit: (_, { dice }) => ({ nofile: dice.of([1024, 1024, 16, 5, 3]) }),
  inject: (_, { dice }) => ({ nth: dice.below(40), bytes: dice.of([0, 0, 1, 4, 40, 4096]) }),
  shrink: (_, { dice }) => ({ pages: dice.of([1, 3, 1000, 0]) }),
};

/** A descriptor that is an epoll instance, often. */
function epollNear({ dice }: FuzzWorld): number {
  return dice.of([4, 4, 4, 5, 6, 7]);
}

function piece(world: FuzzWorld): { addr: number; len: number } {
  const { dice } = world;
  const addr = dice.of(MAPPINGS) + PAGE_SIZE * dice.of([0, 0, 1, dice.below(300)]);
  return { addr, len: dice.of([MAP_LENGTH, PAGE_SIZE, 2 * PAGE_SIZE, someSize(world)]) };
}

function ioctlInput(cmd: number, arg: number, poke: Uint8Array, outLen: number): InputOf<'ioctl'> {
  return { fd: 3, cmd, name: ioctlName(cmd), arg, poke, outLen };
}

/** Names of processes are P1, P2, ...; recordings have pids below. */
function pidOf(name: string): number {
  return 1000 * (50 + Number(name.slice(1)));
}

/** The host refuses, or takes long over, what is no call at all: more bytes than a step may move. */
function withinLimits(op: Op, input: Record<string, unknown>): object {
  if ((op === 'fill' || op === 'peek') && (input.len as number) > 0x10_0000) return { ...input, len: 0x10_0000 };
  if (op === 'ioctl') {
    const cmd = (input.cmd as number) >>> 0;
    return { ...input, cmd, name: ioctlName(cmd), outLen: Math.min(input.outLen as number, STRETCH_MAX) };
  }
  if (op === 'wr') return { ...input, readSize: input.readSize };
  return input;
}
