/** How far long work has come, on stderr: a line that renews itself on a terminal, a line now and then elsewhere. */
const TERMINAL_EVERY_MS = 100;
const PIPE_EVERY_MS = 5000;

export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #terminal = process.stderr.isTTY === true;
  #done = 0;
  #shownAt = Date.now();

  /** @param what Verb in the past tense and noun: "replayed", of so many journals. */
  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  /** One more piece is done. */
  advance(): void {
    this.#done++;
    const now = Date.now();
    if (now - this.#shownAt < (this.#terminal ? TERMINAL_EVERY_MS : PIPE_EVERY_MS)) return;
    this.#shownAt = now;
    const text = `${this.#what} ${this.#done} of ${this.#total}`;
    process.stderr.write(this.#terminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Takes the line off the terminal. */
  end(): void {
    if (this.#terminal) process.stderr.write('\r\x1b[K');
  }
}
