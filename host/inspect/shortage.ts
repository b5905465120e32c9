/**
 * A message that found no buffer: who holds the space of its receiver, and what would fit. An app only gets an exception, which
 * guesses from the size of the request.
 */
import { ENOSPC } from '../../assembly/abi/errno.ts';
import type { UsedBufferView } from './buffers.ts';
import type { LogEntryView } from './counts.ts';
import type { Inspector } from './inspector.ts';
import { interfaceName } from './interfacename.ts';
import type { ProcView } from './procs.ts';

/** Android blames the size of a request above this many bytes for a failure, as TransactionTooLargeException. */
export const LARGE_PARCEL = 200 * 1024;

/** A process as people know it. */
export interface Named {
  readonly pid: number;
  /** null for one that the machine's directory does not have. */
  readonly name: string | null;
}

/**
 * What became of a message: not read yet; read, and its call is not answered; or read (a reply, a oneway, an answered call), and its
 * buffer not freed.
 */
export type BufferState = 'queued' | 'served' | 'unfreed';

/** Messages of one sender to one node, for one method, in one state. */
export interface SpaceHolder {
  readonly sender: Named;
  /** Number of the called node; 0 for replies. */
  readonly node: number;
  /** Name of the called interface; null for a reply, and for data that does not begin as a request of libbinder does. */
  readonly interface: string | null;
  /** Code of the called method; null when the driver does not know it any more: after a oneway was read. */
  readonly code: number | null;
  readonly oneway: boolean;
  readonly state: BufferState;
  readonly buffers: number;
  readonly bytes: number;
  /** Transaction of the oldest one, and how many numbers the driver has given since: transactions, nodes and refs share them. */
  readonly oldest: { readonly transaction: number; readonly since: number };
}

export interface Shortage {
  readonly transaction: number;
  readonly type: LogEntryView['type'];
  readonly sender: Named;
  readonly receiver: Named;
  /** Bytes that the message needed at least: data and offsets, each rounded up to 8. */
  readonly needed: number;
  /** The receiver's mapping now: its bytes, free ones, and the largest hole. */
  readonly mapping: {
    readonly size: number;
    readonly free: number;
    readonly largestHole: number;
    readonly holes: number;
  };
  /** Half of the mapping is for oneways. */
  readonly oneways: { readonly limit: number; readonly free: number };
  /** Bytes of the largest message of that type that fits now. */
  readonly fits: number;
  /** The largest holder first. */
  readonly holders: readonly SpaceHolder[];
  /** Exception of an Android app for a request of that size; null for a reply. It misleads when the size is not the cause. */
  readonly exception: 'TransactionTooLargeException' | 'DeadObjectException' | null;
}

/**
 * @param transaction Its number; default: the last one that found no buffer.
 * @param nameOf Name of a process.
 * @returns null when none of the last 32 failed transactions is it, or when the receiver is gone.
 */
export function shortageOf(
  inspector: Inspector,
  nameOf: (pid: number) => string | null,
  transaction?: number,
): Shortage | null {
  const lacking = inspector.failedTransactionLog().filter((entry) => entry.returnErrorParam === -ENOSPC);
  const entry = lacking.filter(({ id }) => transaction === undefined || id === transaction).at(-1);
  const proc = inspector.procs().find(({ pid, context }) => pid === entry?.to.pid && context === entry.context);
  if (entry === undefined || proc === undefined) return null;
  const named = (pid: number): Named => ({ pid, name: nameOf(pid) });
  const holes = inspector.freeBuffers(proc).map(({ size }) => size);
  const largestHole = Math.max(0, ...holes);
  const { size, asyncFree } = proc.mapping;
  return {
    transaction: entry.id,
    type: entry.type,
    sender: named(entry.from.pid),
    receiver: named(proc.pid),
    needed: Math.max(8, roundedUp(entry.dataSize) + roundedUp(entry.offsetsSize)),
    mapping: { size, free: holes.reduce((sum, hole) => sum + hole, 0), largestHole, holes: holes.length },
    oneways: { limit: size / 2, free: asyncFree },
    fits: entry.type === 'async' ? Math.min(largestHole, asyncFree) : largestHole,
    holders: holdersOf(inspector, proc, named),
    exception: entry.type === 'reply' ? null : exceptionOf(entry.dataSize),
  };
}

function exceptionOf(dataSize: bigint): Shortage['exception'] {
  return dataSize > LARGE_PARCEL ? 'TransactionTooLargeException' : 'DeadObjectException';
}

function roundedUp(size: bigint): number {
  return Number((size + 7n) & ~7n);
}

function holdersOf(inspector: Inspector, proc: ProcView, named: (pid: number) => Named): SpaceHolder[] {
  const groups = new Map<string, HeldBuffer[]>();
  for (const buffer of inspector.buffers(proc)) {
    if (buffer.free) continue;
    const held = { ...buffer, ...methodOf(inspector, proc, buffer) };
    const key = [held.pid, held.node, held.interface, held.code, held.isAsync, stateOf(held)].join();
    groups.set(key, [...(groups.get(key) ?? []), held]);
  }
  const holders = [...groups.values()].map((buffers) => holderOf(buffers, inspector.kernel.roots.driver.lastId, named));
  return holders.sort((one, other) => other.bytes - one.bytes);
}

type HeldBuffer = UsedBufferView & Pick<SpaceHolder, 'interface' | 'code'>;

function methodOf(
  inspector: Inspector,
  proc: ProcView,
  buffer: UsedBufferView,
): Pick<SpaceHolder, 'interface' | 'code'> {
  if (buffer.node === 0) return { interface: null, code: null };
  const { kernel } = inspector;
  const { transaction } = kernel.object('Buffer', buffer.handle);
  const address = proc.mapping.userBase + buffer.offset;
  return {
    interface: interfaceName(inspector, proc, address, buffer.dataSize),
    code: transaction === 0 ? null : kernel.object('Transaction', transaction).code,
  };
}

function holderOf(buffers: readonly HeldBuffer[], lastId: number, named: (pid: number) => Named): SpaceHolder {
  const [first] = buffers as readonly [HeldBuffer];
  const transaction = Math.min(...buffers.map(({ id }) => id));
  return {
    sender: named(first.pid),
    node: first.node,
    interface: first.interface,
    code: first.code,
    oneway: first.isAsync,
    state: stateOf(first),
    buffers: buffers.length,
    bytes: buffers.reduce((sum, { size }) => sum + size, 0),
    oldest: { transaction, since: lastId - transaction },
  };
}

function stateOf({ allowUserFree, active }: UsedBufferView): BufferState {
  if (!allowUserFree) return 'queued';
  return active ? 'served' : 'unfreed';
}

const STATES: Readonly<Record<BufferState, string>> = {
  queued: 'not read yet',
  served: 'not answered yet',
  unfreed: 'read and not freed',
};
const TYPES: Readonly<Record<LogEntryView['type'], string>> = { call: 'call', async: 'oneway', reply: 'reply' };

/** The shortage in words, a few lines. */
export function shortageLines(shortage: Shortage): string[] {
  const { transaction, type, sender, receiver, needed, mapping, oneways, holders } = shortage;
  const who = `transaction ${transaction}, a ${TYPES[type]} from ${nameText(sender)} to ${nameText(receiver)}`;
  const taken = mapping.size - mapping.free;
  const holes =
    mapping.holes === 1 ? 'one hole' : `${mapping.holes} holes, the largest of ${mapping.largestHole} bytes`;
  const room = `${nameText(receiver)} maps ${mapping.size} bytes: ${taken} hold messages, ${mapping.free} are free in ${holes}`;
  return [
    `${who}, found no buffer of ${needed} bytes`,
    room,
    ...holders.map((holder) => `  ${holder.bytes} bytes: ${holderText(holder)}`),
    `oneways may use ${oneways.limit} of them, and have ${oneways.free} left`,
    fitsText(shortage),
    ...exceptionText(shortage),
  ];
}

/** The shortage in a sentence, for an error. */
export function shortageSentence({ type, receiver, needed, mapping, oneways, holders }: Shortage): string {
  const [largest] = holders;
  const held = largest === undefined ? '' : `; ${largest.bytes} bytes are held by ${holderText(largest)}`;
  const isShare = type === 'async' && oneways.free < needed;
  const room = isShare
    ? `has ${oneways.free} bytes left for oneways`
    : `has a largest hole of ${mapping.largestHole} bytes`;
  return `${nameText(receiver)} ${room}, of ${mapping.size} mapped, and the ${TYPES[type]} needs ${needed}${held}`;
}

function fitsText({ type, fits, needed }: Shortage): string {
  if (fits === 0) return `no ${TYPES[type]} fits now`;
  const most = `a ${TYPES[type]} of at most ${fits} bytes fits now`;
  return fits >= needed ? `${most}: there is room again` : most;
}

function exceptionText({ exception, type, receiver, needed, mapping, oneways }: Shortage): string[] {
  if (exception === null) return [];
  const shown = `an Android app gets ${exception}`;
  if (exception === 'DeadObjectException') {
    return [`${shown}, since a small parcel failed; but ${nameText(receiver)} is alive, and has no space for it`];
  }
  const limit = type === 'async' ? oneways.limit : mapping.size;
  if (needed > limit) return [`${shown}: the request is larger than ${limit} bytes, so it never fits`];
  return [`${shown}, since its request is large; it would fit if less were held`];
}

function holderText({ sender, node, interface: called, code, oneway, state, buffers, oldest }: SpaceHolder): string {
  const kind = node === 0 ? 'reply' : oneway ? 'oneway' : 'call';
  const count = buffers === 1 ? `a ${kind}` : `${buffers} ${kind === 'reply' ? 'replies' : `${kind}s`}`;
  const method = [called, code === null ? null : `code ${code}`].filter((part) => part !== null).join(' ');
  const to = node === 0 ? '' : ` to node ${node}${method === '' ? '' : ` (${method})`}`;
  const age = `transaction ${oldest.transaction}${buffers === 1 ? '' : ' and later'}`;
  return `${count} from ${nameText(sender)}${to}, ${STATES[state]} (${age})`;
}

/** A process in a sentence. */
export function nameText({ pid, name }: Named): string {
  return name === null ? `process ${pid}` : `${name} (${pid})`;
}
