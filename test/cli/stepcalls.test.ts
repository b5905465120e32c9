/** The calls view shows a step as a strace of the whole run does, though it looks at the last steps only. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { StepCalls } from '../../host/cli/step/calls.ts';
import { History } from '../../host/history.ts';
import { Machine } from '../../host/machine.ts';
import type { Step } from '../../host/trace/journal.ts';
import { ReadableStrace } from '../../host/trace/readablestrace.ts';
import { Strace } from '../../host/trace/strace.ts';
import { recording, recordingNames } from '../conformance/recordings.ts';

const wasm = guestModule();
const test = suite('step calls');

/** Without the padding, which depends on the names so far, and the kernel log, which a whole strace has each line of once. */
function squeezed(lines: readonly string[]): string[] {
  return lines
    .filter((line) => !line.trimStart().startsWith('# '))
    .join(' ')
    .split(/\s+/);
}

for (const name of recordingNames().filter((name, index) => index % 5 === 0 || /kill|parked|interrupted/.test(name))) {
  test(name, () => {
    const history = new History(recording(name), (header) =>
      Machine.fromHeader(header, { wasm, memoryMiB: 16, journal: false }),
    );
    const calls = new StepCalls(history);
    const strace = new ReadableStrace({ numbers: false });
    const raw = new Strace();
    while (history.next()) {
      const step = history.step as Step;
      const shown = calls.recent(0)[0];
      assert.equal(history.step, step);
      assert.equal(squeezed(shown?.lines ?? []), squeezed(strace.lines(step)), `step ${step.i}`);
      assert.equal(squeezed(shown?.raw ?? []), squeezed(raw.lines(step)), `step ${step.i}`);
    }
  });
}

test.run();
