/** What a script threw, in words. It may be any value, with parts of any type, and to read them may throw. */
import { BinderlabError } from './error.ts';

/** The parts of an error. */
export interface ThrownParts {
  /** Whether it is binderlab's own. */
  readonly isOurs: boolean;
  readonly name: string;
  readonly message: string;
  /** Empty without one. */
  readonly stack: string;
  /** The parts of the error that it names as its cause; null without one. */
  readonly cause: ThrownParts | null;
}

/** Causes that are read: one may be its own. */
const CAUSES_MAX = 5;

/** The parts of an error; null for a value that is none. */
export function thrownParts(value: unknown, causes = CAUSES_MAX): ThrownParts | null {
  const error = tried(() => (value instanceof Error ? value : null));
  if (error === null) return null;
  return {
    isOurs: error instanceof BinderlabError,
    name: tried(() => textOf(error.name)) ?? 'Error',
    message: tried(() => textOf(error.message)) ?? '',
    stack: tried(() => (typeof error.stack === 'string' ? error.stack : null)) ?? '',
    cause:
      causes === 0
        ? null
        : thrownParts(
            tried(() => error.cause),
            causes - 1,
          ),
  };
}

/** The message of an error, or another value as text. */
export function thrownText(value: unknown): string {
  return thrownParts(value)?.message ?? tried(() => textOf(value)) ?? 'a value without a text';
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : String(value);
}

/** @returns null when the function throws. */
function tried<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
