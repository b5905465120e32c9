/** The steps of a history in strace's format: the current step, those before it, and the next one. */
import { type History, START } from '../../history.ts';
import { callBegin } from '../../trace/call.ts';
import { compareKernelLogs, compareSteps, hasKernelLog, isInputsOnly } from '../../trace/compare.ts';
import type { Step } from '../../trace/journal.ts';
import { ReadableStrace } from '../../trace/readablestrace.ts';
import { Strace } from '../../trace/strace.ts';

/** Lines of one step: its call, then the parked calls that it finished. */
interface DecodedStep {
  step: number;
  /** The readable form. */
  lines: readonly string[];
  /** The raw form: every field, one line a call. */
  raw: readonly string[];
}

const INDENT = '      ';

export class StepCalls {
  readonly #history: History;
  readonly #strace = new ReadableStrace({ numbers: false });
  readonly #raw = new Strace();
  /** By position. The lines of a step never change. */
  readonly #decoded: DecodedStep[] = [];

  constructor(history: History) {
    this.#history = history;
  }

  /** The current step, and up to `before` steps before it; oldest first, empty at the start. */
  recent(before: number): DecodedStep[] {
    const { position, past } = this.#history;
    for (const step of past.slice(this.#decoded.length)) {
      this.#decoded.push({ step: step.i, lines: this.#strace.lines(step), raw: this.#raw.lines(step) });
    }
    return this.#decoded.slice(Math.max(0, position - before), position + 1);
  }

  /** The recent steps with their numbers, the current one marked, and the next one. */
  text(before: number): string[] {
    const { upcoming, position, last } = this.#history;
    const recent = this.recent(before);
    const lines = recent.flatMap(({ step, lines }, index) => numbered(step, lines, index === recent.length - 1));
    if (position === START) lines.push(`  the machine as it was booted; ${last + 1} steps are to come`);
    const difference = this.difference();
    if (difference !== null) lines.push(`  ! ${difference}`);
    if (upcoming !== null) lines.push(`  next: step ${upcoming.i}, ${upcomingText(upcoming)}`);
    else if (position !== START) lines.push('  this was the last step');
    return lines;
  }

  /** The difference of the step from its recording; null without a difference or a recording. */
  difference(): string | null {
    const { step, recorded, position } = this.#history;
    const expected = recorded[position];
    if (step === null || expected === undefined || isInputsOnly(expected)) return null;
    const found = compareSteps(expected, step) ?? (hasKernelLog(recorded) ? compareKernelLogs(expected, step) : null);
    if (found === null) return null;
    return `recorded otherwise: ${found.field} was ${JSON.stringify(found.expected)}, and is ${JSON.stringify(found.actual)}`;
  }
}

function numbered(step: number, lines: readonly string[], isPresent: boolean): string[] {
  const mark = `${isPresent ? '>' : ' '} ${String(step).padStart(4)}`;
  return lines.map((line, index) => `${index === 0 ? mark : INDENT}  ${line}`);
}

/** The thread and the operation of the next step. */
function upcomingText(step: Step): string {
  switch (step.op) {
    case 'proc':
      return `process ${step.in.name} is made`;
    case 'kill':
      return `process ${step.in.proc} is killed`;
    case 'signal':
    case 'await':
      return `${step.op} of ${step.in.thread}`;
    case 'dump':
      return `dump of ${step.in.file}`;
    case 'note':
      return 'a note';
    default:
      return `${step.by}: ${callBegin(step, step.bc).begin} ...`;
  }
}
