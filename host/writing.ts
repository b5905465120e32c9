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
import { streamFields } from './wire/words.ts';

/** With it a call is refused after its commands and binder_write_read have been stored. */
const NO_FD = -1;

/** What a thread changed, and with which command. */
export interface Writing {
  /** The thread; null for a step without one. Work that the driver had put off counts for the thread that ran before it. */
  readonly by: string | null;
  /** The BC_ or BR_ word in which it happened; several when it is one of these, none when it happened outside of any. */
  readonly words: readonly string[];
  /** What was there before that word, or before the thread went on; and what is there after the step. */
  readonly before: Reading;
  readonly after: Reading;
}

/**
 * The last change of something in a step that changes it.
 *
 * @param machine Stands before the step, and does so afterwards.
 * @param input The step as a journal has it. @param step The same with its results here.
 */
export function lastWriting(machine: Machine, input: Step | RecordedEntries, step: Step, what: Watched): Writing {
  const moment = machine.snapshot();
  const parts = partsOf(machine, input, step, what);
  machine.restore(moment);
  const number = parts.map(({ before, after }) => isChanged(before, after)).lastIndexOf(true);
  const part = parts[number] as Part;
  if (number > 0) {
    const { by } = part;
    return { ...part, words: namesOf(step.woken?.find((entry) => entry.by === by)?.br ?? step.br) };
  }
  return step.op === 'wr' ? writingOfCall(machine, moment, step, what, part) : { ...part, words: [] };
}

/** What one thread did without a break. */
interface Part {
  readonly by: string | null;
  readonly before: Reading;
  readonly after: Reading;
}

function partsOf(machine: Machine, input: Step | RecordedEntries, step: Step, what: Watched): Part[] {
  const parts: Part[] = [];
  let by = step.by ?? null;
  let before = what.read(machine.inspect);
  const end = () => {
    const after = what.read(machine.inspect);
    parts.push({ by, before, after });
    before = after;
  };
  machine.redo(input, (thread) => {
    end();
    by = thread;
  });
  end();
  return parts;
}

/** The command of a call that changed something last. @param part The call's own part, without threads that it woke. */
function writingOfCall(machine: Machine, moment: Snapshot, step: StepOf<'wr'>, what: Watched, part: Part): Writing {
  const { poke, write_consumed: from, write_size: to } = step.in;
  const { after } = part;
  const tried = (input: Partial<StepOf<'wr'>['in']>): Reading => {
    const shorter: Step = { ...step, in: { ...step.in, ...input } };
    const reading = partsOf(machine, shorter, shorter, what)[0]?.after ?? null;
    machine.restore(moment);
    return reading;
  };
  if (!isChanged(tried({ fd: NO_FD }), after)) return { ...part, words: [] };
  const ends = streamFields(bytesOfHex(poke), from, to).map(({ end }) => end);
  const readings = [from, ...ends].map((size) => tried({ write_size: size, read_size: 0 }));
  const number = readings.map((reading) => isChanged(reading, after)).lastIndexOf(true);
  const before = readings[number] ?? null;
  if (number < 0) return { ...part, words: [] };
  const words = number === ends.length ? step.br : step.bc?.slice(number, number + 1);
  return { ...part, before, words: namesOf(words) };
}

function isChanged(one: Reading, other: Reading): boolean {
  return changedFields(one, other).length > 0;
}

/** The names of words. BR_NOOP begins every read, and does nothing. */
function namesOf(words: readonly string[] = []): string[] {
  return words.map((word) => word.split(' ', 1)[0] as string).filter((name) => name !== 'BR_NOOP');
}
