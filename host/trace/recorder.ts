/**
 * Keeps the journal of a running machine. Turns the values of the kernel's steps (numbers, bytes) into the format of
 * journals (hex strings, snake_case), and adds the text for people.
 */
import type { Call } from '../os/call.ts';
import type { Observer, ScheduleChoice, Task } from '../os/system.ts';
import type { WriteRead } from '../os/writeread.ts';
import type { Field } from '../wire/kinds.ts';
import { INPUTS, type Op, OUTPUTS } from '../wire/operations.ts';
import { commandWords, returnWords } from '../wire/words.ts';
import type { JournalProcess, Output, Step, Woken } from './journal.ts';

type Fields = Record<string, unknown>;

/** A step in progress; `Step` has the exact type for each operation. */
interface OpenStep {
  i: number;
  op: Op;
  by?: string;
  in: Fields;
  parked?: true;
  out?: Fields;
  br?: string[];
  woken?: Woken[];
  bc?: string[];
  sched?: readonly ScheduleChoice[];
}

/** Fields by their names in journals. */
type Known = ReadonlyMap<string, Field>;

/** Outputs of the calls that may sleep. */
const SLEEPERS: Known = new Map([OUTPUTS.wr, OUTPUTS.ioctl, OUTPUTS.poll].flatMap((fields) => [...fields]));

export class Recorder implements Observer {
  /** The steps so far, oldest first. */
  readonly steps: Step[] = [];
  /** The processes that the steps made. */
  readonly procs: JournalProcess[] = [];
  #open: OpenStep | null = null;
  #bc: string[] | undefined;
  #woken: { task: Task; entry: Woken }[] = [];

  /**
   * @param keep Whether to keep all steps, or only the last one.
   * @param tell Called with each completed step.
   */
  constructor(
    private readonly keep: boolean,
    private readonly tell: (step: Step) => void,
  ) {}

  /** The step that ended last. */
  get last(): Step | undefined {
    return this.steps[this.steps.length - 1];
  }

  begin(step: number, op: Op, by: string | null, input: object, sched: readonly ScheduleChoice[]): void {
    this.#open = { i: step, op, ...(by === null ? {} : { by }), in: fieldText(INPUTS[op], input as Fields) };
    if (sched.length > 0) this.#open.sched = sched;
    this.#woken = [];
    this.#bc = op === 'wr' ? commandsOf(input as WriteRead) : undefined;
  }

  woken(task: Task, call: Call): void {
    const { out, br } = outputText(SLEEPERS, call.output());
    const entry = { by: task.name, i: call.step, out, ...(br ? { br } : {}), order: this.#woken.length };
    this.#woken.push({ task, entry: entry as unknown as Woken });
  }

  end(output: object | null): void {
    const open = this.#begun();
    if (output !== null) {
      const { out, br } = outputText(OUTPUTS[open.op], output);
      open.out = out;
      if (br) open.br = br;
    }
    this.#close(open);
  }

  park(): void {
    const open = this.#begun();
    open.parked = true;
    this.#close(open);
  }

  /** Removes the steps from number `step` on. */
  rewind(step: number): void {
    const kept = this.steps.filter(({ i }) => i < step);
    this.steps.length = 0;
    this.procs.length = 0;
    for (const earlier of kept) {
      this.steps.push(earlier);
      this.#noteProcess(earlier);
    }
  }

  #begun(): OpenStep {
    if (this.#open === null) throw new Error('a step ended that had not begun');
    return this.#open;
  }

  #close(open: OpenStep): void {
    this.#open = null;
    if (this.#woken.length > 0) {
      this.#woken.sort((a, b) => a.task.seat - b.task.seat);
      open.woken = this.#woken.map(({ entry }) => entry);
    }
    if (this.#bc !== undefined) open.bc = this.#bc;
    const step = open as unknown as Step;
    if (!this.keep) this.steps.length = 0;
    this.steps.push(step);
    this.#noteProcess(step);
    this.tell(step);
  }

  #noteProcess(step: Step): void {
    if (step.op === 'proc') {
      const { name, pid, uid } = step.in;
      this.procs.push({ name, pid, uid, threads: [{ name: `${name}.0`, tid: pid }] });
    } else if (step.op === 'spawn') {
      this.#processOf(step.by)?.threads.push({ name: step.in.thread, tid: step.in.tid });
    } else if (step.op === 'fork') {
      const parent = this.#processOf(step.by);
      const { name, pid } = step.in;
      const forked = parent === undefined ? {} : { forked_from: parent.name };
      this.procs.push({ name, pid, uid: parent?.uid ?? 0, ...forked, threads: [{ name: `${name}.0`, tid: pid }] });
    }
  }

  #processOf(thread: string): JournalProcess | undefined {
    return this.procs.find(({ threads }) => threads.some(({ name }) => name === thread));
  }
}

function commandsOf({ poke, writeConsumed, writeSize }: WriteRead): string[] | undefined {
  return writeSize > writeConsumed ? commandWords(poke, writeConsumed, writeSize) : undefined;
}

function outputText(known: Known, output: object): { out: Fields & Output; br: string[] | undefined } {
  const { read } = output as { read?: Uint8Array };
  const br = read !== undefined && read.length > 0 ? returnWords(read) : undefined;
  return { out: fieldText(known, output as Fields) as Fields & Output, br };
}

function fieldText(known: Known, fields: Fields): Fields {
  const text: Fields = {};
  for (const name in fields) {
    const value = fields[name];
    const spelled = snakeCase(name);
    const kind = value === undefined || value === null ? undefined : known.get(spelled)?.kind;
    text[spelled] = kind === undefined ? value : kind.toJournal(value);
  }
  return text;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
