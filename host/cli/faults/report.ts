/** What sweeps came to: of a source, of all of them, of several parts of the same; and as text. */
import type { KindTally } from '../../faults/sweep.ts';
import type { Injection } from '../../injector.ts';

/** A run that was not sound. */
export interface UnsoundReport {
  readonly injection: Injection;
  readonly message: string;
  /** Its journal; null for a run of which none was kept. */
  readonly file: string | null;
}

/** What a source came to. */
export interface SourceReport {
  readonly source: string;
  readonly kinds: Readonly<Record<string, KindTally>>;
  readonly unsound: readonly UnsoundReport[];
}

/** What `--json` prints. */
export interface SweepReport {
  readonly runs: number;
  readonly unsound: number;
  readonly sources: readonly SourceReport[];
}

export function reportOf(sources: readonly SourceReport[]): SweepReport {
  const runs = sum(sources.flatMap(({ kinds }) => Object.values(kinds).map((tally) => tally.runs)));
  return { runs, unsound: sum(sources.map(({ unsound }) => unsound.length)), sources };
}

/** The whole of what parts of the same sources came to. */
export function joined(parts: readonly SweepReport[]): SweepReport {
  const [first] = parts as readonly [SweepReport, ...SweepReport[]];
  return reportOf(
    first.sources.map((_, index) => joinedSource(parts.map((one) => one.sources[index] as SourceReport))),
  );
}

export function textOf({ source, kinds, unsound }: SourceReport): string {
  const lines = Object.entries(kinds).map(([kind, { runs, ended, failed, stuck, answers }]) => {
    const names = Object.entries(answers).map(([name, count]) => `${name} ${count}`);
    const came = names.length === 0 ? 'nothing failed' : names.join(', ');
    return `  ${kind.padEnd(8)}  ${String(runs).padStart(5)} ${runs === 1 ? 'run: ' : 'runs:'} ${ended} to the end, ${failed} with an error, ${stuck} waiting for ever; ${came}`;
  });
  const bad = unsound.map(({ injection: { what, nth, bytes = 0 }, message, file }) => {
    const after = bytes === 0 ? '' : ` after ${bytes} bytes`;
    return `  not sound: ${what} ${nth}${after}: ${message}${file === null ? '' : ` (${file})`}`;
  });
  return [source, ...lines, ...bad].join('\n');
}

function joinedSource(parts: readonly SourceReport[]): SourceReport {
  const [{ source, kinds }] = parts as readonly [SourceReport, ...SourceReport[]];
  return {
    source,
    kinds: Object.fromEntries(
      Object.keys(kinds).map((kind) => [kind, joinedTally(parts.map((part) => part.kinds[kind] as KindTally))]),
    ),
    unsound: parts.flatMap(({ unsound }) => unsound).sort((a, b) => a.injection.nth - b.injection.nth),
  };
}

function joinedTally(parts: readonly KindTally[]): KindTally {
  const answers: Record<string, number> = {};
  for (const part of parts) {
    for (const [name, count] of Object.entries(part.answers)) answers[name] = (answers[name] ?? 0) + count;
  }
  const of = (count: (tally: KindTally) => number) => sum(parts.map(count));
  return {
    runs: of(({ runs }) => runs),
    ended: of(({ ended }) => ended),
    failed: of(({ failed }) => failed),
    stuck: of(({ stuck }) => stuck),
    answers,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}
