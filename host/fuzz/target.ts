/** A machine that programs run on, one after another, each from the boot on. */
import { Machine } from '../machine.ts';
import type { Snapshot } from '../snapshot.ts';
import { type Parts, performInput } from '../steps.ts';
import type { Journal, JournalHeader, StepInput } from '../trace/journal.ts';
import { BinderlabError } from '../wire/error.ts';
import { INPUTS, journalFields, machineFields } from '../wire/operations.ts';
import type { Strategy } from '../wire/strategy.ts';
import type { FuzzStep } from './steps.ts';

export interface TargetOptions {
  readonly wasm: WebAssembly.Module;
  readonly strategy: Strategy;
  /** MiB. */
  readonly memory: number;
}

export class Target {
  readonly machine: Machine;
  readonly #start: Snapshot;
  readonly #frames: number;
  /** Whether a program has begun, so that the machine is not as it was at boot. */
  #isUsed = false;

  constructor(readonly options: TargetOptions) {
    this.machine = bootTarget(options);
    this.#frames = this.machine.freeFrames();
    this.#start = this.machine.snapshot();
  }

  get parts(): Parts {
    return this.machine.parts;
  }

  /** Back to the boot. */
  reset(): void {
    if (this.#isUsed) this.machine.restore(this.#start);
    this.#isUsed = true;
  }

  /**
   * Performs a step. @param done Called with what the call returned.
   *
   * @returns Whether the host did it. It refuses impossible steps, which is no fault; it may have done a part of one.
   * @throws any other error: a fault of the emulator.
   */
  tries({ op, by, input }: FuzzStep, done: (returned: unknown) => void = () => {}): boolean {
    let returned: unknown;
    try {
      returned = performInput(this.machine.parts, op, by, input);
    } catch (error) {
      if (error instanceof BinderlabError) return false;
      throw error;
    }
    done(returned);
    return true;
  }

  /** Ends all processes. @returns What they left behind; null for nothing. */
  leftBehind(): string | null {
    const { machine } = this;
    machine.end();
    machine.check();
    const frames = this.#frames - machine.freeFrames();
    const objects = machine.liveObjects();
    if (frames === 0 && objects === 0) return null;
    return `when all processes had ended, ${frames} frames and ${objects} objects were left`;
  }
}

/** The machine of a program's journal. */
export function bootTarget({ wasm, strategy, memory }: TargetOptions, header?: JournalHeader): Machine {
  const options = { wasm, strategy, memoryMiB: memory, journal: false };
  return header === undefined ? Machine.boot({ ...options, name: 'fuzz' }) : Machine.fromHeader(header, options);
}

/** A step as journals have it. */
export function journaled({ op, by, input }: FuzzStep): StepInput {
  const fields = journalFields(INPUTS[op].values(), input);
  return (by === null ? { op, in: fields } : { op, by, in: fields }) as StepInput;
}

/** A journal's step as the machine has it. */
export function fuzzStepOf({ op, by, in: input }: StepInput): FuzzStep {
  return { op, by: by ?? null, input: machineFields(INPUTS[op].values(), input) };
}

/** The journal of steps, as far as the machine performs them. */
export function journalOf(options: TargetOptions, steps: readonly FuzzStep[], name: string, desc: string): Journal {
  const { wasm, strategy, memory: memoryMiB } = options;
  const machine = Machine.boot({ wasm, strategy, memoryMiB, journal: true, name, description: desc });
  const { header } = machine.journal;
  const made = [];
  for (const step of steps) {
    const input = journaled(step);
    try {
      made.push(machine.perform(input));
    } catch (error) {
      made.push({ ...input, i: made.length } as Journal['steps'][number]);
      if (!(error instanceof BinderlabError)) break;
    }
  }
  const { procs } = machine.journal.header;
  return { header: { ...header, procs, steps: made.length }, steps: made };
}
