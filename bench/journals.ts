/** What a journal costs a script that makes hot calls, and how fast it is replayed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BootOptions, Machine } from '../host/machine.ts';
import { replay } from '../host/replay.ts';
import { BinaryJournal } from '../host/trace/binaryjournal.ts';
import type { Journal } from '../host/trace/journal.ts';
import type { JournalKeeping } from '../host/trace/journalkeeper.ts';
import { formatJournal, parseJournal } from '../host/trace/journaltext.ts';
import { ReadableStrace } from '../host/trace/readablestrace.ts';
import type { FileSink } from '../host/wasm/filesink.ts';
import { openFile } from '../host/wasm/node.ts';
import { roundTripOn } from './hostcalls.ts';

/** Steps of the journal that is replayed; it has some more, which make its processes. */
export const REPLAYED_STEPS = 3000;
const STEPS_PER_TRIP = 3;

/** What is kept; `strace`: nothing, but each step becomes text. */
export const KEEPINGS: Readonly<Record<string, () => JournalKeeping | 'strace'>> = {
  none: () => false,
  last: () => ({ last: 4096 }),
  memory: () => 'all',
  file: () => ({ file: temporaryFile() }),
  strace: () => 'strace',
};

export function journaledRoundTrip(options: BootOptions, keeping: () => JournalKeeping | 'strace'): () => void {
  const kept = keeping();
  const machine = Machine.boot({ ...options, journal: kept === 'strace' ? false : kept });
  if (kept === 'strace') {
    const strace = new ReadableStrace();
    machine.on('step', (step) => strace.lines(step));
  }
  return roundTripOn(machine, 4);
}

/** @returns A function that replays and compares at least `count` steps. */
export function replayedSteps(options: BootOptions, form: 'binary' | 'json'): (count: number) => void {
  const file = temporaryFile();
  const machine = Machine.boot({ ...options, journal: { file } });
  const once = roundTripOn(machine, 4);
  for (let made = 0; made < REPLAYED_STEPS; made += STEPS_PER_TRIP) once();
  machine.keepJournal(false);
  const text = formatJournal(new BinaryJournal(file, 'bench.journal'));
  const read = (): Journal =>
    form === 'binary' ? new BinaryJournal(file, 'bench.journal') : parseJournal(text, 'bench');
  return (count) => {
    for (let done = 0; done < count; ) {
      const { steps, equal } = replay(read(), (header) => Machine.fromHeader(header, options));
      if (equal !== steps) throw new Error(`${steps - equal} of ${steps} steps differ`);
      done += steps;
    }
  };
}

/** A file that is gone when the process ends. */
function temporaryFile(): FileSink {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-'));
  const file = openFile(join(folder, 'bench.journal'), true);
  rmSync(folder, { recursive: true }); // an open file stays until it is closed
  return {
    ...file,
    close: () => {},
    get size() {
      return file.size;
    },
  };
}
