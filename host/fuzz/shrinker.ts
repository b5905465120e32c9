/**
 * Shrinks a program that shows a fault: leaves out processes, ranges of steps, commands of streams, bytes of payloads, while
 * the same fault shows. It does not know what the program does; the caller's judge decides.
 */

import type { Journal, StepInput, StepInputOf } from '../trace/journal.ts';
import { u32At } from '../wire/endian.ts';
import { bytesOfHex, hexOfBytes } from '../wire/hex.ts';
import { payloadSize } from '../wire/words.ts';

/** A try that shows the fault: its journal ends with the step that differs. */
export interface Shown {
  readonly journal: Journal;
  readonly steps: readonly StepInput[];
}

interface ShrinkOptions {
  /** Whether the steps show the fault, and in which journal. */
  judge(steps: readonly StepInput[]): Promise<Shown | null>;
  /** A cheap test whether steps could show it. */
  mayShow?(steps: readonly StepInput[]): boolean;
  /** Called with each smaller program. */
  improved?(shown: Shown): void;
  /** Whether the time is up. */
  isOver(): boolean;
}

export class Shrinker {
  #best: Shown;
  #tries = 0;
  readonly #options: ShrinkOptions;

  constructor(shown: Shown, options: ShrinkOptions) {
    this.#best = shown;
    this.#options = options;
  }

  /** Runs of the judge. */
  get tries(): number {
    return this.#tries;
  }

  /** Shrinks until nothing more can be removed, or the time is up. */
  async run(): Promise<Shown> {
    await this.#dropProcesses();
    await this.#dropStretches();
    for (let smaller = true; smaller && !this.#options.isOver(); ) {
      smaller = (await this.#simplifySteps()) && (await this.#dropSingles());
    }
    return this.#best;
  }

  async #try(steps: readonly StepInput[]): Promise<boolean> {
    if (this.#options.isOver() || this.#options.mayShow?.(steps) === false) return false;
    this.#tries++;
    const shown = await this.#options.judge(steps);
    if (shown === null) return false;
    this.#best = shown;
    this.#options.improved?.(shown);
    return true;
  }

  async #dropProcesses(): Promise<void> {
    const made = this.#best.steps.flatMap((step) => (step.op === 'proc' || step.op === 'fork' ? [step.in.name] : []));
    for (const name of made.reverse()) {
      const rest = this.#best.steps.filter((step) => !isOf(step, name));
      if (rest.length < this.#best.steps.length) await this.#try(rest);
    }
  }

  /** Ranges of falling length, from the end to the start. */
  async #dropStretches(): Promise<void> {
    for (let size = this.#best.steps.length >> 1; size >= 1; size >>= 1) {
      for (let from = this.#best.steps.length - 1 - size; from > -size; from -= size) {
        await this.#tryWithout(Math.max(0, from), size);
        from = Math.min(from, this.#best.steps.length - 1);
        if (this.#options.isOver()) return;
      }
    }
  }

  /** Single steps, again and again until none can go. */
  async #dropSingles(): Promise<boolean> {
    let any = false;
    for (let again = true; again && !this.#options.isOver(); ) {
      again = false;
      for (let at = this.#best.steps.length - 2; at >= 0; at--) {
        if (await this.#tryWithout(at, 1)) again = true;
      }
      any ||= again;
    }
    return any;
  }

  #tryWithout(from: number, count: number): Promise<boolean> {
    const { steps } = this.#best;
    if (from + count >= steps.length) return Promise.resolve(false);
    return this.#try([...steps.slice(0, from), ...steps.slice(from + count)]);
  }

  /** Replaces each step by simpler ones. */
  async #simplifySteps(): Promise<boolean> {
    let any = false;
    for (let at = this.#best.steps.length - 1; at >= 0; at = Math.min(at, this.#best.steps.length) - 1) {
      for (let again = true; again && !this.#options.isOver(); ) {
        again = false;
        const step = this.#best.steps[at];
        if (step === undefined) break;
        for (const simpler of simplerSteps(step)) {
          const { steps } = this.#best;
          again = await this.#try([...steps.slice(0, at), simpler, ...steps.slice(at + 1)]);
          any ||= again;
          if (again) break;
        }
      }
    }
    return any;
  }
}

/** Whether a step creates a process, is made by one of its threads, or acts on it. */
function isOf(step: StepInput, name: string): boolean {
  const isThread = (thread: string) => thread.slice(0, thread.lastIndexOf('.')) === name;
  if (step.by !== undefined && isThread(step.by)) return true;
  if (step.op === 'proc' || step.op === 'fork') return step.in.name === name;
  if (step.op === 'kill') return step.in.proc === name;
  return (step.op === 'signal' || step.op === 'await') && isThread(step.in.thread);
}

/** Simpler forms of a step, the simplest first. */
export function simplerSteps(step: StepInput): StepInput[] {
  switch (step.op) {
    case 'wr':
      return simplerWrites(step);
    case 'peek':
    case 'fill':
      return shorter(step.in.len).map((len) => ({ ...step, in: { ...step.in, len } }) as StepInput);
    case 'poke':
      return shorter(step.in.bytes.length / 2).map((len) => ({
        ...step,
        in: { ...step.in, bytes: step.in.bytes.slice(0, 2 * len) },
      }));
    default:
      return [];
  }
}

/** Lengths to try in place of one. */
function shorter(length: number): number[] {
  return [8, (length >> 1) & ~7, length - 8].filter((less, at, all) => {
    return less > 0 && less < length && all.indexOf(less) === at;
  });
}

function simplerWrites(step: StepInputOf<'wr'>): StepInputOf<'wr'>[] {
  const { poke, write_size, read_size } = step.in;
  const simpler: Partial<StepInputOf<'wr'>['in']>[] = [];
  if (read_size > 0 && write_size > 0) simpler.push({ read_size: 0 });
  if (poke.length > 2 * write_size) simpler.push({ poke: poke.slice(0, 2 * write_size) });
  for (const { at, size } of commandsOf(poke, write_size)) {
    const stream = poke.slice(0, 2 * at) + poke.slice(2 * (at + size), 2 * write_size);
    const rest = poke.slice(2 * write_size);
    const filler = rest === '' ? '' : '00'.repeat(size);
    simpler.push({ poke: stream + filler + rest, write_size: write_size - size });
    for (const less of lessData(poke, at, size)) simpler.push({ poke: less });
  }
  const end = poke.length / 2;
  if (end - write_size > 64) simpler.push({ poke: poke.slice(0, 2 * (end - ((end - write_size) >> 1))) });
  if (end - write_size > 8) simpler.push({ poke: poke.slice(0, 2 * (end - 8)) });
  return simpler.map((change) => ({ ...step, in: { ...step.in, ...change } }));
}

interface Piece {
  readonly at: number;
  readonly size: number;
}

/** Commands of a stream, the last first. */
function commandsOf(poke: string, writeSize: number): Piece[] {
  const bytes = bytesOfHex(poke);
  const pieces: Piece[] = [];
  for (let at = 0; at + 4 <= Math.min(bytes.length, writeSize); ) {
    const size = 4 + payloadSize(u32At(bytes, at));
    if (at + size > Math.min(bytes.length, writeSize)) break;
    pieces.unshift({ at, size });
    at += size;
  }
  return pieces;
}

/** Offsets of data_size and offsets_size in a transaction. */
const SIZES = [4 + 32, 4 + 40];
/** Bytes of a transaction with its word. */
const TRANSACTION_BYTES = 68;

/** A stream with less data, or fewer offsets, in the transaction at `at`. */
function lessData(poke: string, at: number, size: number): string[] {
  if (size < TRANSACTION_BYTES) return [];
  const bytes = bytesOfHex(poke);
  return SIZES.flatMap((field) => {
    const old = u32At(bytes, at + field);
    if (u32At(bytes, at + field + 4) !== 0) return [];
    return [0, 8, (old >> 1) & ~7, old - 8].flatMap((less) => {
      if (less < 0 || less >= old) return [];
      const changed = bytes.slice();
      new DataView(changed.buffer).setUint32(at + field, less, true);
      return [hexOfBytes(changed)];
    });
  });
}
