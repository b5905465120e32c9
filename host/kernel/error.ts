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

/** The error of a part of the machine that this build lacks. */
export function notEmulated(what: string): BinderlabError {
  return new BinderlabError(`not emulated yet: ${what}`);
}

/**
 * For scripts: what they are sure of, said so that a failure reads as a sentence.
 *
 * @throws BinderlabError unless the fact is true.
 */
export function assert(fact: boolean, what: string): asserts fact {
  if (!fact) throw new BinderlabError(`it is not so that ${what}`);
}
