/** What Linux's driver printed, the emulator prints too: the same lines, in the same steps. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine } from '../../host/machine.ts';
import { type ReplayResult, replay } from '../../host/replay.ts';
import type { Journal, Step } from '../../host/trace/journal.ts';
import { MEMORY_MIB, recording, recordingNames } from './recordings.ts';

const LINES = 1004;
const test = suite('klog');
const names = recordingNames('klog');

const linesOf = ({ steps }: Journal) => steps.flatMap(({ klog }) => klog ?? []);

function replayed(journal: Journal): ReplayResult {
  return replay(journal, (header) => Machine.fromHeader(header, { wasm: guestModule(), memoryMiB: MEMORY_MIB }));
}

/** The journal with another text in the lines of each step. */
function withLines(journal: Journal, change: (line: string) => string): Journal {
  const steps = journal.steps.map((step): Step => (step.klog ? { ...step, klog: step.klog.map(change) } : step));
  return { header: journal.header, steps };
}

for (const name of names) {
  test(name, () => {
    assert.equal(replayed(recording(name, 'klog')).text, []);
  });
}

test('every recording has lines', () => {
  const counts = names.map((name) => linesOf(recording(name, 'klog')).length);
  assert.ok(counts.every((count) => count > 0));
  assert.is(
    counts.reduce((sum, count) => sum + count),
    LINES,
  );
});

test('another line is a difference, another name of the module is none', () => {
  const journal = recording('bad-target', 'klog');
  const other = replayed(withLines(journal, (line) => line.replace('cannot find', 'can find')));
  assert.is(other.different[0]?.field, 'klog');
  assert.ok(other.text.some((line) => line.endsWith('1000:1000 can find target node')));
  const builtIn = withLines(journal, (line) => line.replace('binder_linux: ', 'binder: '));
  assert.equal(replayed(builtIn).text, []);
});

test('a step whose lines are missing differs, a journal without any is not compared in them', () => {
  const { header, steps } = recording('bad-target', 'klog');
  const first = steps.findIndex(({ klog }) => klog !== undefined);
  const without = ({ klog: _, ...step }: Step) => step as Step;
  const some = steps.map((step, index) => (index === first ? without(step) : step));
  assert.equal(
    replayed({ header, steps: some }).different.map(({ step, field }) => [step, field]),
    [[first, 'klog']],
  );
  assert.equal(replayed({ header, steps: steps.map(without) }).text, []);
});

test.run();
