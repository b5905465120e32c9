/**
 * Makes entries of steps, the same that a machine records when it performs them. A step that these entries cannot say to
 * the letter, as one with unknown fields, becomes an entry of its text.
 */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { FileSink } from '../wasm/filesink.ts';
import { bytesOfHex } from '../wire/hex.ts';
import { INPUTS, machineFields, type Op, OUTPUTS } from '../wire/operations.ts';
import { BinaryWriter } from './binaryjournal.ts';
import { ENTRY, EntryWriter, NO_ACTOR } from './entries.ts';
import type { Journal, Output, Step, Woken, WriteReadOutput } from './journal.ts';
import { formatHeader, formatStep } from './journaltext.ts';
import type { BlockWriter } from './recorder.ts';
import { joined, stepOf } from './stepreader.ts';

/** A block is complete at this size, bytes. */
const BLOCK_SIZE = 32 * 1024;

/** Writes a whole journal in the binary form. */
export function writeBinaryJournal(journal: Journal, file: FileSink): void {
  const header = formatHeader({ ...journal.header, steps: journal.steps.length });
  const writer = new BinaryWriter(file, header);
  const steps = new StepWriter(writer);
  for (const step of journal.steps) steps.add(step);
  steps.end();
  writer.end(header);
}

class StepWriter {
  /** Names of threads, by number. */
  readonly #names: string[] = [];
  /** The number that a name has now. */
  readonly #numbers = new Map<string, number>();
  /** The operations in which threads sleep. */
  readonly #asleep = new Map<string, Op>();
  readonly #entry = new EntryWriter();
  #entries: Uint8Array[] = [];
  #length = 0;
  #first = 0;
  #count = 0;

  constructor(private readonly out: BlockWriter) {}

  add(step: Step): void {
    if (step.i !== this.#first + this.#count) this.#flush(step.i);
    const entries = this.#entriesOf(step, formatStep(step));
    this.#entries.push(entries);
    this.#length += entries.length;
    this.#count++;
    if (this.#length >= BLOCK_SIZE) this.#flush(step.i + 1);
  }

  end(): void {
    this.#flush(this.#first + this.#count);
  }

  #flush(next: number): void {
    if (this.#length > 0) {
      this.out.write({ first: this.#first, steps: this.#count, entries: joined(this.#entries) }, this.#names);
    }
    this.#entries = [];
    this.#length = 0;
    this.#first = next;
    this.#count = 0;
  }

  /** @param line The step as a line of JSON. */
  #entriesOf(step: Step, line: string): Uint8Array {
    const entries: Uint8Array[] = [];
    try {
      this.#encode(step, (entry) => entries.push(entry.end().slice()));
      const all = joined(entries);
      if (formatStep(stepOf({ i: step.i, entries: all }, this.#names)) === line) return all;
    } catch {
      // a value that no field can have
    }
    return this.#entry.begin(ENTRY.TEXT).field(line).end().slice();
  }

  #encode(
    { op, by, in: input, out, woken = [], sched = [], klog = [] }: Step,
    put: (entry: EntryWriter) => void,
  ): void {
    const entry = this.#entry;
    const actor = by === undefined ? NO_ACTOR : this.#number(by);
    put(entry.begin(ENTRY.STEP).u32(actor).input(op, machineFields(INPUTS[op].values(), input)));
    this.#introduce({ op, in: input, out } as Step);
    if (out !== undefined) put(entry.begin(ENTRY.OUTPUT).output(op, machineOutput(op, out)));
    else if (by !== undefined) this.#asleep.set(by, op);
    const ranked = woken.map((one, rank) => ({ one, rank })).sort((a, b) => a.one.order - b.one.order);
    for (const { one, rank } of ranked) this.#woken(one, rank, put);
    if (sched.length > 0) put(entry.begin(ENTRY.CHOICES).choices(sched));
    if (klog.length > 0) put(entry.begin(ENTRY.KLOG).texts(klog));
  }

  /** Numbers the threads that a step makes. */
  #introduce({ op, in: input, out }: Step): void {
    if (op === 'proc' || (op === 'fork' && (out?.ret ?? -1) >= 0)) this.#name(`${input.name}.0`);
    else if (op === 'spawn' && (out?.ret ?? -1) >= 0) this.#name(input.thread);
  }

  #woken({ by, i, out }: Woken, rank: number, put: (entry: EntryWriter) => void): void {
    const op = this.#asleep.get(by) as Op;
    const { ret, read, write_consumed, read_consumed, read_over } = out as WriteReadOutput;
    const entry = this.#entry;
    const isRecorded =
      op === 'wr' && ret === 0 && read?.length === 2 * (read_consumed ?? 0) && (read_consumed ?? 0) <= PAGE_SIZE;
    const begin = (kind: number) => entry.begin(kind).u32(this.#number(by)).u32(i).u32(rank);
    if (!isRecorded) {
      put(begin(ENTRY.WOKEN).output(op, machineOutput(op, out)));
      return;
    }
    put(begin(ENTRY.WOKEN_RESULT).record(write_consumed ?? 0, read_consumed ?? 0, bytesOfHex(read)));
    if (read_over !== undefined) put(entry.begin(ENTRY.OVER).field(bytesOfHex(read_over)));
  }

  #number(name: string): number {
    return this.#numbers.get(name) ?? this.#name(name);
  }

  #name(name: string): number {
    const number = this.#names.push(name) - 1;
    this.#numbers.set(name, number);
    return number;
  }
}

function machineOutput(op: Op, out: Output): object {
  return machineFields(OUTPUTS[op].values(), out);
}
