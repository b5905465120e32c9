/**
 * Acts that a program has made and never run: whoever writes `yield` or nothing for `yield*` gets a generator that does
 * nothing, and no error. Those that library functions make are noted here with the place they were made at, and
 * crossed out when they begin.
 */
import type { Act } from './request.ts';

/** V8's part of Error that the core's declarations lack. */
interface StackErrors {
  stackTraceLimit?: number;
  captureStackTrace?(holder: object, below: unknown): void;
}

export interface Unrun {
  /** What was called, e.g. "addService". */
  readonly name: string;
  /** The place of the call, as the engine tells it. */
  readonly stack: string;
}

type Maker = (...args: never[]) => Act<unknown>;

const GENERATOR_FUNCTION = Object.getPrototypeOf(function* () {}) as object;
const errors = Error as unknown as StackErrors;

/** Where the acts are noted of the program that runs; null while none does. */
let open: UnrunActs | null = null;

export class UnrunActs {
  readonly #acts = new Map<unknown, { readonly name: string; readonly holder: { stack?: string } }>();

  /** Runs a part of a program; the acts that it makes are noted. */
  during<T>(part: () => T): T {
    const before = open;
    open = this;
    try {
      return part();
    } finally {
      open = before;
    }
  }

  /** Notes an act. @param below The function that was called: the place is that of its caller. */
  note(act: Act<unknown>, name: string, below: unknown): void {
    const holder: { stack?: string } = {};
    const { stackTraceLimit } = errors;
    errors.stackTraceLimit = 1;
    errors.captureStackTrace?.(holder, below);
    if (stackTraceLimit !== undefined) errors.stackTraceLimit = stackTraceLimit;
    this.#acts.set(act, { name, holder });
    act[Symbol.iterator] = () => {
      this.#acts.delete(act);
      return act;
    };
  }

  /** Takes one act out. @returns null when it is not noted. */
  take(act: unknown): Unrun | null {
    const noted = this.#acts.get(act);
    this.#acts.delete(act);
    return noted === undefined ? null : { name: noted.name, stack: noted.holder.stack ?? '' };
  }

  /** Takes all that are left. */
  takeAll(): Unrun[] {
    return [...this.#acts.keys()].map((act) => this.take(act) as Unrun);
  }
}

/** The same function; what it makes is noted. */
export function noted<F extends Maker>(make: F, name: string): F {
  function noting(this: unknown, ...args: Parameters<F>): Act<unknown> {
    const act = make.apply(this, args);
    open?.note(act, name, noting);
    return act;
  }
  return noting as unknown as F;
}

/** Has the acts noted that the generator methods of an object or of a prototype make. */
export function noteMethods(owner: object): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
    const { value } = property;
    if (typeof value !== 'function' || Object.getPrototypeOf(value) !== GENERATOR_FUNCTION) continue;
    Object.defineProperty(owner, name, { ...property, value: noted(value as Maker, name) });
  }
}
