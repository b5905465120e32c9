/**
 * Acts that a program has made and never run. A program with `yield`, or without it, in place of `yield*` gets a
 * generator that does nothing, and no error. Acts of library functions are noted here with the place of the call, and
 * removed when they begin.
 */
import type { Act } from './request.ts';

/** V8's part of Error that the core's declarations lack. */
interface StackErrors {
  stackTraceLimit?: number;
  captureStackTrace?(holder: object, below: unknown): void;
}

interface Unrun {
  /** The called function, e.g. "addService". */
  readonly name: string;
  /** The place of the call, in the engine's format. */
  readonly stack: string;
}

type Maker = (...args: never[]) => Act<unknown>;

const GENERATOR_FUNCTION = Object.getPrototypeOf(function* () {}) as object;
const errors = Error as unknown as StackErrors;

/** The acts of the running program; null while no program runs. */
let open: UnrunActs | null = null;

export class UnrunActs {
  readonly #acts = new Map<unknown, { readonly name: string; readonly holder: { stack?: string } }>();

  /** Runs a part of a program, and notes the acts that it makes. */
  during<T>(part: () => T): T {
    const before = open;
    open = this;
    try {
      return part();
    } finally {
      open = before;
    }
  }

  /** Notes an act. @param below The called function; the noted place is that of its caller. */
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

  /** Removes one act. @returns null when it is not noted. */
  take(act: unknown): Unrun | null {
    const noted = this.#acts.get(act);
    this.#acts.delete(act);
    return noted === undefined ? null : { name: noted.name, stack: noted.holder.stack ?? '' };
  }

  /** Removes and returns all acts. */
  takeAll(): Unrun[] {
    return [...this.#acts.keys()].map((act) => this.take(act) as Unrun);
  }
}

/** The same function, whose acts are noted. */
export function noted<F extends Maker>(make: F, name: string): F {
  function noting(this: unknown, ...args: Parameters<F>): Act<unknown> {
    const act = make.apply(this, args);
    open?.note(act, name, noting);
    return act;
  }
  return noting as unknown as F;
}

/** Makes the generator methods of an object or of a prototype note their acts. */
export function noteMethods(owner: object): void {
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
    const { value } = property;
    if (typeof value !== 'function' || Object.getPrototypeOf(value) !== GENERATOR_FUNCTION) continue;
    Object.defineProperty(owner, name, { ...property, value: noted(value as Maker, name) });
  }
}
