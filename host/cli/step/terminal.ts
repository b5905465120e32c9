/**
 * The terminal while the screen is on it: the alternate buffer, keys one by one. It is given back as it was, also when the
 * process is ended by a signal or by an error.
 */
import { emitKeypressEvents, type Interface } from 'node:readline';

/** A key as readline names it. */
export interface Key {
  /** "up", "space", "a"; absent for most signs. */
  readonly name?: string | undefined;
  /** The characters that the terminal sent. */
  readonly sequence: string;
  readonly ctrl?: boolean;
  readonly meta?: boolean;
}

interface Listener {
  readonly onKey: (key: Key) => void;
  /** The screen has another size, or is to be drawn anew. */
  readonly onChange: () => void;
}

const [ENTER, LEAVE] = ['\x1b[?1049h\x1b[?25l\x1b[?7l', '\x1b[?7h\x1b[?25h\x1b[?1049l'];
const HOME = '\x1b[H';
/** How long Esc may be the first sign of another key. */
const ESCAPE: object = { escapeCodeTimeout: 100 };
/** Signals that end a process, unless it listens. */
const FATAL = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT'] as const;
/** Of a terminal that does not say. */
export const DEFAULT_SIZE = { columns: 80, rows: 24 };

export class Terminal {
  readonly #input = process.stdin;
  readonly #output = process.stdout;
  readonly #listener: Listener;
  #isOn = false;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  get size(): { columns: number; rows: number } {
    const { columns, rows } = this.#output;
    return { columns: columns || DEFAULT_SIZE.columns, rows: rows || DEFAULT_SIZE.rows };
  }

  /** Takes the terminal. */
  open(): void {
    emitKeypressEvents(this.#input, ESCAPE as Interface);
    this.#input.on('keypress', this.#pressed);
    this.#output.on('resize', this.#listener.onChange);
    this.#output.on('error', this.#ignore);
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#resume);
    for (const signal of FATAL) process.on(signal, this.#die);
    this.#enter();
  }

  /** Gives it back. */
  close(): void {
    this.#restore();
    this.#input.pause();
    this.#input.off('keypress', this.#pressed);
    this.#output.off('resize', this.#listener.onChange);
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#resume);
    for (const signal of FATAL) process.off(signal, this.#die);
  }

  /** Stops the process, as Ctrl-Z does; it goes on by `fg`. */
  suspend(): void {
    this.#restore();
    process.kill(process.pid, 'SIGTSTP');
  }

  /** Shows a whole screen in one go. @param lines One for each row. */
  show(lines: readonly string[]): void {
    this.#output.write(`${HOME}${lines.join('\r\n')}`);
  }

  #enter(): void {
    this.#isOn = true;
    this.#input.setRawMode(true);
    this.#input.resume();
    this.#output.write(ENTER);
  }

  readonly #restore = (): void => {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#output.write(LEAVE);
    this.#input.setRawMode(false);
  };

  readonly #resume = (): void => {
    this.#enter();
    this.#listener.onChange();
  };

  readonly #die = (signal: NodeJS.Signals): void => {
    this.close();
    process.kill(process.pid, signal);
  };

  readonly #pressed = (_: string | undefined, key: Key): void => this.#listener.onKey(key);

  /** The terminal may go away before the process. */
  readonly #ignore = (): void => {};
}
