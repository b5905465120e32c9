/** What a script did wrong, or what the machine refused, said so that a newcomer can go on from there. */
import { errnoMeaning, errnoName } from './errno.ts';

export class BinderlabError extends Error {
  override readonly name: string = 'BinderlabError';
  /** Name of the error that the system call answered with; null when it was no system call that failed. */
  readonly errno: string | null;

  constructor(message: string, errno: string | null = null) {
    super(message);
    this.errno = errno;
  }
}

/** A thread was asked to act while it sleeps in a system call. */
export class AsleepError extends BinderlabError {
  /** @param step Number of the step that it fell asleep in. */
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
 * @param what Who did what, e.g. "A.0: open of /dev/binder".
 * @param ret The negative result.
 * @param why What is known beyond the error's usual meaning.
 */
export function callError(what: string, ret: number, why: string = errnoMeaning(-ret)): BinderlabError {
  return new BinderlabError(`${what} failed with ${errnoName(-ret)}: ${why}.`, errnoName(-ret));
}

/**
 * For scripts: what they are sure of, said so that a failure reads as a sentence.
 *
 * @throws BinderlabError unless the fact is true.
 */
export function assert(fact: boolean, what: string): asserts fact {
  if (!fact) throw new BinderlabError(`it is not so that ${what}`);
}
