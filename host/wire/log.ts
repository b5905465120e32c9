/** The log of a machine: lines of the emulator and of libbinder, as logcat would show them. */

export interface LogLine {
  readonly level: 'warning' | 'error';
  /** 0: the machine itself. */
  readonly pid: number;
  readonly tag: string;
  readonly text: string;
  /** Place in the script, as the engine reports it; absent when unknown. */
  readonly stack?: string;
}

/** Tag of warnings about the script itself, with what it probably meant. */
export const SCRIPT_TAG = 'script';

/** Limit of the log: the oldest lines are dropped. */
const KEPT = 256;

export class Log {
  /** The last lines, oldest first. */
  readonly lines: LogLine[] = [];
  /** Called with each line; null without a listener. */
  listener: ((line: LogLine) => void) | null = null;

  add(line: LogLine): void {
    this.lines.push(line);
    if (this.lines.length > KEPT) this.lines.shift();
    this.listener?.(line);
  }
}
