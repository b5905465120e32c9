/**
 * The stage: two processes, the kernel, and the frames of memory that they reach. Each line from a page to a frame is an entry of
 * a page table of the machine. A journey is what a step copied: from a frame to a frame.
 *
 *     sender               memory                 receiver
 *     0x10000000 ------- 0xba000 ==copy==> 0xc1000 ------- 0x7feff02000
 *                                             |
 *     kernel                          0xffffffc0080ff000       vmalloc: for ever; kmap: while it copies
 */
import { PAGE_MASK, PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { UsedBufferView } from '../inspect/buffers.ts';
import type { ProcView } from '../inspect/procs.ts';
import type { Machine } from '../machine.ts';
import { eventsNamed, type TraceEvent } from '../trace/events.ts';
import type { Step } from '../trace/journal.ts';
import { type Entries, KERNEL, PAGES_MAX, type Side, type SpaceEntries, type StagePage } from './entries.ts';

export interface StageSpace {
  readonly side: Side;
  readonly pid: number;
  readonly name: string;
  readonly pages: readonly StagePage[];
  /** Pages of it that are mapped and not shown. */
  readonly more: number;
}

export interface StageFrame {
  readonly linear: number;
  /** Its use, as the machine's frame table has it. */
  readonly kind: string;
  /** All of its bytes. */
  readonly bytes: Uint8Array;
  /** What messages fill: buffers of a mapping that are in use, in bytes from the start of the frame. */
  readonly messages: readonly { readonly from: number; readonly to: number; readonly transaction: number }[];
  /** Who reaches it. */
  readonly sides: readonly Side[];
}

/** Bytes that the step copied. */
export interface Journey {
  readonly from: { readonly frame: number; readonly offset: number } | null;
  readonly to: { readonly frame: number; readonly offset: number };
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly by: 'sender' | 'receiver';
}

export interface Stage {
  readonly sender: StageSpace | null;
  readonly receiver: StageSpace | null;
  readonly kernel: StageSpace;
  readonly frames: readonly StageFrame[];
  readonly journeys: readonly Journey[];
  /** The frame in which a process reads in this step, by itself. */
  readonly read: number | null;
  /** Bytes of all copies of the step, also of those between other processes, and of objects that the driver translated. */
  readonly copied: number;
  /** Entries that the step removed, or led elsewhere: those near what is shown. */
  readonly gone: readonly StagePage[];
  /** How many entries of the pair and of the kernel the step made, and removed. */
  readonly made: number;
  readonly removed: number;
}

/** Two processes, by pid. */
export interface Pair {
  readonly from: number;
  readonly to: number;
}

/** Of a message that fills many pages, the first ones are shown. */
const TOUCHED_MAX = 3;
/** Parts of a buffer begin at multiples of 8. */
const WORD_MASK = 7;
const NO_ENTRIES: SpaceEntries = new Map();

/** The processes of the last message; null before the first one, and after both are gone. */
export function lastPair(machine: Machine, events: readonly TraceEvent[] = []): Pair | null {
  const alive = new Set(machine.processes.filter((process) => process.alive).map(({ pid }) => pid));
  const [sent] = eventsNamed(events, 'copy').filter(({ args }) => args.source !== 0n);
  const sender = sent && machine.processes.find(({ threads }) => threads.some(({ tid }) => tid === sent.tid));
  if (sent && sender) return { from: sender.pid, to: sent.args.proc };
  const logged = [...machine.inspect.transactionLog()]
    .reverse()
    .find(({ from, to }) => alive.has(from.pid) && alive.has(to.pid));
  if (logged !== undefined) return { from: logged.from.pid, to: logged.to.pid };
  const mapped = machine.inspect.procs().filter(({ mapping }) => mapping.mapped);
  const [newest, before] = mapped;
  return newest && before ? { from: newest.pid, to: before.pid } : null;
}

/** What is known of the last step, and what is to be seen. */
interface LastStep {
  readonly step: Step | null;
  readonly events: readonly TraceEvent[];
  /** The entries before it, and after it. */
  readonly before: Entries;
  readonly after: Entries;
  /** Frames that are shown in any case. */
  readonly wanted: ReadonlySet<number>;
}

export function stageOf(machine: Machine, pair: Pair | null, last: LastStep): Stage {
  const { step, events, wanted } = last;
  const journeys = journeysOf(machine, pair, events);
  const read = readBy(machine, step);
  const from = pair && isAlive(machine, pair.from) ? ownSpace('sender', pair.from, last) : null;
  const to = pair && pair.to !== pair.from && isAlive(machine, pair.to) ? ownSpace('receiver', pair.to, last) : null;
  const own = ownSpace('kernel', KERNEL, last);
  const touched = new Set([
    ...touchedBy(machine, journeys),
    ...(from && to ? lentFrames(from, to) : []),
    ...(read === null ? [] : [read]),
  ]);
  const sender = from && chosen(machine, from, { touched, wanted });
  const receiver = to && chosen(machine, to, { touched, wanted });
  const shown = new Set([...(sender?.pages ?? []), ...(receiver?.pages ?? [])].map(({ frame }) => frame));
  const kernel = kernelSpace(machine, own, shown, journeys);
  const all = [...(sender?.pages ?? []), ...(receiver?.pages ?? []), ...kernel.pages];
  const spaces = [from, to, own].filter((space) => space !== null);
  const gone = spaces.flatMap((space) => space.gone);
  const onScreen = gone.filter(({ side, frame }) => side !== 'kernel' || shown.has(frame)).slice(0, PAGES_MAX);
  return {
    sender,
    receiver,
    kernel,
    frames: framesOf(machine, all),
    journeys,
    read,
    copied: eventsNamed(events, 'copy').reduce((sum, { args }) => sum + args.size, 0),
    gone: onScreen,
    made: spaces.reduce((sum, { made }) => sum + made.size, 0),
    removed: gone.length,
  };
}

/** A space that may stand on the stage, and what the step changed in it. */
interface OwnSpace {
  readonly side: Side;
  readonly pid: number;
  readonly pages: readonly StagePage[];
  readonly made: ReadonlySet<StagePage>;
  readonly gone: readonly StagePage[];
}

function ownSpace(side: Side, pid: number, { before, after }: LastStep): OwnSpace {
  const [was, is] = [before.get(pid) ?? NO_ENTRIES, after.get(pid) ?? NO_ENTRIES];
  const pages = [...is.values()];
  if (was === is) return { side, pid, pages, made: new Set(), gone: [] };
  const without = (some: SpaceEntries, others: SpaceEntries) =>
    [...some.values()].filter(({ address, frame }) => others.get(address)?.frame !== frame);
  const gone = without(was, is).map((page) => ({ ...page, side }));
  return { side, pid, pages, made: new Set(without(is, was)), gone };
}

/** Pages of a space as they stand on its side. */
function onSide(pages: readonly StagePage[], { side, made }: OwnSpace): StagePage[] {
  return pages.map((page) => ({ ...page, side, isNew: made.has(page) }));
}

/** The frames between which bytes went. With a stop in the kernel those of the first page are enough. */
function touchedBy(machine: Machine, journeys: readonly Journey[]): ReadonlySet<number> {
  const stop = journeys.find(({ by, to }) => by === 'sender' && machine.inspect.frame(to.frame)?.kind !== 'binder');
  const on = journeys.find(({ from, by }) => by === 'receiver' && from?.frame === stop?.to.frame);
  const counted = stop === undefined ? journeys : on === undefined ? [stop] : [stop, on];
  return new Set(counted.flatMap(({ from, to }) => (from === null ? [to.frame] : [from.frame, to.frame])));
}

/** Frames that sender and receiver both reach: pages that are lent instead of copied. */
function lentFrames(sender: OwnSpace, receiver: OwnSpace): number[] {
  const sent = new Set(sender.pages.map(({ frame }) => frame));
  return receiver.pages.flatMap(({ frame }) => (sent.has(frame) ? [frame] : []));
}

function isAlive(machine: Machine, pid: number): boolean {
  return machine.processes.some((process) => process.alive && process.pid === pid);
}

/**
 * The pages of a process that are shown: those that are asked for, and those that the step touched. Without touched ones, those
 * of its mapping, and one of its own memory, where it writes messages.
 */
function chosen(
  machine: Machine,
  space: OwnSpace,
  { touched, wanted }: { touched: ReadonlySet<number>; wanted: ReadonlySet<number> },
): StageSpace {
  const { side, pid, pages: own, made } = space;
  const asked = firstOf(own, TOUCHED_MAX, ({ frame }) => wanted.has(frame));
  const used = firstOf(own, TOUCHED_MAX, ({ frame }) => touched.has(frame));
  const unasked =
    used.length > 0
      ? used
      : [
          ...firstOf(own, 1, (page) => made.has(page)),
          ...firstOf(own, PAGES_MAX / 2, ({ area }) => area === 'mapping'),
          ...firstOf(own, 1, ({ area }) => area === 'memory'),
        ];
  const shown = new Set([...new Set([...asked, ...unasked])].slice(0, PAGES_MAX));
  const pages = own.filter((page) => shown.has(page));
  return { side, pid, name: nameOf(machine, pid), pages: onSide(pages, space), more: own.length - pages.length };
}

function firstOf(pages: readonly StagePage[], count: number, is: (page: StagePage) => boolean): StagePage[] {
  const found: StagePage[] = [];
  for (const page of pages) {
    if (found.length >= count) break;
    if (is(page)) found.push(page);
  }
  return found;
}

function nameOf(machine: Machine, pid: number): string {
  return machine.processes.filter((process) => process.pid === pid).at(-1)?.name ?? `process ${pid}`;
}

function kernelSpace(
  machine: Machine,
  own: OwnSpace,
  frames: ReadonlySet<number>,
  journeys: readonly Journey[],
): StageSpace {
  const mapped = onSide(
    firstOf(own.pages, PAGES_MAX, ({ frame }) => frames.has(frame)),
    own,
  );
  const isOwn = (frame: number) => machine.inspect.frame(frame)?.kind !== 'binder';
  const passing = journeys
    .filter(
      ({ by, to }) =>
        by === 'sender' && (frames.has(to.frame) || isOwn(to.frame)) && !mapped.some(({ frame }) => frame === to.frame),
    )
    .map(({ to }): StagePage => {
      const area = isOwn(to.frame) ? 'own' : 'kmap';
      const address = BigInt(to.frame);
      return {
        side: 'kernel',
        pid: KERNEL,
        address,
        frame: to.frame,
        descriptor: 0n,
        writable: true,
        area,
        isNew: true,
      };
    });
  const unique = passing.filter(({ frame }, at) => passing.findIndex((page) => page.frame === frame) === at);
  const staged = unique.find(({ area }) => area === 'own');
  const pages = [...mapped, ...(staged === undefined ? unique.slice(0, TOUCHED_MAX) : [staged])];
  return { side: 'kernel', pid: KERNEL, name: 'kernel', pages, more: own.pages.length - mapped.length };
}

/** Copies of the step. What the driver writes itself into a message, as a translated object, goes no way. */
function journeysOf(machine: Machine, pair: Pair | null, events: readonly TraceEvent[]): Journey[] {
  if (pair === null) return [];
  // what waits in the kernel goes on in the same order
  const staged: NonNullable<Journey['from']>[] = [];
  const written = new Set<number>();
  const journeys: Journey[] = [];
  for (const { args, tid } of eventsNamed(events, 'copy')) {
    const { target, size, source, proc } = args;
    const to = { frame: target & ~PAGE_MASK, offset: target & PAGE_MASK };
    if ((proc !== pair.to && proc !== pair.from) || (source === 0n && written.has(to.frame))) continue;
    const from = source === 0n ? (staged.shift() ?? null) : placeOf(machine, tid, source);
    const bytes = machine.guest.u8.slice(target, target + Math.min(size, PAGE_SIZE));
    journeys.push({ from, to, size, bytes, by: source === 0n ? 'receiver' : 'sender' });
    written.add(to.frame);
    if (source !== 0n) staged.push(to);
  }
  return journeys;
}

/** Where a thread's memory at an address is; null when it is not mapped any more. */
function placeOf(machine: Machine, tid: number, address: bigint): Journey['from'] {
  const pid = machine.processes.find(({ threads }) => threads.some((thread) => thread.tid === tid))?.pid;
  if (pid === undefined || !isAlive(machine, pid)) return null;
  const linear = machine.inspect.walk({ pid }, address)?.linear ?? null;
  return linear === null ? null : { frame: linear & ~PAGE_MASK, offset: linear & PAGE_MASK };
}

/** Where a thread reads its memory in a step. */
function readBy(machine: Machine, step: Step | null): number | null {
  if (step?.op !== 'peek') return null;
  return placeOf(machine, machine.thread(step.by).tid, BigInt(step.in.addr))?.frame ?? null;
}

/** The frames of pages, in their order. */
function framesOf(machine: Machine, pages: readonly StagePage[]): StageFrame[] {
  const procs = machine.inspect.procs().filter(({ mapping }) => mapping.mapped);
  return [...new Set(pages.map(({ frame }) => frame))].map((linear) => {
    const own = pages.filter(({ frame }) => frame === linear);
    const sides = [...new Set(own.map(({ side }) => side))];
    const bytes = machine.guest.u8.slice(linear, linear + PAGE_SIZE);
    const kind = machine.inspect.frame(linear)?.kind ?? 'free';
    return { linear, kind, bytes, messages: messagesOn(machine, own, procs), sides };
  });
}

/** The parts of a frame that buffers in use fill, as the receiver's mapping says it. */
function messagesOn(machine: Machine, pages: readonly StagePage[], procs: readonly ProcView[]): StageFrame['messages'] {
  const page = pages.find(({ area }) => area === 'mapping');
  const proc = procs.find(({ pid }) => pid === page?.pid);
  if (!page || proc === undefined) return [];
  const start = Number(page.address) - proc.mapping.userBase;
  return machine.inspect.buffers(proc).flatMap((buffer) => {
    if (buffer.free) return [];
    const end = buffer.offset + filledBytes(buffer);
    const [from, to] = [Math.max(0, buffer.offset - start), Math.min(PAGE_SIZE, end - start)];
    return from < to ? [{ from, to, transaction: buffer.id }] : [];
  });
}

/** Bytes of a buffer up to the last one that its message fills; what pads the rest is older. */
function filledBytes({ dataSize, offsetsSize, extraSize }: UsedBufferView): number {
  const aligned = (size: number) => (size + WORD_MASK) & ~WORD_MASK;
  if (extraSize > 0) return aligned(dataSize) + aligned(offsetsSize) + extraSize;
  return offsetsSize > 0 ? aligned(dataSize) + offsetsSize : dataSize;
}
