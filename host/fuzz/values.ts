/**
 * A generator for each kind of value that an operation takes (host/wire/kinds.ts). Most values mean something; some are
 * hostile: huge, unaligned, of another process, of none.
 */
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_STRATEGY_SHIFT,
  O_CLOEXEC,
  O_NONBLOCK,
  PROT_READ,
  PROT_WRITE,
} from '../../assembly/abi/machine.ts';
import type { KindName, MachineValue } from '../wire/kinds.ts';
import { INPUTS, type Op } from '../wire/operations.ts';
import { STRATEGIES } from '../wire/strategy.ts';
import type { FuzzWorld } from './world.ts';

/** Sizes at which something changes, and sizes that nothing can have. */
const SIZES: readonly number[] = [0, 1, 4, 7, 8, 16, 24, 40, 64, 100, 256, 4088, 4096, 4104, 8192, 12_288];
const HUGE: readonly number[] = [
  65_536,
  0x3f_e000,
  0x40_0000,
  0x7fff_ffff,
  0x8000_0000,
  0xffff_fff8,
  0xffff_ffff,
  2 ** 32,
  2 ** 39,
  Number.MAX_SAFE_INTEGER,
];
const ODD_INTS: readonly number[] = [-1, -22, 0x7fff_ffff, -0x8000_0000, 99, 1023, 1024];
const FILES: readonly string[] = ['state', 'stats', 'transactions', 'transaction_log', 'failed_transaction_log'];

/** Kinds that inputs have; the others are of outputs only. */
type InputKind = Exclude<KindName, 'signal' | 'address_or_error' | 'flag' | 'true'>;

export function someSize({ dice }: FuzzWorld): number {
  return dice.below(6) === 0 ? dice.of(HUGE) : dice.of(SIZES);
}

export function someInt({ dice }: FuzzWorld): number {
  return dice.below(6) === 0 ? dice.of(ODD_INTS) : dice.below(12);
}

/** Any bytes, at most `max`. */
export function someBytes({ dice }: FuzzWorld, max: number): Uint8Array {
  const bytes = new Uint8Array(dice.below(max + 1));
  for (let at = 0; at < bytes.length; at++) bytes[at] = dice.below(256);
  return bytes;
}

function someWord({ dice }: FuzzWorld): number {
  return dice.below(4) === 0 ? dice.of([0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x800, 0x100]) : dice.below(16);
}

/** A pid or tid: of a living thread, or of none. */
function someId(world: FuzzWorld): number {
  const { dice } = world;
  const thread = dice.maybeOf(world.awake);
  return thread === undefined || dice.below(8) === 0 ? 1 + dice.below(9000) : thread.tid;
}

function someDescriptor(world: FuzzWorld): number {
  const { dice, actor } = world;
  const made = actor === null || dice.below(2) === 0 ? undefined : world.fileOf(actor);
  return made ?? (dice.below(10) === 0 ? dice.of(ODD_INTS) : dice.below(9));
}

function someFlags({ dice }: FuzzWorld): number {
  const type = dice.of([MAP_PRIVATE, MAP_PRIVATE, MAP_SHARED, dice.below(16)]);
  const place = dice.of([MAP_FIXED_NOREPLACE, MAP_FIXED_NOREPLACE, MAP_FIXED, 0]);
  return type | place | (dice.below(4) === 0 ? MAP_ANONYMOUS : 0);
}

/** The same with a strategy of its own. */
export function withStrategy({ dice }: FuzzWorld, flags: number): number {
  return flags + (1 + dice.below(STRATEGIES.length)) * 2 ** MAP_STRATEGY_SHIFT;
}

/** @param modes One bit for each of EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT and EPOLLET; half of the time none is set. */
function someWatchEvents(events: number, modes: number): number {
  return modes < 8 ? events : (events | (modes << 28)) >>> 0;
}

const VALUES: { readonly [K in InputKind]: (world: FuzzWorld) => MachineValue<K> } = {
  int: someInt,
  word: someWord,
  size: someSize,
  address: (world) => world.address(),
  count: (world) => Math.min(someSize(world), 0xffff_ffff),
  fd: someDescriptor,
  id: someId,
  uid: ({ dice }) => dice.of([0, 0, 1000, 10_001, 0xffff_ffff]),
  byte: ({ dice }) => dice.below(256),
  open_flags: ({ dice }) => dice.of([0, O_NONBLOCK, O_NONBLOCK, dice.below(0x10000)]),
  device: ({ dice }) => dice.of([0, 0, 1, 2, 3, -1]),
  fcntl_cmd: ({ dice }) => dice.of([0, 1, 2, 3, 4, 1030, dice.below(2000)]),
  fcntl_arg: ({ dice }) => dice.of([0, 1, O_NONBLOCK, dice.below(2000), -1]),
  prot: ({ dice }) => dice.of([PROT_READ, PROT_READ, PROT_READ | PROT_WRITE, dice.below(16)]),
  map_flags: someFlags,
  events: ({ dice }) => dice.of([1, 4, 0x45, dice.below(0x8000)]),
  epoll_events: ({ dice }) => someWatchEvents(dice.of([1, 1, 4, 5, 0]), dice.below(16)),
  epoll_flags: ({ dice }) => dice.of([0, 0, O_CLOEXEC, dice.below(4)]),
  epoll_cmd: ({ dice }) => dice.of([1, 1, 1, 2, 3, 3, dice.below(6)]),
  bytes: (world) => someBytes(world, 64),
  data: (world) => someBytes(world, 64),
  text: ({ dice, processes }) =>
    dice.below(3) > 0 ? dice.of(FILES) : `proc/${dice.maybeOf(processes)?.pid ?? dice.below(9000)}`,
  process_name: ({ dice, processes }) => dice.maybeOf(processes)?.name ?? 'nobody',
  failure: ({ dice }) => dice.of(['nothing', 'frame', 'object', 'object', 'buffer', 'copy'] as const),
  file_kind: ({ dice }) => dice.of(['memfd', 'pipe', 'null', 'socketpair'] as const),
  thread_name: ({ dice, asleep }) => dice.maybeOf(asleep)?.name ?? 'nobody.0',
};

/** Inputs of an operation, each drawn by its kind, but those that are given. */
export function someInput(world: FuzzWorld, op: Op, given: object): Record<string, unknown> {
  const input = { ...given } as Record<string, unknown>;
  for (const { machineName, named, optional, nullable } of INPUTS[op].values()) {
    if (machineName in given || (optional && world.dice.below(2) === 0)) continue;
    input[machineName] = nullable ? null : drawn(world, named);
  }
  return input;
}

/** A value of a kind. */
function drawn(world: FuzzWorld, named: KindName): unknown {
  return VALUES[named as InputKind](world);
}

/** The input with one of its fields drawn anew. */
export function withFieldChanged(world: FuzzWorld, op: Op, input: object): Record<string, unknown> {
  const field = world.dice.maybeOf([...INPUTS[op].values()]);
  if (field === undefined || field.nullable) return { ...input };
  return { ...input, [field.machineName]: drawn(world, field.named) };
}
