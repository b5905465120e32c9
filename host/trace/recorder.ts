/**
 * Keeps the journal of a running machine: as entries of the step log, which are taken away in blocks. No step becomes an
 * object before a tool reads it.
 */
import { RESULT_ACTOR, RESULT_RANK, RESULT_RECORD, RESULT_STEP } from '../../assembly/abi/machine.ts';
import type { Call } from '../os/call.ts';
import type { Observer, ScheduleChoice, System, Task } from '../os/system.ts';
import { BinderlabError } from '../wire/error.ts';
import type { InputOf, Op } from '../wire/operations.ts';
import type { LogChunk } from '../wire/steplog.ts';
import { ENTRY, EntryWriter, NO_ACTOR } from './entries.ts';
import type { JournalProcess, Step } from './journal.ts';
import { type Block, joined, offsetOf, stepOf, stepsIn } from './stepreader.ts';

// Offsets in the entry of a woken thread. Local copies: V8 looks up an imported constant at every use.
const ACTOR = RESULT_ACTOR;
const STEP = RESULT_STEP;
const RANK = RESULT_RANK;
const RECORD = RESULT_RECORD;

/** Bytes of a journal in memory. */
const BYTES_MAX = 1 << 30;
const FULL =
  'the journal in memory is full: 1 GiB. Keep it in a file (keepJournal({ file }), run --journal FILE.journal), or only the last steps.';

/** Where blocks go as they are taken away. */
export interface BlockWriter {
  /** @param names Names of all threads so far, by number. */
  write(block: Block, names: readonly string[]): void;
  /** Takes back the steps from that number on. */
  rewind(step: number): void;
  /** @returns Brings back what is written now, whatever is written or taken back until then. */
  save(): () => void;
}

/** A block that is kept. */
interface KeptBlock extends Block {
  /** Whether the block is one long entry, in memory of its own. */
  readonly isAlone: boolean;
}

/** A step that made a process or a thread. */
interface Making {
  readonly step: number;
  readonly op: Op;
  readonly by: string | null;
  readonly input: object;
}

/** The journal at one moment, for `restore`. The entries in the log are part of the machine's memory. */
export interface RecorderState {
  /** The journal that it is a moment of. */
  readonly journal: object;
  readonly blocks: readonly KeptBlock[];
  readonly kept: number;
  readonly bytes: number;
  readonly left: number;
  readonly first: number;
  readonly count: number;
  readonly block: number;
  readonly offset: number;
  readonly makings: readonly Making[];
  readonly rewrite: (() => void) | null;
}

/** A woken thread: its seat, and the place of its entry. */
interface Place {
  readonly seat: number;
  readonly chunk: LogChunk;
  readonly address: number;
}

/** The writer of a step's entries, and the blocks that are kept of them. */
export class Recorder implements Observer {
  /** Called with each step when it is over; null without a listener. */
  listener: ((step: Step) => void) | null = null;
  readonly #entry = new EntryWriter();
  /** Blocks that are kept, and those that the current step needs. */
  #blocks: KeptBlock[] = [];
  /** Steps that begin in the blocks. */
  #kept = 0;
  /** Number of the first step that begins in the log, and how many do. */
  #first = 0;
  #count = 0;
  /** Where the current step begins: number of its block (the log comes after all blocks), and the offset there. */
  #block = 0;
  #offset = 0;
  #isOpen = false;
  readonly #woken: Place[] = [];
  /** The choices that led to the current step. */
  #sched: readonly ScheduleChoice[] = [];
  #makings: Making[] = [];
  /** Lines of the kernel log before the current step; null while steps have none. */
  #printed: number | null = null;
  /** How many steps to keep at least. */
  #limit = 0;
  /** How many bytes to keep of them. */
  #limitBytes = Number.POSITIVE_INFINITY;
  /** Steps of the journal that have left the log. */
  #left = 0;
  #writer: BlockWriter | null = null;
  /** Bytes of all blocks. */
  #bytes = 0;
  /** What a moment of the journal is known by. */
  #journal: object = {};
  /** The journal before its first step; null before there was one. */
  #beginning: RecorderState | null = null;
  /** Blocks of saved moments: their memory is not used again. */
  readonly #saved = new WeakSet<KeptBlock>();

  /** @param bytesMax Bytes of blocks that are kept at most. */
  constructor(
    private readonly system: System,
    private readonly bytesMax = BYTES_MAX,
  ) {}

  /**
   * Begins a new journal.
   *
   * @param limit How many steps to keep at least.
   * @param writer Gets all blocks, and keeps them.
   * @param limitBytes How many bytes to keep of the steps at most; the last one is kept whatever its size.
   */
  start(limit: number, writer: BlockWriter | null = null, limitBytes = Number.POSITIVE_INFINITY): void {
    const { stepLog, nextStep } = this.system;
    stepLog.detach();
    stepLog.onDetach = (entries, isAlone) => this.#take(entries, isAlone);
    this.#limit = limit;
    this.#limitBytes = limitBytes;
    this.#writer = writer;
    this.#blocks.length = 0;
    this.#bytes = 0;
    this.#makings.length = 0;
    this.#kept = 0;
    this.#first = nextStep;
    this.#left = 0;
    this.#count = 0;
    this.#isOpen = false;
    this.keepKernelLog(this.#printed !== null);
    this.#journal = {};
    this.#beginning = this.save();
  }

  /** Ends it. The writer has all of it then, but for a step that is not over. */
  stop(): void {
    if (this.#isOpen) this.#abandon();
    this.system.stepLog.detach();
    this.system.stepLog.onDetach = null;
  }

  begin(step: number, op: Op, by: Task | null, input: object, sched: readonly ScheduleChoice[]): void {
    const actor = by === null ? NO_ACTOR : by.number;
    const bytes = this.#entry.begin(ENTRY.STEP).u32(actor).input(op, input).end();
    this.system.stepLog.reserve(bytes.length);
    this.call(step, sched);
    this.system.stepLog.append(bytes);
    if (op === 'proc' || op === 'spawn' || op === 'fork') {
      this.#makings.push({ step, op, by: by === null ? null : by.name, input });
    }
  }

  call(step: number, sched: readonly ScheduleChoice[]): void {
    const { stepLog } = this.system;
    if (this.#isOpen) this.#abandon();
    if (step !== this.#first + this.#count) this.#skipTo(step);
    stepLog.detachFull();
    if (this.#blocks.length > 0) this.#drop();
    if (this.#bytes > this.bytesMax) throw new BinderlabError(FULL);
    this.#block = this.#blocks.length;
    this.#offset = stepLog.length;
    this.#isOpen = true;
    if (this.#printed !== null) this.#printed = this.system.kernelLog.head;
    this.#woken.length = 0;
    this.#count++;
    this.#sched = sched;
  }

  result(task: Task, call: Call, record: number, isOwn: boolean): void {
    const { stepLog } = this.system;
    let place: readonly [chunk: LogChunk, address: number];
    if (record === 0) {
      const entry = this.#entry.begin(isOwn ? ENTRY.OUTPUT : ENTRY.WOKEN);
      if (!isOwn) entry.u32(task.number).u32(call.step).u32(0);
      place = this.#append(entry.output(call.op, call.output()));
    } else {
      const { chunk } = stepLog;
      const address = record - RECORD;
      place = [chunk, address];
      if (!isOwn) {
        chunk.set(address, chunk.get(address) ^ (ENTRY.RESULT ^ ENTRY.WOKEN_RESULT));
        chunk.set(address + ACTOR, task.number);
        chunk.set(address + STEP, call.step);
      }
      const { over } = call;
      if (over.length > 0) this.#append(this.#entry.begin(ENTRY.OVER).field(over));
    }
    if (!isOwn) this.#woken.push({ seat: task.seat, chunk: place[0], address: place[1] });
  }

  end(op: Op, output: object | null): void {
    if (output !== null) this.#append(this.#entry.begin(ENTRY.OUTPUT).output(op, output));
    if (this.#woken.length > 1) this.#rank();
    if (this.#sched.length > 0) this.#append(this.#entry.begin(ENTRY.CHOICES).choices(this.#sched));
    if (this.#printed !== null) this.#printedLines(this.#printed);
    this.#isOpen = false;
    this.listener?.(this.last as Step);
  }

  /** Whether later steps have the lines of the kernel log that the driver prints during them. */
  keepKernelLog(keep: boolean): void {
    this.#printed = keep ? this.system.kernelLog.head : null;
  }

  /** The step that ended last. */
  get last(): Step | null {
    const entries = this.lastEntries;
    return entries.length === 0 ? null : stepOf({ i: this.system.nextStep - 1, entries }, this.system.threadNames);
  }

  /** Its entries; good until the next step. */
  get lastEntries(): Uint8Array {
    const { stepLog } = this.system;
    if (this.#block === this.#blocks.length) return stepLog.entries(this.#offset);
    const parts = this.#blocks.slice(this.#block).map(({ entries }) => entries);
    return joined([(parts[0] as Uint8Array).subarray(this.#offset), ...parts.slice(1), stepLog.entries()]);
  }

  /** The kept steps, oldest first. */
  get steps(): Step[] {
    const { stepLog, threadNames } = this.system;
    const log = { first: this.#first, steps: this.#count, entries: stepLog.entries() };
    const steps = [...stepsIn([...this.#blocks, log], threadNames)];
    if (this.#isOpen) steps.pop();
    return steps.slice(-this.#limit);
  }

  /** Number of steps in the whole journal, without one that is not over. */
  get count(): number {
    return this.#left + this.#count - (this.#isOpen ? 1 : 0);
  }

  /** Hands over what the log holds. */
  flush(): void {
    this.system.stepLog.detach();
  }

  /** The processes that the steps made. */
  get procs(): JournalProcess[] {
    const procs: JournalProcess[] = [];
    const processOf = (by: string | null) => procs.find(({ threads }) => threads.some(({ name }) => name === by));
    for (const { op, by, input } of this.#makings) {
      const { name, pid, uid, thread, tid } = input as InputOf<'proc'> & InputOf<'spawn'>;
      const parent = processOf(by);
      const threads = [{ name: `${name}.0`, tid: pid }];
      if (op === 'spawn') parent?.threads.push({ name: thread, tid });
      else if (op === 'proc') procs.push({ name, pid, uid, threads });
      else procs.push({ name, pid, uid: parent?.uid ?? 0, ...(parent && { forked_from: parent.name }), threads });
    }
    return procs;
  }

  /** The journal now, for `restore`. */
  save(): RecorderState {
    for (const block of this.#blocks) if (block.isAlone) this.#saved.add(block);
    return {
      journal: this.#journal,
      blocks: [...this.#blocks],
      kept: this.#kept,
      bytes: this.#bytes,
      left: this.#left,
      first: this.#first,
      count: this.#count,
      block: this.#block,
      offset: this.#offset,
      makings: [...this.#makings],
      rewrite: this.#writer?.save() ?? null,
    };
  }

  /**
   * Returns to a saved moment, earlier or later, after the machine did. A moment of another journal empties this
   * one: it begins there.
   *
   * @param step Number of the next step.
   */
  restore(state: RecorderState | null, step: number): void {
    const { stepLog } = this.system;
    const isOwn = state?.journal === this.#journal;
    const to = (isOwn ? state : this.#beginning) as RecorderState;
    if (isOwn) stepLog.resume();
    else stepLog.forget();
    this.#blocks = [...to.blocks];
    this.#makings = [...to.makings];
    this.#kept = to.kept;
    this.#bytes = to.bytes;
    this.#left = to.left;
    this.#first = isOwn ? to.first : step;
    this.#count = to.count;
    this.#block = to.block;
    this.#offset = to.offset;
    this.#isOpen = false;
    to.rewrite?.();
    this.keepKernelLog(this.#printed !== null);
  }

  #append(entry: EntryWriter): readonly [LogChunk, number] {
    return this.system.stepLog.append(entry.end());
  }

  /** Takes over what the log held. Without an observer it holds results of steps that are not recorded. */
  #take(entries: Uint8Array, isAlone: boolean): void {
    const block = { first: this.#first, steps: this.#count, entries, isAlone };
    if (this.#limit > 0 || this.#isOpen) {
      this.#blocks.push(block);
      this.#bytes += entries.length;
      this.#kept += block.steps;
    }
    this.#left += block.steps;
    this.#first += block.steps;
    this.#count = 0;
    this.#writer?.write(block, this.system.threadNames);
  }

  /** Drops the oldest blocks that are not needed, or too large. */
  #drop(): void {
    const blocks = this.#blocks;
    for (let oldest = blocks[0]; oldest !== undefined; oldest = blocks[0]) {
      const left = this.#kept - oldest.steps;
      if (left < this.#limit && (this.#bytes <= this.#limitBytes || left < 1)) break;
      blocks.shift();
      this.#bytes -= oldest.entries.length;
      this.#kept = left;
      if (oldest.isAlone && !this.#saved.has(oldest)) this.system.stepLog.recycle(oldest.entries);
    }
  }

  /** The current step failed in the host, so it never was. */
  #abandon(): void {
    const step = this.#first + this.#count - 1;
    this.#isOpen = false;
    this.keepKernelLog(this.#printed !== null);
    this.system.stepLog.detach();
    this.#left -= Math.max(this.#first - step, 0);
    this.#cut(step);
    while ((this.#makings.at(-1)?.step ?? -1) >= step) this.#makings.pop();
    this.#writer?.rewind(step);
  }

  /** Numbers that no step has: those of steps that never were. */
  #skipTo(step: number): void {
    this.system.stepLog.detach();
    this.#first = step;
  }

  #cut(step: number): void {
    const blocks = this.#blocks;
    for (let block = blocks.pop(); block !== undefined; block = blocks.pop()) {
      this.#kept -= block.steps;
      this.#bytes -= block.entries.length;
      if (block.first > step) continue;
      const steps = Math.min(block.steps, step - block.first);
      const entries = block.entries.subarray(0, offsetOf(block, step));
      blocks.push({ ...block, steps, entries });
      this.#kept += steps;
      this.#bytes += entries.length;
      break;
    }
    this.#first = step;
    this.#count = 0;
  }

  /** @param from Number of lines before the step. */
  #printedLines(from: number): void {
    const { kernelLog } = this.system;
    const lines = kernelLog.lines(from);
    if (lines.length > 0) this.#append(this.#entry.begin(ENTRY.KLOG).texts(lines));
  }

  /** Journals list woken threads by their seats. */
  #rank(): void {
    for (const { seat, chunk, address } of this.#woken) {
      const rank = this.#woken.filter((other) => other.seat < seat).length;
      chunk.set(address + RANK, rank);
    }
  }
}
