/** The titles of a binder proc's tables, and the order of procs. */
import type { ProcView } from '../procs.ts';
import type { Names } from './names.ts';

interface TitledProc {
  readonly proc: ProcView;
  /** "server (1000)"; with the device if it is not binder, and with a number from its second open file on. */
  readonly title: string;
}

/** Oldest first. @param newestFirst As the inspector lists them. */
export function titledProcs(newestFirst: readonly ProcView[], names: Names): TitledProc[] {
  const seen = new Map<string, number>();
  return [...newestFirst].reverse().map((proc) => {
    const device = proc.context === 'binder' ? '' : ` on ${proc.context}`;
    const plain = `${names.process(proc.pid)} (${proc.pid})${device}`;
    const count = (seen.get(plain) ?? 0) + 1;
    seen.set(plain, count);
    return { proc, title: count === 1 ? plain : `${plain}, open file ${count}` };
  });
}
