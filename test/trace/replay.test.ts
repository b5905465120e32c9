/** Replay and record against a machine that answers from a journal, right or wrong as the test wants it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BinderlabError } from '../../host/kernel/error.ts';
import { type Performer, ReplayError, record, replay } from '../../host/replay.ts';
import type { Journal, Step, StepInput, WriteReadOutput } from '../../host/trace/journal.ts';
import { recording } from '../conformance/recordings.ts';

const test = suite('replay');

/** Answers with the steps of a journal, counted from 0 as a machine does. */
function machineOf(journal: Journal): Performer & { inputs: StepInput[] } {
  const numbers = new Map(journal.steps.map((step, index) => [step.i, index]));
  const inputs: StepInput[] = [];
  return {
    inputs,
    perform(input) {
      const step = structuredClone(journal.steps[inputs.length]);
      if (step === undefined) throw new Error('no further step');
      inputs.push(input);
      for (const entry of step.woken ?? []) entry.i = numbers.get(entry.i) ?? entry.i;
      return { ...step, i: inputs.length - 1 };
    },
  };
}

function edited(journal: Journal, edit: (steps: Step[]) => void): Journal {
  const copy = structuredClone(journal);
  edit(copy.steps);
  return copy;
}

const journal = recording('call-write-then-read');
const withoutDumps: Journal = { ...journal, steps: journal.steps.filter((step) => step.op !== 'dump') };

test('what is as recorded', () => {
  const { length } = journal.steps;
  assert.equal(
    replay(journal, () => machineOf(journal)),
    { steps: length, equal: length, different: [], text: [] },
  );
});

test('skipped dumps are performed, for they have effects, and neither compared nor counted', () => {
  const wrong = edited(journal, (steps) => {
    for (const step of steps) if (step.op === 'dump') step.out = { exists: true, text: 'something else' };
  });
  const machine = machineOf(wrong);
  const { length } = withoutDumps.steps;
  assert.ok(length < journal.steps.length);
  assert.equal(
    replay(journal, () => machine, { skipDumps: true }),
    {
      steps: length,
      equal: length,
      different: [],
      text: [],
    },
  );
  assert.is(machine.inputs.length, journal.steps.length);
});

test('one entry for each step that differs, the first one in words', () => {
  const wrong = edited(journal, (steps) => {
    (steps[17]?.out as WriteReadOutput).read = '0c72000011720000';
    (steps[19]?.out as WriteReadOutput).write_consumed = 4;
  });
  const result = replay(journal, () => machineOf(wrong));
  assert.is(result.equal, result.steps - 2);
  assert.equal(result.different, [
    {
      trace: 'call-write-then-read',
      step: 17,
      field: 'read',
      expected: '0c72000006720000',
      actual: '0c72000011720000',
    },
    { trace: 'call-write-then-read', step: 19, field: 'write_consumed', expected: 52, actual: 4 },
  ]);
  assert.is(result.text[0], 'call-write-then-read, step 17: wr by SM.0: read differs');
  assert.ok(result.text.some((line) => /^! BR_TRANSACTION_COMPLETE +BR_FAILED_REPLY$/.test(line)));
  assert.ok(result.text.some((line) => /^ {2}BR_NOOP +BR_NOOP$/.test(line)));
});

test('a thread that did not wake is shown with the call it is parked in', () => {
  const wrong = edited(journal, (steps) => {
    delete steps[14]?.woken;
  });
  const { different, text } = replay(journal, () => machineOf(wrong));
  assert.is(different[0]?.field, 'woken.SM.0');
  assert.is(text[2], '  SM.0 was parked in step 5:');
  assert.match(text[3] ?? '', 'BC_ENTER_LOOPER');
});

test('a machine that gives up ends the replay', () => {
  const machine = machineOf({ ...journal, steps: journal.steps.slice(0, 4) });
  const result = replay(journal, () => machine);
  assert.is(result.steps, journal.steps.length);
  assert.is(result.equal, 4);
  assert.equal(result.different, [
    { trace: 'call-write-then-read', step: 4, field: 'error', expected: null, actual: 'no further step' },
  ]);
});

test('a machine that breaks ends the replay, where that is asked for', () => {
  const answers = machineOf(journal);
  const machine: Performer = {
    perform: (input) => answers.perform(input),
    check() {
      if (answers.inputs.length > 5) throw new BinderlabError('the machine is broken');
    },
  };
  const { text, ...result } = replay(journal, () => machine, { check: true });
  assert.equal(result, {
    steps: journal.steps.length,
    equal: 5,
    different: [
      { trace: 'call-write-then-read', step: 5, field: 'check', expected: null, actual: 'the machine is broken' },
    ],
  });
  assert.equal(text, ['call-write-then-read, step 5: wr by SM.0: the machine is broken']);
  answers.inputs.length = 0;
  assert.is(replay(journal, () => machine).equal, journal.steps.length);
});

test('a dump that the machine cannot make differs, and nothing else', () => {
  const answers = machineOf(journal);
  const machine: Performer = {
    perform(input) {
      const step = answers.perform(input);
      if (input.op === 'dump') throw new BinderlabError('no such file here');
      return step;
    },
  };
  const result = replay(journal, () => machine);
  assert.is(result.equal, withoutDumps.steps.length);
  assert.ok(result.different.every(({ field, actual }) => field === 'error' && actual === 'no such file here'));
  answers.inputs.length = 0;
  const made = record(journal, () => machine, { strategy: 'kmap', seed: 0, memory: 64 });
  assert.equal(
    made.steps.filter((step) => step.op !== 'dump'),
    withoutDumps.steps,
  );
  assert.ok(made.steps.every((step) => step.op !== 'dump' || step.out === undefined));
});

test('steps without outputs are equal once performed', () => {
  const bare = edited(journal, (steps) => {
    for (const step of steps) for (const field of ['out', 'woken', 'parked', 'bc', 'br'] as const) delete step[field];
  });
  const machine = machineOf(journal);
  const result = replay(bare, () => machine);
  assert.is(result.equal, journal.steps.length);
  assert.is(machine.inputs.length, journal.steps.length);
});

test('only inputs reach the machine', () => {
  const machine = machineOf(journal);
  replay(journal, () => machine);
  for (const input of machine.inputs) {
    assert.equal(
      Object.keys(input).filter((key) => !['op', 'by', 'in'].includes(key)),
      [],
    );
  }
});

test('record keeps the numbers of a journal with gaps', () => {
  const made = record(withoutDumps, () => machineOf(withoutDumps), { strategy: 'kmap', seed: 7, memory: 64 });
  assert.equal(made.steps, withoutDumps.steps);
  assert.is(made.header.steps, withoutDumps.steps.length);
  assert.equal(made.header.emulator, { strategy: 'kmap', seed: 7, memory: 64 });
});

test('a machine that cannot be booted', () => {
  const boot = (): Performer => {
    throw new Error('no memory');
  };
  const result = replay(journal, boot);
  assert.is(result.equal, 0);
  assert.is(result.steps, journal.steps.length);
  assert.is(result.different[0]?.actual, 'no memory');
  assert.throws(
    () => record(journal, boot, { strategy: 'kmap', seed: 0, memory: 64 }),
    'call-write-then-read: no memory',
  );
});

test('record says which step the machine refused', () => {
  const machine = machineOf({ ...journal, steps: journal.steps.slice(0, 1) });
  try {
    record(journal, () => machine, { strategy: 'kmap', seed: 0, memory: 64 });
    assert.unreachable();
  } catch (error) {
    assert.instance(error, ReplayError);
    assert.is((error as Error).message, 'call-write-then-read, step 1: open by SM.0: no further step');
  }
});

test.run();
