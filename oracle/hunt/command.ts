/** `oracle hunt`: its flags, what it prints, where findings are kept. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { guestModule } from '../../host/cli/boot.ts';
import { EXIT_FINE, EXIT_NO, EXIT_USAGE, UsageError } from '../../host/cli/usage.ts';
import { formatJournal, parseJournal } from '../../host/trace/journaltext.ts';
import { Kernel } from '../kernel.ts';
import type { CoverageTables } from './coverage.ts';
import { type Finding, Hunt, type HuntProgress, type HuntResult } from './hunt.ts';
import { SourceFolders } from './sources.ts';

const ROOT = join(import.meta.dirname, '../../..');
const CONFORMANCE = join(ROOT, 'test/conformance');
/** Recordings that programs are made of. */
const SOURCES = [join(CONFORMANCE, 'hand'), join(CONFORMANCE, 'random')];
const FOUND = join(CONFORMANCE, 'found');
const DEFAULT_MINUTES = 10;
const MINUTE_MS = 60_000;
const SECOND_MS = 1000;
const SEED_MAX = 0xffff_ffff;
/** A progress line on a terminal, and elsewhere, comes so often. */
const TERMINAL_EVERY_MS = 200;
const PIPE_EVERY_MS = 10_000;

export const HUNT_USAGE = `usage: oracle hunt [--minutes N | --programs N] [--seed S] [--keep-going] [--shrink-seconds N] [--out DIR] [--json]

Makes programs on the emulator, runs them on the kernel, and compares. What differs is made small and kept in DIR.

  --minutes N         how long to hunt (${DEFAULT_MINUTES})
  --programs N        how many programs to run, in place of a time
  --seed S            the programs to make (1); the same seed makes the same programs
  --keep-going        look for further findings, each of another kind
  --shrink-seconds N  how long making one finding small may take (180)
  --out DIR           where journals of findings go (test/conformance/found)
  --json              print the result as JSON
`;

interface HuntChoice {
  readonly limitMs: number;
  readonly programs: number;
  readonly seed: number;
  readonly keepGoing: boolean;
  readonly shrinkMs: number;
  readonly out: string;
  readonly json: boolean;
}

/**
 * Runs the command.
 *
 * @param words What stands behind `hunt`.
 * @returns The exit code: 0 when nothing differed, 1 when something did, 2 for a command line that is wrong.
 */
export async function huntCommand(words: readonly string[]): Promise<number> {
  if (words.includes('--help')) {
    process.stdout.write(HUNT_USAGE);
    return EXIT_FINE;
  }
  let choice: HuntChoice;
  try {
    choice = huntChoice(words);
  } catch (error) {
    process.stderr.write(`oracle hunt: ${(error as Error).message}\n`);
    return EXIT_USAGE;
  }
  const kernel = new Kernel();
  try {
    const result = await hunt(choice, kernel);
    process.stdout.write(choice.json ? `${JSON.stringify(jsonOf(result, choice), null, 2)}\n` : textOf(result, choice));
    return result.findings.length > 0 ? EXIT_NO : EXIT_FINE;
  } finally {
    await kernel.close();
  }
}

function hunt(choice: HuntChoice, truth: Kernel): Promise<HuntResult> {
  const line = new ProgressLine();
  return new Hunt({
    wasm: guestModule(),
    sources: new SourceFolders(SOURCES),
    truth,
    ...choice,
    now: () => performance.now(),
    found: (finding) => keep(finding, choice.out),
    progress: (progress) => line.show(progress),
  })
    .run()
    .finally(() => line.end());
}

/** @throws UsageError for flags that are not known, and for values that mean nothing. */
export function huntChoice(words: readonly string[]): HuntChoice {
  const { values } = parsed(words);
  if (values.minutes !== undefined && values.programs !== undefined) {
    throw new UsageError('--minutes and --programs say two things; give one of them');
  }
  const minutes =
    values.programs === undefined ? positive('--minutes', values.minutes ?? String(DEFAULT_MINUTES)) : 1e6;
  return {
    limitMs: minutes * MINUTE_MS,
    programs: values.programs === undefined ? Number.MAX_SAFE_INTEGER : whole('--programs', values.programs),
    seed: values.seed === undefined ? 1 : whole('--seed', values.seed),
    keepGoing: values['keep-going'] ?? false,
    shrinkMs: SECOND_MS * positive('--shrink-seconds', values['shrink-seconds'] ?? '180'),
    out: values.out ?? FOUND,
    json: values.json ?? false,
  };
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        minutes: { type: 'string' },
        programs: { type: 'string' },
        seed: { type: 'string' },
        'keep-going': { type: 'boolean' },
        'shrink-seconds': { type: 'string' },
        out: { type: 'string' },
        json: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError */
function whole(flag: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= SEED_MAX) return value;
  throw new UsageError(`${flag} must be a whole number from 0 to ${SEED_MAX}, not "${text}"`);
}

/** @throws UsageError */
function positive(flag: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw new UsageError(`${flag} must be a number above 0, not "${text}"`);
}

/** Keeps a finding's journal; a smaller one takes the place of a larger one, also of an earlier hunt. */
function keep(finding: Finding, folder: string): void {
  const path = pathOf(finding, folder);
  if (existsSync(path)) {
    const earlier = parseJournal(readFileSync(path, 'utf8'), path);
    if (earlier.steps.length <= finding.journal.steps.length) return;
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, formatJournal(finding.journal));
}

function pathOf({ name }: Finding, folder: string): string {
  return join(folder, `${name}.jsonl`);
}

/** How far the hunt has come, on stderr. */
class ProgressLine {
  readonly #isTerminal = process.stderr.isTTY === true;
  #shownAt = Number.NEGATIVE_INFINITY;

  show({ programs, steps, findings, shrinking }: HuntProgress): void {
    const now = performance.now();
    if (now - this.#shownAt < (this.#isTerminal ? TERMINAL_EVERY_MS : PIPE_EVERY_MS)) return;
    this.#shownAt = now;
    const shrink = shrinking === null ? '' : `; shrinking: ${shrinking.steps} steps, ${shrinking.tries} tries`;
    const text = `${programs} programs, ${steps} steps, ${findings} findings${shrink}`;
    process.stderr.write(this.#isTerminal ? `\r\x1b[K${text}` : `${text}\n`);
  }

  end(): void {
    if (this.#isTerminal) process.stderr.write('\r\x1b[K');
  }
}

function jsonOf(result: HuntResult, { seed, out }: HuntChoice) {
  return {
    seed,
    programs: result.programs,
    steps: result.steps,
    findings: result.findings.map((finding) => ({
      name: finding.name,
      path: pathOf(finding, out),
      seed: finding.seed,
      program: finding.program,
      signature: finding.signature,
      field: finding.departure.field,
      expected: finding.departure.expected,
      actual: finding.departure.actual,
      steps: finding.journal.steps.length,
      stepsBefore: finding.stepsBefore,
    })),
    unsteady: result.unsteady,
    interrupted: result.interrupted,
    coverage: result.coverage.tables(),
  };
}

function textOf(result: HuntResult, { seed, out }: HuntChoice): string {
  const { programs, steps, findings, unsteady, interrupted } = result;
  const lines = [`seed ${seed}: ${programs} programs, ${steps} steps`, ''];
  for (const [title, counts] of Object.entries(result.coverage.tables() satisfies CoverageTables)) {
    const entries = Object.entries(counts).map(([name, count]) => `${name} ${count}`);
    lines.push(`${title}: ${entries.join(', ')}`);
  }
  lines.push('');
  if (unsteady.length > 0) lines.push(`differed once, and not again: ${unsteady.join(', ')}`);
  for (const text of interrupted) lines.push(`the kernel could not go on: ${text}`);
  for (const finding of findings) {
    lines.push(`${pathOf(finding, out)}: ${finding.journal.steps.length} of ${finding.stepsBefore} steps`);
    lines.push(`  ${finding.signature}`);
  }
  lines.push(
    findings.length === 0 ? 'Nothing differs.' : `${findings.length} findings; see them with: binderlab replay FILE`,
  );
  return `${lines.join('\n')}\n`;
}
