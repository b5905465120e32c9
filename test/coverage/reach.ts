/** Which branches of the guest some journals reach, by file, and what a person reads of it. */
import type { GuestBranch } from '../../host/fuzz/branchcounters.ts';

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
