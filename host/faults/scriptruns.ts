/**
 * The runs of a script. Each repeats the script from its start, since the objects of a script cannot go back. Up to the step of
 * what goes wrong it does what the run without a failure did. That one was watched all along; the others are watched from that
 * step on.
 *
 *     without a failure   | 0 | 1 | 2 | 3 | 4 | 5 |     all are watched; occasion 7 is in step 3
 *     with failure 7      | 0 | 1 | 2 | 3 | 4'| 5'|     watched from step 3 on
 */
import { type Injected, type Injection, isCounted } from '../injector.ts';
import type { BootOptions, Machine } from '../machine.ts';
import { Reboots } from '../reboots.ts';
import { outcomeOf, type Subject, type SubjectWork } from './faultrun.ts';
import { type Answers, type FaultRun, type Limits, NO_LIMITS, Patience, RunWatch } from './watch.ts';

/** A step of the run without a failure that has occasions. */
interface Moment {
  readonly step: number;
  /** Occasions before it. */
  readonly passed: number;
  readonly answers: Answers;
}

export class ScriptRuns {
  readonly #reboots = new Reboots();
  readonly #moments: Moment[] = [];
  /** Whether the script keeps a journal, or fails without one. Then it does not run as it should here. */
  needsJournal = false;

  /** The machines keep no journal. */
  constructor(
    private readonly subject: Subject,
    private readonly work: SubjectWork,
    private readonly what: Injection['what'],
    private readonly options: BootOptions,
  ) {}

  /** The run in which nothing goes wrong. It comes first. */
  async without(): Promise<FaultRun> {
    const [machine, watch] = this.#boot(NO_LIMITS);
    watch.start();
    const injected = machine.inject({ what: this.what, nth: 0 });
    const moments = new Moments(this.#moments, machine.nextStep, injected, watch);
    const leave = machine.listening.join(moments);
    const error = await this.#outcome(machine, watch);
    this.needsJournal = error !== null || machine.keepsJournal;
    moments.look(machine.nextStep);
    leave();
    return watch.conclude(injected.passed, error);
  }

  /** The run in which the nth goes wrong; null when it did something else before. */
  async run(injection: Injection, limits: Limits): Promise<FaultRun | null> {
    const moment = this.#moments.filter(({ passed }) => passed < injection.nth).at(-1);
    if (moment === undefined) return null;
    const [machine, watch] = this.#boot(limits);
    const counted = isCounted(this.what) ? machine.inject(injection) : null;
    /** Occasions before the moment; null when it does not come. */
    let before: number | null = null;
    let later = counted;
    machine.listening.await(moment.step, () => {
      before = counted?.passed ?? moment.passed;
      watch.start(moment.answers);
      later ??= machine.inject({ ...injection, nth: injection.nth - moment.passed });
    });
    const error = await this.#outcome(machine, watch);
    const run = watch.conclude((counted === null ? moment.passed : 0) + (later?.passed ?? 0), error);
    return before === moment.passed ? run : null;
  }

  #boot(limits: Limits): [Machine, RunWatch] {
    const { options, subject } = this;
    const patience = new Patience(limits.idleTurns);
    const machine = patience.boot((turns) =>
      this.#reboots.next((guest) => subject.boot({ ...options, journal: false, ...turns, ...guest })),
    );
    return [machine, new RunWatch(machine, limits, patience)];
  }

  async #outcome(machine: Machine, watch: RunWatch): Promise<Error | null> {
    const error = await outcomeOf(this.subject, this.work, machine, watch);
    if (this.subject.lingers) this.#reboots.leave();
    return error;
  }
}

/** Notes the steps that have occasions. */
class Moments {
  #passed = 0;
  #answers: Answers = new Map();

  constructor(
    private readonly moments: Moment[],
    private readonly first: number,
    private readonly injected: Injected,
    private readonly watch: RunWatch,
  ) {}

  begin(step: number): void {
    this.look(step);
  }

  call(step: number): void {
    this.look(step);
  }

  result(): void {}

  end(): void {}

  /** Before a step, when all occasions of the one before have passed. */
  look(step: number): void {
    const { passed } = this.injected;
    if (passed > this.#passed) {
      this.moments.push({ step: Math.max(step - 1, this.first), passed: this.#passed, answers: this.#answers });
      this.#passed = passed;
    }
    this.#answers = new Map(this.watch.answers);
  }
}
