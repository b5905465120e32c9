/** Which branches of the guest some journals reach, by file, and what a person reads of it. */
import type { GuestBranch } from '../../host/fuzz/branchcounters.ts';
import { UNREACHED } from './unreached.ts';

export interface UnreachedBranch extends Omit<GuestBranch, 'id' | 'file'> {
  /** The line as it stands in the source, without its indent. */
  text: string;
  /** Whether the function that it lies in is not reached either. */
  isInUnreached: boolean;
}

export interface FileReach {
  file: string;
  branches: number;
  reached: number;
  unreached: UnreachedBranch[];
}

/** What `--json` prints. */
export interface ReachReport {
  journals: number;
  /** Names of journals that do not come out as recorded, so that what they reach may be wrong. */
  different: string[];
  branches: number;
  reached: number;
  files: FileReach[];
}

/** Files that look at the machine and check it: no program on it gets there. */
const WATCHERS = /^assembly\/(check|inspect)[./]/;

/** The driver and what it stands on. */
const CORE = /^assembly\/(driver|alloc|mem|mapping)\//;

/** How much of the core is reached. */
interface CoreReach {
  branches: number;
  reached: number;
  share: number;
  /** Unreached branches whose reason is known. */
  explained: number;
  /** Reasons whose branches are all reached, or gone. */
  stale: string[];
}

/** Whether a file is code that the machine itself runs. */
export function isMachine(file: string): boolean {
  return !WATCHERS.test(file);
}

/**
 * @param branches In the order of their ids: each function's come behind its own.
 * @param linesOf The lines of a source.
 */
export function reachOf(
  branches: readonly GuestBranch[],
  isReached: (id: number) => boolean,
  linesOf: (file: string) => readonly string[],
): FileReach[] {
  const names = [...new Set(branches.map(({ file }) => file))].sort();
  return names.map((file) => {
    const own = branches.filter((branch) => branch.file === file);
    const unreached: UnreachedBranch[] = [];
    const lines = linesOf(file);
    let isCalled = true;
    for (const { id, line, column, kind } of own) {
      if (kind === 'function') isCalled = isReached(id);
      if (isReached(id)) continue;
      const text = (lines[line - 1] ?? '').trim();
      unreached.push({ line, column, kind, text, isInUnreached: !isCalled && kind !== 'function' });
    }
    unreached.sort((a, b) => a.line - b.line || a.column - b.column);
    return { file, branches: own.length, reached: own.length - unreached.length, unreached };
  });
}

/** What a person reads: the branches that are not reached, but of a function that is not reached only itself; then totals. */
export function reachText({ files, journals, branches, reached, different }: ReachReport): string[] {
  const places = files.flatMap(({ file, unreached }) =>
    unreached
      .filter(({ isInUnreached }) => !isInUnreached)
      .map(({ line, column, kind, text }) => [`${file}:${line}:${column}`, kind, text] as const),
  );
  const placeWidth = Math.max(0, ...places.map(([place]) => place.length));
  const fileWidth = Math.max(0, ...files.map(({ file }) => file.length));
  return [
    ...(places.length > 0 ? ['not reached'] : []),
    ...places.map(([place, kind, text]) => `${place.padEnd(placeWidth)}  ${kind.padEnd(8)}  ${text}`),
    ...(places.length > 0 ? [''] : []),
    'reached',
    ...files.map((one) => `${one.file.padEnd(fileWidth)}  ${String(one.reached).padStart(4)} of ${one.branches}`),
    '',
    `${reached} of ${branches} branches are reached by ${journals} ${journals === 1 ? 'journal' : 'journals'}`,
    ...different.map((name) => `${name} does not come out as recorded`),
  ];
}

export function coreOf(files: readonly FileReach[]): CoreReach {
  const core = files.filter(({ file }) => CORE.test(file));
  const branches = core.reduce((sum, file) => sum + file.branches, 0);
  const reached = core.reduce((sum, file) => sum + file.reached, 0);
  const missed = core.flatMap(({ file, unreached }) => unreached.map(({ text }) => keyOf(file, text)));
  const explained = missed.filter((key) => REASONS.has(key)).length;
  const stale = [...REASONS.keys()].filter((key) => !missed.includes(key));
  return { branches, reached, share: branches === 0 ? 1 : reached / branches, explained, stale };
}

export function coreText({ branches, reached, share, explained, stale }: CoreReach): string[] {
  const percent = (100 * share).toFixed(2);
  return [
    `${percent} % of driver, alloc, mem and mapping: ${reached} of ${branches}`,
    `${explained} of the other ${branches - reached} have a reason (test/coverage/unreached.ts)`,
    ...stale.map((key) => `reached, or gone: ${key}`),
  ];
}

/** The report without the branches whose reason is known. */
export function withoutReasons(report: ReachReport): ReachReport {
  const files = report.files.map((one) => {
    return { ...one, unreached: one.unreached.filter(({ text }) => !REASONS.has(keyOf(one.file, text))) };
  });
  return { ...report, files };
}

function keyOf(file: string, text: string): string {
  return `${file}: ${text}`;
}

const REASONS = new Map(
  UNREACHED.flatMap(({ reason, branches }) => branches.map(([file, text]) => [keyOf(file, text), reason])),
);
