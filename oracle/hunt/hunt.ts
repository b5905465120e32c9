/**
 * The hunt: programs made on the emulator run again on the kernel, and what first comes out differently is made small and
 * kept. Owns the loop and what counts as a finding; who runs programs on the kernel is given.
 */

import { type Shown, Shrinker } from '../../host/fuzz/shrinker.ts';
import type { Machine } from '../../host/machine.ts';
import type { Journal, JournalHeader, Step, StepInput } from '../../host/trace/journal.ts';
import { Cast, inputOf } from './cast.ts';
import { Coverage } from './coverage.ts';
import { bootFor, type HuntProgram, makeProgram, type Sources } from './program.ts';
import { BROKEN, type Departure, firstDeparture, REFUSED, signatureOf } from './verdict.ts';

/** Runs programs on the real driver: `Kernel` does. */
export interface Truth {
  run(program: { header?: Partial<JournalHeader>; steps: readonly StepInput[] }): Promise<Journal>;
}

/** The kernel failed after a number of steps: `KernelError` is one. */
export interface Interrupted {
  readonly journal: Journal | null;
}

export interface HuntOptions {
  readonly wasm: WebAssembly.Module;
  readonly sources: Sources;
  readonly truth: Truth;
  readonly seed: number;
  /** Limit of programs. */
  readonly programs: number;
  /** Milliseconds after which no further program begins. */
  readonly limitMs: number;
  /** Time limit for shrinking one finding, in milliseconds. */
  readonly shrinkMs: number;
  /** Look for further findings, of other signatures, after the first. */
  readonly keepGoing: boolean;
  /** Boots the tested emulator; default: that of `wasm`. */
  readonly boot?: (header: JournalHeader) => Machine;
  /** Milliseconds since some moment. */
  now(): number;
  /** Called with each finding, and whenever it has become smaller. */
  found(finding: Finding): void;
  /** Called after each program, and while shrinking. */
  progress(progress: HuntProgress): void;
}

export interface Finding {
  /** A file's name for it, without its ending. */
  readonly name: string;
  readonly seed: number;
  /** What program it was found with. */
  readonly program: string;
  readonly signature: string;
  /** The kernel's journal up to the step that differs; the emulator's own where that is what broke. */
  readonly journal: Journal;
  readonly departure: Departure;
  /** Steps of the program that it was found with. */
  readonly stepsBefore: number;
}

export interface HuntProgress {
  programs: number;
  steps: number;
  findings: number;
  /** What is being shrunk: steps left, and tries. */
  shrinking: { steps: number; tries: number } | null;
}

export interface HuntResult {
  programs: number;
  steps: number;
  findings: Finding[];
  /** Programs whose difference did not occur a second time. */
  unsteady: string[];
  /** Programs that the kernel could not finish. */
  interrupted: string[];
  coverage: Coverage;
}

/** How often the machine verifies itself while a program is compared. */
const CHECK_EVERY = 8;
/** Distance of the programs' seeds: hunts with neighbouring seeds share no program. */
const SEED_STRIDE = 0x9e3779b1;

/** Seed of the program with that number in a hunt. */
export function programSeed(seed: number, number: number): number {
  return (Math.imul(seed + 1, SEED_STRIDE) + Math.imul(number, 0x85ebca77)) >>> 0;
}

export class Hunt {
  readonly #options: HuntOptions;
  readonly #result: HuntResult;
  readonly #signatures = new Set<string>();

  constructor(options: HuntOptions) {
    this.#options = options;
    const coverage = new Coverage();
    this.#result = { programs: 0, steps: 0, findings: [], unsteady: [], interrupted: [], coverage };
  }

  async run(): Promise<HuntResult> {
    const { now, limitMs, programs, seed, wasm, sources, keepGoing } = this.#options;
    const end = now() + limitMs;
    for (let number = 0; number < programs && now() < end; number++) {
      const program = makeProgram(wasm, sources, programSeed(seed, number));
      await this.#judge(program);
      this.#result.programs++;
      this.#tell(null);
      if (this.#result.findings.length > 0 && !keepGoing) break;
    }
    return this.#result;
  }

  async #judge(program: HuntProgram): Promise<void> {
    const { header } = program;
    const steps = program.steps.map(inputOf);
    if (program.defect !== null) {
      this.#result.steps += steps.length;
      const judge = (tried: readonly StepInput[]) => this.#alone(header, tried);
      await this.#pursue(program, [...steps, program.defect.step], judge);
      return;
    }
    const shown = await this.#both(header, steps, (message) => {
      this.#result.interrupted.push(`${header.name}: ${message}`);
    });
    this.#result.steps += steps.length;
    this.#result.coverage.add(shown?.complete ?? program.steps);
    if (shown !== null && shown.departure !== null && !this.#signatures.has(shown.departure.signature)) {
      await this.#pursue(program, shown.steps, (tried) => this.#both(header, tried));
    }
  }

  /**
   * Runs steps on the kernel, and compares the emulator with it.
   *
   * @param interrupted Called when the kernel could not go on; what it did until then is compared all the same.
   */
  async #both(
    header: JournalHeader,
    steps: readonly StepInput[],
    interrupted?: (message: string) => void,
  ): Promise<Trial | null> {
    const { name, desc, seed, secctx } = header;
    const given = seed === undefined ? { name, desc, secctx } : { name, desc, seed, secctx };
    let journal: Journal | null;
    try {
      journal = await this.#options.truth.run({ header: given, steps });
    } catch (error) {
      if (!isInterrupted(error)) throw error;
      journal = error.journal;
      interrupted?.(error.message);
    }
    return journal === null ? null : this.#trial(journal, true);
  }

  /** Runs steps on the emulator only, which should break. */
  #alone(header: JournalHeader, steps: readonly StepInput[]): Promise<Trial | null> {
    const journal: Journal = { header, steps: steps.map((step, i) => ({ ...step, i }) as Step) };
    const cast = new Cast();
    const machine = this.#boot(header);
    const made: Step[] = [];
    for (const step of journal.steps) {
      if (!cast.allows(step)) continue;
      const input = inputOf(step);
      made.push({ ...input, i: made.length } as Step);
      try {
        cast.learn(machine.perform(input));
      } catch {
        break;
      }
    }
    return Promise.resolve(this.#trial({ header, steps: made }, false));
  }

  #trial(journal: Journal, isRecorded: boolean): Trial {
    const every = isRecorded ? CHECK_EVERY : 1;
    const departure = firstDeparture(journal, (header) => this.#boot(header), isRecorded, every);
    const complete = journal.steps;
    const kept = departure === null ? complete : complete.slice(0, departure.at + 1);
    const header = { ...journal.header, steps: kept.length };
    return { journal: { header, steps: kept }, steps: kept.map(inputOf), departure, complete };
  }

  /** Confirms a difference, shrinks it, and keeps it. */
  async #pursue(
    program: HuntProgram,
    steps: readonly StepInput[],
    run: (steps: readonly StepInput[]) => Promise<Trial | null>,
  ): Promise<void> {
    const { now, shrinkMs } = this.#options;
    const first = await run(steps);
    if (first === null || first.departure === null) {
      this.#result.unsteady.push(program.header.name);
      return;
    }
    const { signature } = first.departure;
    if (this.#signatures.has(signature)) return;
    this.#signatures.add(signature);
    const name = findingName(program, first.departure, first.steps.at(-1));
    const finding = (trial: Trial): Finding => ({
      name,
      seed: program.header.seed ?? 0,
      program: program.header.desc,
      signature,
      journal: named(trial.journal, name, signature),
      departure: trial.departure as Departure,
      stepsBefore: steps.length,
    });
    const place = this.#result.findings.push(finding(first)) - 1;
    const keep = (trial: Trial) => {
      const smaller = finding(trial);
      this.#result.findings[place] = smaller;
      this.#options.found(smaller);
    };
    keep(first);
    const end = now() + shrinkMs;
    const shrinker: Shrinker = new Shrinker(first, {
      isOver: () => now() >= end,
      mayShow: (tried) => (isKernels(first) ? this.#mayShow(first, tried) : true),
      judge: async (tried) => {
        this.#tell({ steps: tried.length, tries: shrinker.tries });
        const trial = await run(tried);
        return trial?.departure?.signature === signature ? trial : null;
      },
      improved: (shown) => keep(shown as Trial),
    });
    await shrinker.run();
  }

  /** Whether the emulator's answer to the last step still departs from the kernel's in the same way. */
  #mayShow({ journal, departure }: Trial, steps: readonly StepInput[]): boolean {
    const cast = new Cast();
    const machine = this.#boot(journal.header);
    let answer: Step | null = null;
    try {
      for (const step of steps) {
        answer = cast.allows(step) ? machine.perform(step) : null;
        if (answer !== null) cast.learn(answer);
      }
    } catch {
      return true;
    }
    return answer !== null && departure !== null && mayDepart(answer, departure);
  }

  #boot(header: JournalHeader): Machine {
    return this.#options.boot?.(header) ?? bootFor(this.#options.wasm, header);
  }

  #tell(shrinking: HuntProgress['shrinking']): void {
    const { programs, steps, findings } = this.#result;
    this.#options.progress({ programs, steps, findings: findings.length, shrinking });
  }
}

/** A journal up to the step that differs. */
interface Trial extends Shown {
  readonly departure: Departure | null;
  /** All that was run. */
  readonly complete: readonly Step[];
}

function isKernels({ departure }: Trial): boolean {
  return departure !== null && departure.field !== REFUSED && departure.field !== BROKEN;
}

/** Whether an answer of the emulator fits a departure, as far as that is decidable without the kernel's answer. */
function mayDepart(answer: Step, { field, expected, signature }: Departure): boolean {
  if (field.startsWith('woken') || field === 'text') return true;
  const out = (answer.out ?? {}) as Readonly<Record<string, unknown>>;
  const actual = field === 'parked' ? (answer.parked ?? false) : (out[field] ?? null);
  return signatureOf(answer, field, expected, actual) === signature;
}

function isInterrupted(error: unknown): error is Error & Interrupted {
  return error instanceof Error && error.name === 'KernelError' && 'journal' in error;
}

function named(journal: Journal, name: string, signature: string): Journal {
  return { ...journal, header: { ...journal.header, name, desc: `found by a hunt: ${signature}` } };
}

/** Its file name: the operation, the field, the program's seed. */
function findingName(program: HuntProgram, { field }: Departure, step: StepInput | undefined): string {
  const words = [step?.op ?? 'step', field.replace(/^woken\.[^.]*\.\d+/, 'woken'), String(program.header.seed ?? 0)];
  return `hunt-${words
    .join('-')
    .replace(/[^a-z0-9]+/gi, '-')
    .toLowerCase()}`;
}
