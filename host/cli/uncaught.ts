/** Errors that no call throws: those of a script's timers, and of promises that it does not await. */
import { writeSync } from 'node:fs';
import { EXIT_NO } from './usage.ts';

const UNCAUGHT = 'uncaughtException';
const UNHANDLED = 'unhandledRejection';

/** The command's own listeners; a script may have others. */
const OURS = new Set<unknown>();

/** What is said at the very end, when the terminal is restored. */
let lastWords: string | null = null;

/** From now on such an error ends the command. It comes with the script's line. */
export function endByUncaught(): void {
  OURS.add(end);
  process.on(UNCAUGHT, end);
  process.on(UNHANDLED, raise);
}

function end(error: unknown): void {
  if (process.listenerCount(UNCAUGHT) === 1) void endBy(error); // else a script runs, or has a listener
}

async function endBy(error: unknown): Promise<void> {
  if (lastWords !== null) return sayLastWords(); // a listener to the exit throws before they are said
  const { describeScriptError } = await import('./scripterror.ts');
  lastWords = `${describeScriptError(error)}\n`;
  process.once('exit', sayLastWords);
  process.exit(EXIT_NO);
}

function sayLastWords(): void {
  const words = lastWords;
  lastWords = null;
  if (words !== null) writeSync(process.stderr.fd, words);
}

/** Throws what a promise was rejected with, as it is: Node puts words around a value that is no error. */
function raise(reason: unknown): void {
  if (process.listenerCount(UNHANDLED) === 1) throw reason; // else the script has a listener
}

/** Such errors while a script runs. When it has failed it may go on to do so, which is no news. */
export class Escapes {
  /** Rejects with the first one. */
  readonly first: Promise<never>;
  #fail: ((error: unknown) => void) | null = null;

  /** @param isOwn Whether an error is the command's own. After the script has failed such a one ends the command. */
  constructor(private readonly isOwn: (error: unknown) => boolean) {
    this.first = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.first.catch(() => {}); // the script may fail by itself before
    OURS.add(this.#hear);
    process.on(UNCAUGHT, this.#hear);
  }

  /** The script has ended well. */
  forget(): void {
    process.off(UNCAUGHT, this.#hear);
    OURS.delete(this.#hear);
  }

  /** The script has failed, by what it threw or by an escape. */
  fail(): void {
    this.#fail = null;
  }

  readonly #hear = (error: unknown): void => {
    if (process.listeners(UNCAUGHT).some((listener) => !OURS.has(listener))) return; // the script's own
    if (this.#fail !== null) this.#fail(error);
    else if (this.isOwn(error)) void endBy(error);
  };
}
