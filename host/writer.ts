/**
 * Who changed something in a step, and with which command. The step is performed again, and looked at wherever another
 * thread goes on; a BINDER_WRITE_READ also with only its first commands:
 *
 *     the step       store, ioctl: BC_FREE_BUFFER, BC_REPLY, read | client.0 goes on
 *     tried          store
 *                    store, ioctl
 *                    store, ioctl: BC_FREE_BUFFER                    the first that leaves it as the last one does
 *                    store, ioctl: BC_FREE_BUFFER, BC_REPLY
 */
import { changedFields, type Reading, type Watched } from './inspect/watched.ts';
import type { Machine } from './machine.ts';
import type { Snapshot } from './snapshot.ts';
import type { RecordedEntries } from './steps.ts';
import type { Step, StepOf } from './trace/journal.ts';
import { bytesOfHex } from './wire/hex.ts';
import { commandEnds } from './wire/words.ts';

/** With it a call is refused after its commands and binder_write_read have been stored. */
const NO_FD = -1;

export interface Writer {
  /** The thread; null for a step without one. Work that the driver had put off counts for the thread that ran before it. */
  readonly by: string | null;
  /** The BC_ or BR_ word in which it happened; several when it is one of these, none when it happened outside of any. */
  readonly words: readonly string[];
}

/**
 * @param machine Stands before the step, and does so afterwards.
 * @param input The step as a journal has it. @param step The same with its results here.
 */
export function writerOf(machine: Machine, input: Step | RecordedEntries, step: Step, what: Watched): Writer {
  const moment = machine.snapshot();
  const parts = partsOf(machine, input, step, what);
  machine.restore(moment);
  const number = parts.map(({ isWriter }) => isWriter).lastIndexOf(true);
  const part = parts[number];
  if (part === undefined) return { by: step.by ?? null, words: [] };
  const { by, after } = part;
  if (number > 0) return { by, words: namesOf(step.woken?.find((entry) => entry.by === by)?.br ?? step.br) };
  if (step.op !== 'wr') return { by, words: [] };
  return { by, words: namesOf(wordsOfCall(machine, moment, step, what, after)) };
}

/** What one thread did without a break. */
interface Part {
  readonly by: string | null;
  readonly isWriter: boolean;
  readonly after: Reading;
}

function partsOf(machine: Machine, input: Step | RecordedEntries, step: Step, what: Watched): Part[] {
  const parts: Part[] = [];
  let by = step.by ?? null;
  let before = what.read(machine.inspect);
  const end = () => {
    const after = what.read(machine.inspect);
    parts.push({ by, isWriter: changedFields(before, after).length > 0, after });
    before = after;
  };
  machine.redo(input, (thread) => {
    end();
    by = thread;
  });
  end();
  return parts;
}

/** The word of a call after which it was as after the call's own part. */
function wordsOfCall(
  machine: Machine,
  moment: Snapshot,
  step: StepOf<'wr'>,
  what: Watched,
  own: Reading,
): readonly string[] {
  const { poke, write_consumed: from, write_size: to } = step.in;
  const tried = (input: Partial<StepOf<'wr'>['in']>): Reading => {
    const part: Step = { ...step, in: { ...step.in, ...input } };
    const after = partsOf(machine, part, part, what)[0]?.after ?? null;
    machine.restore(moment);
    return after;
  };
  const stored = tried({ fd: NO_FD });
  if (!isChanged(stored, own)) return [];
  const ends = commandEnds(bytesOfHex(poke), from, to);
  const readings = [from, ...ends].map((size) => tried({ write_size: size, read_size: 0 }));
  let number = readings.length - 1;
  if (isChanged(readings[number], own)) return step.br ?? [];
  while (number > 0 && !isChanged(readings[number - 1], readings[number])) number--;
  return number === 0 ? [] : [step.bc?.[number - 1] ?? ''];
}

function isChanged(one: Reading | undefined, other: Reading | undefined): boolean {
  return changedFields(one ?? null, other ?? null).length > 0;
}

/** The names of words. BR_NOOP begins every read, and does nothing. */
function namesOf(words: readonly string[] = []): string[] {
  return words.map((word) => word.split(' ', 1)[0] as string).filter((name) => name !== 'BR_NOOP');
}
