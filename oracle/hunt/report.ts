/** The output of a hunt: the progress line, journals of findings, the result as text and as JSON. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatJournal, parseJournal } from '../../host/trace/journaltext.ts';
import type { Finding, HuntProgress, HuntResult } from './hunt.ts';

/** Intervals of the progress line, on a terminal and elsewhere. */
const TERMINAL_EVERY_MS = 200;
const PIPE_EVERY_MS = 10_000;

/** Keeps a finding's journal; a smaller one replaces a larger one, also of an earlier hunt. */
export function keepFinding(finding: Finding, folder: string): void {
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

/** Prints the progress to stderr. */
export class ProgressLine {
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

/** The result as JSON. @param out Folder of the findings. */
export function huntJson(result: HuntResult, seed: number, out: string): object {
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

/** The result for people. @param out Folder of the findings. */
export function huntText(result: HuntResult, seed: number, out: string): string {
  const { programs, steps, findings, unsteady, interrupted } = result;
  const lines = [`seed ${seed}: ${programs} programs, ${steps} steps`, ''];
  for (const [title, counts] of Object.entries(result.coverage.tables())) {
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
    findings.length === 0 ? 'Nothing differs.' : `${findings.length} findings; see them with npx binderlab replay FILE`,
  );
  return lines.join('\n');
}
