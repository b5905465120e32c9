/** The steps of a history in strace's format: the current step, those before it, and the next one. */
import { type History, START } from '../../history.ts';
import type { Thread } from '../../os/thread.ts';
import { stepText } from '../../picture/calls.ts';
import { compareKernelLogs, compareSteps, isInputsOnly } from '../../trace/compare.ts';
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

  constructor(history: History) {
    this.#history = history;
  }

  /** The current step, and up to `before` steps before it; oldest first, empty at the start. */
  recent(before: number): DecodedStep[] {
    const history = this.#history;
    const { position } = history;
    history.goto(Math.max(START, position - before - 1));
    const strace = new ReadableStrace({ numbers: false });
    const raw = new Strace();
    for (const { name, tid, call } of livingThreads(history)) {
      const parkedIn = call === null ? null : history.recorded.at(call.step);
      for (const one of [strace, raw]) one.begin(name, tid, parkedIn);
    }
    const decoded: DecodedStep[] = [];
    while (history.position < position && history.next()) {
      const step = history.step as Step;
      decoded.push({ step: step.i, lines: strace.lines(step), raw: raw.lines(step) });
    }
    return decoded;
  }

  /** The recent steps with their numbers, the current one marked, and the next one. */
  text(before: number): string[] {
    const { upcoming, position, last } = this.#history;
    const recent = this.recent(before);
    const lines = recent.flatMap(({ step, lines }, index) => numbered(step, lines, index === recent.length - 1));
    if (position === START)
      lines.push(`  the machine as it was booted; ${last === 0 ? '1 step is' : `${last + 1} steps are`} to come`);
    const difference = this.difference();
    if (difference !== null) lines.push(`  ! ${difference}`);
    if (upcoming !== null) lines.push(`  next: step ${upcoming.i}, ${stepText(upcoming)}`);
    else if (position !== START) lines.push('  this was the last step');
    return lines;
  }

  /** The difference of the step from its recording; null without a difference or a recording. */
  difference(): string | null {
    const { step, recorded, position } = this.#history;
    if (step === null) return null;
    const expected = recorded.at(position);
    if (isInputsOnly(expected)) return null;
    const found = compareSteps(expected, step) ?? (recorded.hasKernelLog ? compareKernelLogs(expected, step) : null);
    if (found === null) return null;
    return `recorded otherwise: ${found.field} was ${JSON.stringify(found.expected)}, and is ${JSON.stringify(found.actual)}`;
  }
}

function livingThreads({ machine }: History): Thread[] {
  return machine.processes.flatMap(({ threads }) => threads).filter(({ alive }) => alive);
}

function numbered(step: number, lines: readonly string[], isPresent: boolean): string[] {
  const mark = `${isPresent ? '>' : ' '} ${String(step).padStart(4)}`;
  return lines.map((line, index) => `${index === 0 ? mark : INDENT}  ${line}`);
}
