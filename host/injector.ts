/**
 * What `machine.inject` asks for. The guest counts allocations and copies, and lets one fail: a step of its own says so, hence
 * a journal replays it. The other disturbances are steps themselves, which follow the counted step at once.
 */
import type { KernelMemory } from './inspect/kernelmemory.ts';
import type { Call } from './os/call.ts';
import type { Observer, ScheduleChoice, Task } from './os/system.ts';
import { type Parts, performStep, shrink } from './steps.ts';
import type { InjectedFailure } from './wire/kinds.ts';
import { type Op, opHasOutput } from './wire/operations.ts';

/**
 * Something that goes wrong, and when: at the `nth` of its kind from then on, counted from 1. With 0 nothing does, and they
 * are counted.
 */
export interface Injection {
  /**
   * - `frame`, `object`, `buffer`: the allocation of frames, of a kernel object, the reservation of a Binder buffer fails.
   * - `copy`: a copy of the kernel's from or to user memory faults.
   * - `signal`: a thread that has gone to sleep in a call gets a signal.
   * - `timer`: the deadline of a call with a timeout passes, once its thread sleeps.
   * - `death`: the process of the thread that has made the step is killed.
   * - `shrinker`: the shrinker takes all pages that no buffer touches, after a step.
   */
  readonly what: Exclude<InjectedFailure, 'nothing'> | 'signal' | 'timer' | 'death' | 'shrinker';
  readonly nth: number;
  /** Of a copy: how many bytes arrive before it faults. Default: 0. */
  readonly bytes?: number;
}

/** What an injection has come to. */
export interface Injected {
  /** How many of the counted kind there have been. */
  readonly passed: number;
  /** Ends it. */
  stop(): void;
}

/** The kinds that the guest counts. */
const FAILURES: readonly string[] = ['frame', 'object', 'buffer', 'copy'] satisfies InjectedFailure[];
/** More than there are. */
const ALL_PAGES = 1 << 20;

/** Whether the guest counts it. The others are acts of the host after steps. */
export function isCounted(what: Injection['what']): what is InjectedFailure & Injection['what'] {
  return FAILURES.includes(what);
}

/** Something that the host does after a step. */
class Disturbance implements Injected {
  passed = 0;

  constructor(
    readonly injection: Injection,
    private readonly owner: Set<Disturbance>,
  ) {}

  /** Whether it is due after this occasion. */
  isDue(): boolean {
    return ++this.passed === this.injection.nth;
  }

  stop(): void {
    this.owner.delete(this);
  }
}

/** Something that the guest counts, until another one takes its place. */
class CountedFailure implements Injected {
  #passed: number | null = null;

  constructor(private readonly parts: Parts) {}

  get passed(): number {
    return this.#passed ?? this.parts.system.raw.injectionPassed();
  }

  get isCurrent(): boolean {
    return this.#passed === null;
  }

  replace(): void {
    this.#passed = this.passed;
  }

  stop(): void {
    if (!this.isCurrent) return;
    this.replace();
    performStep(this.parts, { op: 'inject', in: { what: 'nothing', nth: 0, bytes: 0 } });
  }
}

/** A step that is over, as far as occasions depend on it. */
interface Passed {
  /** The acting thread; null when none acted. */
  readonly by: Task | null;
  /** Whether it sleeps in the step's call. */
  readonly parked: boolean;
}

/** It observes steps while some of them are occasions. */
export class Injector implements Observer {
  readonly #waiting = new Set<Disturbance>();
  #counted: CountedFailure | null = null;
  /** Whether a disturbance is being performed: its steps are no occasions. */
  #isActing = false;
  /** Of the current step: who acts, and whether its call has returned. */
  #by: Task | null = null;
  #hasAnswer = false;

  constructor(
    private readonly parts: Parts,
    private readonly kernel: KernelMemory,
  ) {}

  inject(injection: Injection): Injected {
    const { what, nth, bytes = 0 } = injection;
    if (!isCounted(what)) {
      const disturbance = new Disturbance(injection, this.#waiting);
      this.#waiting.add(disturbance);
      return disturbance;
    }
    this.#counted?.replace();
    this.#counted = new CountedFailure(this.parts);
    performStep(this.parts, { op: 'inject', in: { what, nth, bytes } });
    return this.#counted;
  }

  /** Whether steps are occasions for something. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  begin(_step: number, _op: Op, by: Task | null): void {
    this.#by = by;
    this.#hasAnswer = false;
  }

  call(_step: number, _sched: readonly ScheduleChoice[], by: Task): void {
    this.#by = by;
    this.#hasAnswer = false;
  }

  result(_task: Task, _call: Call, _record: number, isOwn: boolean): void {
    if (isOwn) this.#hasAnswer = true;
  }

  /** Does what is due when a step is over. */
  end(op: Op, output: object | null): void {
    if (this.#isActing) return;
    const step = { by: this.#by, parked: opHasOutput(op) && output === null && !this.#hasAnswer };
    this.#isActing = true;
    try {
      for (const disturbance of [...this.#waiting]) {
        if (this.#isOccasion(disturbance.injection, step) && disturbance.isDue()) this.#act(disturbance, step);
      }
    } finally {
      this.#isActing = false;
    }
  }

  /** The machine is at another moment: what was counted is not of it. */
  restart(): void {
    this.#waiting.clear();
    this.#counted?.replace();
    this.#counted = null;
  }

  #isOccasion({ what }: Injection, { by, parked }: Passed): boolean {
    switch (what) {
      case 'signal':
        return parked;
      case 'timer':
        return parked && this.#hasDeadline(by as Task);
      case 'death':
        return by !== null;
      default:
        return true;
    }
  }

  #hasDeadline({ alive, pointer }: Task): boolean {
    return alive && this.kernel.object('Thread', pointer).timeoutMs >= 0;
  }

  #act({ injection: { what } }: Disturbance, { by }: Passed): void {
    const { directory } = this.parts;
    if (what === 'shrinker') {
      shrink(this.parts, ALL_PAGES);
      return;
    }
    const thread = directory.thread((by as Task).name);
    if (!thread.alive) return;
    if (what === 'signal') thread.signal();
    else if (what === 'timer') thread.awaitTimeout(0);
    else directory.process(thread.home.name).kill();
  }
}
