/** Replay and record against a machine that answers from a journal, right or wrong as the test wants it. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { Machine } from '../../host/machine.ts';
import { type Performer, ReplayError, record, replay } from '../../host/replay.ts';
import type { Journal, Step, StepInput, WriteReadOutput } from '../../host/trace/journal.ts';
import { BinderlabError } from '../../host/wire/error.ts';
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
  const steps = structuredClone([...journal.steps]);
  edit(steps);
  return { ...journal, steps };
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

const EMULATOR = { strategy: 'kmap', seed: 0, memory: 64 } as const;
const wasm = guestModule();

/** A journal of these steps, each `[op, by, in]`. */
function journalOf(
  steps: readonly (readonly [op: string, by: string | null, input: object, rest?: object])[],
): Journal {
  const lines = steps.map(([op, by, input, rest], i) => ({
    i,
    op,
    ...(by === null ? {} : { by }),
    in: input,
    ...rest,
  }));
  return { header: { ...journal.header, name: 'made' }, steps: lines as unknown as Step[] };
}

const booted = ({ header }: Journal): Machine => Machine.fromHeader(header, { wasm });
const PROC = ['proc', null, { name: 'A', pid: 1000, uid: 0 }] as const;
const PIPE = ['mkfd', 'A.0', { kind: 'pipe', fd: 10, fd2: 11 }] as const;
const SLEEP = ['poll', 'A.0', { fd: 10, events: 1, timeout: -1 }, { parked: true }] as const;
const OPEN = ['open', 'A.0', { flags: 0 }, { out: { ret: 4 } }] as const;

test('files that are not there have no text, whatever they are called', () => {
  const asked = journalOf([
    PROC,
    ...['proc/1000', 'proc/7', 'nothing'].map((file) => ['dump', null, { file }] as const),
  ]);
  const made = record(asked, () => booted(asked), EMULATOR);
  const outs = made.steps.slice(1).map(({ out }) => out);
  assert.equal(outs, Array(3).fill({ exists: false, text: null }));
  assert.is(replay(made, () => booted(made)).equal, 4);
  const written = edited(made, (steps) => {
    for (const step of steps) if (step.op === 'dump') step.out = { exists: false, text: '' };
  });
  assert.is(replay(written, () => booted(made)).equal, 4, 'an empty text says the same');
  const there = edited(made, (steps) => {
    for (const step of steps) if (step.op === 'dump') step.out = { exists: true, text: 'binder proc state:\n' };
  });
  const fields = replay(there, () => booted(made)).different.map(({ field }) => field);
  assert.equal(fields, ['exists', 'exists', 'exists']);
});

test('a thread that sleeps where the recorded one was awake: the step differs, and says in what it sleeps', () => {
  const wrong = journalOf([PROC, PIPE, SLEEP, OPEN]);
  const gaps = edited(wrong, (steps) => {
    for (const step of steps) step.i *= 10;
  });
  const { different, equal, steps, text } = replay(gaps, () => booted(gaps));
  const why = 'A.0 cannot act, for here it still sleeps in step 20: poll([{fd=10, events=POLLIN}], 1, -1 ...';
  assert.equal([equal, steps], [3, 4]);
  assert.equal(different, [{ trace: 'made', step: 30, field: 'error', expected: null, actual: why }]);
  assert.equal(text, [`made, step 30: open by A.0: ${why}`]);
  assert.throws(() => record(gaps, () => booted(gaps), EMULATOR), `made, step 30: open by A.0: ${why}`);
});

test('steps of who has ended, or has never been', () => {
  const refusals = [
    [
      ['exit', 'A.0', {}],
      OPEN,
      'A.0 has ended: a thread does nothing after its exit, or after its process was killed.',
    ],
    [['kill', null, { proc: 'A', pid: 1000 }], OPEN, /^A.0 has ended/],
    [['exit', 'A.0', {}], ['kill', null, { proc: 'A', pid: 1000 }], /^A has ended already/],
    [['note', null, {}], ['open', 'B.0', { flags: 0 }], 'no thread is called "B.0"; there are A.0.'],
  ] as const;
  for (const [first, second, why] of refusals) {
    const made = journalOf([PROC, first, second]);
    const { different } = replay(made, () => booted(made));
    assert.is(different[0]?.step, 2);
    assert.match(String(different[0]?.actual), why);
    assert.throws(() => record(made, () => booted(made), EMULATOR), /^made, step 2: /);
  }
});

test('a woken thread that nobody has ever heard of', () => {
  const woken = [{ by: 'Z.9', i: 77, out: { ret: 0 }, order: 0 }];
  const wrong = journalOf([PROC, ['open', 'A.0', { flags: 0 }, { out: { ret: 3 }, woken }]]);
  const { different, text } = replay(wrong, () => booted(wrong));
  assert.equal(different, [{ trace: 'made', step: 1, field: 'woken.Z.9', expected: { ret: 0 }, actual: null }]);
  assert.is(text[0], 'made, step 1: open by A.0: woken.Z.9 differs');
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
