/**
 * The driver's files in debugfs, in the kernel's format: the contents of /sys/kernel/debug/binder. Counts begin at boot
 * of the machine, which is the start of its scenario.
 *
 * Reading here changes nothing. On Linux, reading has small effects (see the guest's driver/debugfs); a `dump` step has
 * them, too.
 */
import { BinderlabError } from '../wire/error.ts';
import type { Inspector } from './inspector.ts';
import { logLine } from './logtext.ts';
import { nodeLines, procLines } from './statetext.ts';
import { procStatsLines, statsLines } from './statstext.ts';

/** A file that does not exist has an empty text. */
export interface DebugFile {
  exists: boolean;
  text: string;
}

/** The files that always exist. */
export const DEBUG_FILES = ['state', 'stats', 'transactions', 'transaction_log', 'failed_transaction_log'] as const;

type FileName = (typeof DEBUG_FILES)[number];

/** Which nodes a file shows. */
interface ShownNodes {
  /** Nodes of procs with that pid; 0: of all procs. */
  pid: number;
  /** Only nodes with a oneway in flight. */
  asyncOnly: boolean;
}

/**
 * The nodes that a file shows; null: none.
 *
 * @throws BinderlabError when the driver never has such a file.
 */
export function shownNodes(file: string): ShownNodes | null {
  const pid = pidOf(file);
  if (pid !== null) return { pid, asyncOnly: false };
  const name = nameOf(file);
  return name === 'state' || name === 'transactions' ? { pid: 0, asyncOnly: name === 'transactions' } : null;
}

/** Whether the driver can have a file of that name. */
export function isDebugFile(file: string): boolean {
  return pidOf(file) !== null || DEBUG_FILES.some((known) => known === file);
}

export class DebugFiles {
  constructor(private readonly inspector: Inspector) {}

  /**
   * @param file One of DEBUG_FILES, or `proc/PID`.
   * @throws BinderlabError when the driver never has such a file.
   */
  read(file: string): DebugFile {
    const pid = pidOf(file);
    return pid === null ? { exists: true, text: textOf(this.#lines(nameOf(file))) } : this.#proc(pid);
  }

  /** Names of the files below proc/, by pid. */
  procFiles(): string[] {
    const pids = this.inspector.procs().flatMap((proc) => (proc.debugfsEntry ? [proc.pid] : []));
    return pids.sort((a, b) => a - b).map((pid) => `proc/${pid}`);
  }

  #lines(file: FileName): string[] {
    const { inspector } = this;
    switch (file) {
      case 'state':
        return this.#state();
      case 'stats':
        return this.#stats();
      case 'transactions': {
        const procs = inspector.procs().map((proc) => procLines(proc, inspector.buffers(proc), 'transactions'));
        return ['binder transactions:', ...procs.flat()];
      }
      case 'transaction_log':
        return inspector.transactionLog().map(logLine);
      case 'failed_transaction_log':
        return inspector.failedTransactionLog().map(logLine);
    }
  }

  #state(): string[] {
    const { inspector } = this;
    const dead = inspector.deadNodes().flatMap((node) => nodeLines(node, 0));
    const procs = inspector.procs().map((proc) => procLines(proc, inspector.buffers(proc), 'all'));
    return ['binder state:', ...(dead.length > 0 ? ['dead nodes:', ...dead] : []), ...procs.flat()];
  }

  #stats(): string[] {
    const { inspector } = this;
    const procs = inspector
      .procs()
      .map((proc) => procStatsLines(proc, inspector.buffers(proc), inspector.pages(proc), inspector.stats(proc)));
    return ['binder stats:', ...statsLines(inspector.stats(), ''), ...procs.flat()];
  }

  /** All procs of that pid, each with its own headline; the first proc that opened creates the file. */
  #proc(pid: number): DebugFile {
    const { inspector } = this;
    const procs = inspector.procs().filter((proc) => proc.pid === pid);
    if (!procs.some((proc) => proc.debugfsEntry)) return { exists: false, text: '' };
    const lines = procs.flatMap((proc) => ['binder proc state:', ...procLines(proc, inspector.buffers(proc), 'all')]);
    return { exists: true, text: textOf(lines) };
  }
}

/** The pid of `proc/PID`; null for other names. */
function pidOf(file: string): number | null {
  const pid = /^proc\/([1-9]\d*)$/.exec(file)?.[1];
  return pid === undefined ? null : Number(pid);
}

function nameOf(file: string): FileName {
  const name = DEBUG_FILES.find((known) => known === file);
  if (name !== undefined) return name;
  throw new BinderlabError(`the driver has no file "${file}"; there are ${DEBUG_FILES.join(', ')} and proc/PID.`);
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
