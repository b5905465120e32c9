/** Two recordings of one program are equal wherever the id counter stood, and a change in either is found. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Journal, Step } from '../../host/trace/journal.ts';
import { recordingDifference } from '../../oracle/difference.ts';
import { recording } from '../conformance/recordings.ts';

const test = suite('differences');

/** The journal with every id higher by so many, as after a longer life of the driver. */
function later(journal: Journal, by: number): Journal {
  const base = journal.header.last_debug_id;
  const moved = (id: string) => (Number(id) > base ? String(Number(id) + by) : id);
  const steps = structuredClone(journal.steps).map((step) => {
    if (step.op === 'dump' && step.out?.text) {
      step.out.text = step.out.text
        .replace(/^(\d+)(?=: (?:call |async|reply) from)/gm, moved)
        .replace(/(?<=\b(?:node|ref|buffer|transaction|node work) )\d+/g, moved);
    }
    if (step.op === 'ioctl' && step.in.name === 'BINDER_GET_EXTENDED_ERROR' && step.out?.ret === 0) {
      const bytes = Buffer.from(step.out.bytes ?? '', 'hex');
      if (bytes.readUInt32LE() > base) bytes.writeUInt32LE(bytes.readUInt32LE() + by);
      step.out.bytes = bytes.toString('hex');
    }
    return step;
  });
  return { header: { ...journal.header, last_debug_id: base + by }, steps };
}

for (const name of ['nested-callback', 'extended-error', 'log-wraps', 'death-many']) {
  test(`${name} is itself, also with other ids`, () => {
    const journal = recording(name);
    assert.is(recordingDifference(journal, journal), null);
    assert.is(recordingDifference(journal, later(journal, 1000)), null);
  });
}

function changed(journal: Journal, op: string, change: (step: Step) => void): Journal {
  const copy = structuredClone(journal);
  change(copy.steps.find((step) => step.op === op && step.out !== undefined) as Step);
  return copy;
}

test('inputs, outputs and the length are compared', () => {
  const journal = recording('nested-callback');
  const other = changed(journal, 'open', ({ out }) => Object.assign(out ?? {}, { ret: 4 }));
  assert.equal(recordingDifference(journal, other), { step: 1, field: 'ret', expected: 3, actual: 4 });
  const moved = changed(journal, 'mmap', (step) => Object.assign(step.in, { len: 4096 }));
  assert.is(recordingDifference(journal, moved)?.field, 'in');
  const shorter = { ...journal, steps: journal.steps.slice(0, -1) };
  assert.is(recordingDifference(journal, shorter)?.field, 'length');
});

test('the order in which threads come back counts', () => {
  const journal = recording('flush');
  const other = structuredClone(journal);
  const step = other.steps.find(({ woken = [] }) => woken.length > 1) as Step;
  for (const entry of step.woken ?? []) entry.order = 1 - entry.order;
  assert.is(recordingDifference(journal, other)?.field, 'woken.order');
});

test('a dump that may be cut says nothing', () => {
  const journal = recording('nested-callback');
  const other = changed(journal, 'dump', (step) => {
    if (step.op === 'dump') step.out = { exists: true, text: null, cut: true };
  });
  assert.is(recordingDifference(journal, other), null);
  assert.is(recordingDifference(other, journal), null);
});

test.run();
