/** What the emulator and libbinder have to say to people: the lines that logcat would show, of all processes of a machine. */

export interface LogLine {
  readonly level: 'warning' | 'error';
  /** 0: no process's, but the machine's. */
  readonly pid: number;
  readonly tag: string;
  readonly text: string;
  /** The place in the script, as the engine tells it, where one is known. */
  readonly stack?: string;
}

/** Tag of lines about the script itself: what it has most likely meant otherwise. */
export const SCRIPT_TAG = 'script';

/** The oldest lines are forgotten from here on. */
const KEPT = 256;

export class Log {
  /** The last lines, oldest first. */
  readonly lines: LogLine[] = [];
  /** Told of each line; null when nobody listens. */
  listener: ((line: LogLine) => void) | null = null;

  add(line: LogLine): void {
    this.lines.push(line);
    if (this.lines.length > KEPT) this.lines.shift();
    this.listener?.(line);
  }
}
