/**
 * Keeps the journal of a running machine: turns what the kernel's steps tell (numbers, bytes) into the text of
 * journals (hex strings, snake_case), and adds the words for people.
 */
import type { Call } from '../kernel/call.ts';
import { hexOfAddress, hexOfBytes } from '../kernel/hex.ts';
import type { Choice, Observer, Task } from '../kernel/system.ts';
import { commandWords, returnWords } from '../kernel/words.ts';
import type { WriteRead } from '../kernel/writeread.ts';
import type { JournalProcess, Op, Output, Step, Woken } from './journal.ts';

type Fields = Record<string, unknown>;

/** A step while it is being made; `Step` tells the shape of each operation's. */
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
  sched?: readonly Choice[];
}

/** Inputs that are numbers in the machine and "0x..." in journals. */
const ADDRESS_FIELDS: Readonly<Partial<Record<Op, readonly string[]>>> = {
  poke: ['addr'],
  fill: ['addr'],
  peek: ['addr'],
  mmap: ['addr', 'flags'],
  munmap: ['addr'],
  read: ['addr'],
  write: ['addr'],
  mprotect: ['addr'],
  ioctl: ['cmd', 'arg'],
  wr: ['arg', 'wbuf', 'rbuf'],
};

export class Recorder implements Observer {
  /** The steps so far, oldest first. */
  readonly steps: Step[] = [];
  /** The processes that the steps made. */
  readonly procs: JournalProcess[] = [];
  #open: OpenStep | null = null;
  #bc: string[] | undefined;
  #woken: { task: Task; entry: Woken }[] = [];

  /**
   * @param keep Whether to keep all steps, or the last one alone.
   * @param tell Called with each step that is over.
   */
  constructor(
    private readonly keep: boolean,
    private readonly tell: (step: Step) => void,
  ) {}

  /** The step that ended last. */
  get last(): Step | undefined {
    return this.steps[this.steps.length - 1];
  }

  begin(step: number, op: string, by: string | null, input: object, sched: readonly Choice[]): void {
    const journalOp = op as Op;
    this.#open = { i: step, op: journalOp, ...(by === null ? {} : { by }), in: inputText(journalOp, input as Fields) };
    if (sched.length > 0) this.#open.sched = sched;
    this.#woken = [];
    this.#bc = op === 'wr' ? commandsOf(input as WriteRead) : undefined;
  }

  woken(task: Task, call: Call): void {
    const { out, br } = outputText(call.output());
    const entry = { by: task.name, i: call.step, out, ...(br ? { br } : {}), order: this.#woken.length };
    this.#woken.push({ task, entry: entry as unknown as Woken });
  }

  end(output: object | null): void {
    const open = this.#begun();
    if (output !== null) {
      const { out, br } = outputText(output);
      if (open.op === 'mmap' && (out.ret as number) >= 0) out.ret = hexOfAddress(out.ret as number);
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

  /** Forgets the steps from number `step` on: they have not happened any more. */
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

function inputText(op: Op, input: Fields): Fields {
  const text = fieldText(input);
  for (const field of ADDRESS_FIELDS[op] ?? []) text[field] = hexOfAddress(text[field] as number);
  return text;
}

function outputText(output: object): { out: Fields & Output; br: string[] | undefined } {
  const { read } = output as { read?: Uint8Array };
  const br = read !== undefined && read.length > 0 ? returnWords(read) : undefined;
  return { out: fieldText(output as Fields) as Fields & Output, br };
}

function fieldText(fields: Fields): Fields {
  const text: Fields = {};
  for (const name in fields) {
    const value = fields[name];
    text[snakeCase(name)] = value instanceof Uint8Array ? hexOfBytes(value) : value;
  }
  return text;
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
