/** Errors of a script, or of the machine. The text says how to go on. */
import { errnoMeaning, errnoName } from './errno.ts';

export class BinderlabError extends Error {
  override readonly name: string = 'BinderlabError';
  /** Name of the errno of a failed system call; null for every other error. */
  readonly errno: string | null;

  constructor(message: string, errno: string | null = null) {
    super(message);
    this.errno = errno;
  }
}

/** The error for an act of a thread that sleeps in a system call. */
export class AsleepError extends BinderlabError {
  /** @param step Number of the step in which it fell asleep. */
  constructor(
    readonly thread: string,
    readonly step: number,
  ) {
    super(
      `${thread} is parked since step ${step}: it sleeps in a system call until another thread sends it something, a signal comes, or it is killed. Let another thread act, or make a second thread in this process.`,
    );
  }
}

/**
 * The error of a system call.
 *
 * @param what The failed act and its thread, e.g. "A.0: open of /dev/binder".
 * @param ret The negative result.
 * @param why A reason more specific than the usual meaning of the error.
 */
export function callError(what: string, ret: number, why: string = errnoMeaning(-ret)): BinderlabError {
  return new BinderlabError(`${what} failed with ${errnoName(-ret)}: ${why}.`, errnoName(-ret));
}

/**
 * An assertion for scripts, whose failure reads as a sentence.
 *
 * @throws BinderlabError unless `fact` is true.
 */
export function assert(fact: boolean, what: string): asserts fact {
  if (!fact) throw new BinderlabError(`it is not so that ${what}`);
}
