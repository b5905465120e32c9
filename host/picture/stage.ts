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
import type { VmaView } from '../inspect/tasks.ts';
import type { Machine } from '../machine.ts';
import { eventsNamed, type TraceEvent } from '../trace/events.ts';
import type { Step } from '../trace/journal.ts';

type Side = 'sender' | 'receiver' | 'kernel';

/** A page of an address space, and its entry in the page table. */
export interface StagePage {
  readonly side: Side;
  /** 0: the kernel. */
  readonly pid: number;
  readonly address: bigint;
  /** Linear address of the frame. */
  readonly frame: number;
  /** The page-table entry, in arm64's format; 0n where the kernel uses its own memory. */
  readonly descriptor: bigint;
  readonly writable: boolean;
  /** The kind of area: a process's own memory, its Binder mapping, or the kernel's ways to a frame. */
  readonly area: 'memory' | 'mapping' | 'vmalloc' | 'kmap' | 'own';
  /** The step made the entry, or led it to another frame. */
  readonly isNew: boolean;
}

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

/** What is mapped at one moment, to see what a step changed. */
export type Entries = ReadonlyMap<string, StagePage>;

const KERNEL = 0;
const PAGES_MAX = 4;
/** Of a message that fills many pages, the first ones are shown. */
const TOUCHED_MAX = 3;
const BLOCK_LEVEL = 2;
/** Access permissions in a descriptor of arm64: read-only for all. */
const READ_ONLY = 1n << 7n;
const ROUND = BigInt(PAGE_MASK);

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

/** The entries of the page tables of all processes and of the kernel, by space and address. */
export function entriesOf(machine: Machine): Entries {
  const pids = machine.processes.filter(({ alive }) => alive).map(({ pid }) => pid);
  const pages = [...pids.flatMap((pid) => [...pagesOf(machine, pid, 'sender')]), ...kernelPages(machine)];
  return new Map(pages.map((page) => [keyOf(page), page]));
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
  const { step, events, before, after, wanted } = last;
  const sideOf = (pid: number): Side | null =>
    pid === KERNEL ? 'kernel' : pid === pair?.from ? 'sender' : pid === pair?.to ? 'receiver' : null;
  const journeys = journeysOf(machine, pair, events);
  const entries: StagePage[] = [];
  for (const [key, page] of after) {
    const side = sideOf(page.pid);
    if (side !== null) entries.push({ ...page, side, isNew: before.get(key)?.frame !== page.frame });
  }
  const gone: StagePage[] = [];
  for (const [key, page] of before) {
    const side = sideOf(page.pid);
    if (side !== null && after.get(key)?.frame !== page.frame) gone.push({ ...page, side });
  }
  const read = readBy(machine, step);
  const touched = new Set([...touchedBy(machine, journeys), ...lentFrames(entries), ...(read === null ? [] : [read])]);
  const space = (side: Side, pid: number): StageSpace | null =>
    isAlive(machine, pid) ? chosen(machine, { side, pid }, entries, { touched, wanted }) : null;
  const sender = pair && space('sender', pair.from);
  const receiver = pair && pair.to !== pair.from ? space('receiver', pair.to) : null;
  const shown = new Set([...(sender?.pages ?? []), ...(receiver?.pages ?? [])].map(({ frame }) => frame));
  const kernel = kernelSpace(machine, entries, shown, journeys);
  const all = [...(sender?.pages ?? []), ...(receiver?.pages ?? []), ...kernel.pages];
  const frames = [...new Set(all.map(({ frame }) => frame))];
  const onScreen = gone.filter(({ side, frame }) => side !== 'kernel' || shown.has(frame)).slice(0, PAGES_MAX);
  return {
    sender,
    receiver,
    kernel,
    frames: frames.map((linear) => frameOf(machine, linear, all)),
    journeys,
    read,
    copied: eventsNamed(events, 'copy').reduce((sum, { args }) => sum + args.size, 0),
    gone: onScreen,
    made: entries.filter(({ isNew }) => isNew).length,
    removed: gone.length,
  };
}

/** The frames between which bytes went. With a stop in the kernel those of the first page are enough. */
function touchedBy(machine: Machine, journeys: readonly Journey[]): ReadonlySet<number> {
  const stop = journeys.find(({ by, to }) => by === 'sender' && machine.inspect.frame(to.frame)?.kind !== 'binder');
  const on = journeys.find(({ from, by }) => by === 'receiver' && from?.frame === stop?.to.frame);
  const counted = stop === undefined ? journeys : on === undefined ? [stop] : [stop, on];
  return new Set(counted.flatMap(({ from, to }) => (from === null ? [to.frame] : [from.frame, to.frame])));
}

/** Frames that sender and receiver both reach: pages that are lent instead of copied. */
function lentFrames(entries: readonly StagePage[]): number[] {
  const sent = new Set(entries.filter(({ side }) => side === 'sender').map(({ frame }) => frame));
  return entries.filter(({ side, frame }) => side === 'receiver' && sent.has(frame)).map(({ frame }) => frame);
}

function keyOf({ pid, address }: StagePage): string {
  return `${pid} ${address.toString(16)}`;
}

function isAlive(machine: Machine, pid: number): boolean {
  return machine.processes.some((process) => process.alive && process.pid === pid);
}

function* pagesOf(machine: Machine, pid: number, side: Side): Generator<StagePage> {
  if (!isAlive(machine, pid)) return;
  for (const vma of machine.inspect.vmas({ pid })) yield* leavesOf(machine, pid, vma, side);
}

function* kernelPages(machine: Machine): Generator<StagePage> {
  for (const vma of machine.inspect.vmas('kernel')) yield* leavesOf(machine, KERNEL, vma, 'kernel');
}

function* leavesOf(machine: Machine, pid: number, { start, end, backing }: VmaView, side: Side): Generator<StagePage> {
  const area = side === 'kernel' ? 'vmalloc' : backing === 'pages' ? 'mapping' : 'memory';
  const owner = pid === KERNEL ? 'kernel' : { pid };
  for (const { address, level, linear, descriptor } of machine.inspect.leaves(owner, start, end)) {
    if (linear === null) continue;
    const pages = level === BLOCK_LEVEL ? PAGES_MAX : 1;
    for (let page = 0; page < pages; page++) {
      yield {
        side,
        pid,
        address: (address & ~ROUND) + BigInt(page * PAGE_SIZE),
        frame: (linear & ~PAGE_MASK) + page * PAGE_SIZE,
        descriptor,
        writable: (descriptor & READ_ONLY) === 0n,
        area,
        isNew: false,
      };
    }
  }
}

/**
 * The pages of a process that are shown: those that are asked for, and those that the step touched. Without touched ones, those
 * of its mapping, and one of its own memory, where it writes messages.
 */
function chosen(
  machine: Machine,
  { side, pid }: { side: Side; pid: number },
  entries: readonly StagePage[],
  { touched, wanted }: { touched: ReadonlySet<number>; wanted: ReadonlySet<number> },
): StageSpace {
  const own = entries.filter((page) => page.side === side);
  const some = (count: number, is: (page: StagePage) => boolean) => own.filter(is).slice(0, count);
  const asked = some(TOUCHED_MAX, ({ frame }) => wanted.has(frame));
  const used = some(TOUCHED_MAX, ({ frame }) => touched.has(frame));
  const others = [
    ...some(PAGES_MAX / 2, ({ area }) => area === 'mapping'),
    ...some(1, ({ area }) => area === 'memory'),
  ];
  const unasked = used.length > 0 ? used : [...some(1, ({ isNew }) => isNew), ...others];
  const shown = new Set([...new Set([...asked, ...unasked])].slice(0, PAGES_MAX));
  const pages = own.filter((page) => shown.has(page));
  return { side, pid, name: nameOf(machine, pid), pages, more: own.length - pages.length };
}

function nameOf(machine: Machine, pid: number): string {
  return machine.processes.filter((process) => process.pid === pid).at(-1)?.name ?? `process ${pid}`;
}

function kernelSpace(
  machine: Machine,
  entries: readonly StagePage[],
  frames: ReadonlySet<number>,
  journeys: readonly Journey[],
): StageSpace {
  const all = entries.filter(({ side }) => side === 'kernel');
  const mapped = all.filter(({ frame }) => frames.has(frame)).slice(0, PAGES_MAX);
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
  const own = unique.find(({ area }) => area === 'own');
  const pages = [...mapped, ...(own === undefined ? unique.slice(0, TOUCHED_MAX) : [own])];
  return { side: 'kernel', pid: KERNEL, name: 'kernel', pages, more: all.length - mapped.length };
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

function frameOf(machine: Machine, linear: number, pages: readonly StagePage[]): StageFrame {
  const sides = new Set(pages.filter(({ frame }) => frame === linear).map(({ side }) => side));
  const bytes = machine.guest.u8.slice(linear, linear + PAGE_SIZE);
  const kind = machine.inspect.frame(linear)?.kind ?? 'free';
  return { linear, kind, bytes, messages: messagesOn(machine, linear, pages), sides: [...sides] };
}

/** The parts of a frame that buffers in use fill, as the receiver's mapping says it. */
function messagesOn(machine: Machine, linear: number, pages: readonly StagePage[]): StageFrame['messages'] {
  const page = pages.find(({ frame, area }) => frame === linear && area === 'mapping');
  const proc = machine.inspect.procs().find((one) => one.pid === page?.pid && one.mapping.mapped);
  if (!page || proc === undefined) return [];
  const start = Number(page.address) - proc.mapping.userBase;
  return machine.inspect.buffers(proc).flatMap((buffer) => {
    if (buffer.free) return [];
    const [from, to] = [Math.max(0, buffer.offset - start), Math.min(PAGE_SIZE, buffer.offset + buffer.size - start)];
    return from < to ? [{ from, to, transaction: buffer.id }] : [];
  });
}
