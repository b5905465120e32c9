/** What libbinder has to say to people: the lines that logcat would show, of all processes of a machine. */
import type { Guest } from '../guest/guest.ts';
import type { Process } from '../kernel/process.ts';

export interface LogLine {
  readonly level: 'warning' | 'error';
  readonly pid: number;
  readonly tag: string;
  readonly text: string;
}

/** The oldest lines are forgotten from here on. */
const KEPT = 256;

const logs = new WeakMap<Guest, LogLine[]>();

/** The last lines, oldest first. */
export function binderLog({ guest }: { readonly guest: Guest }): readonly LogLine[] {
  return logs.get(guest) ?? [];
}

export function logLine({ memory, pid }: Process, level: LogLine['level'], tag: string, text: string): void {
  const lines = logs.get(memory.guest) ?? [];
  logs.set(memory.guest, lines);
  lines.push({ level, pid, tag, text });
  if (lines.length > KEPT) lines.shift();
}
