/** The table of operations, row by row: each can be read from a journal, performed or refused, recorded, and shown. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Thread } from '../../host/os/thread.ts';
import type { Step, StepInput } from '../../host/trace/journal.ts';
import { formatStep, JournalError, parseStep } from '../../host/trace/journaltext.ts';
import { ReadableStrace } from '../../host/trace/readablestrace.ts';
import { Strace } from '../../host/trace/strace.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import type { Field, KindName } from '../../host/wire/kinds.ts';
import { hasActor, INPUTS, OPERATIONS, type Op, OUTPUTS, opHasOutput, REQUESTS } from '../../host/wire/operations.ts';
import { boot } from '../inspect/machines.ts';

const test = suite('operations');
const OPS = Object.keys(OPERATIONS) as Op[];

/** Values of journals for kinds that are no numbers. */
const SAMPLES: Readonly<Partial<Record<KindName, unknown>>> = {
  address: '0x107ff000', // the arena's last page
  map_flags: '0x22',
  bytes: '6869',
  data: '00634040',
  text: 'state',
  process_name: 'app',
  thread_name: 'app.0',
  file_kind: 'memfd',
  failure: 'frame',
};
/** Of those who come to be, no name or number is taken yet. */
const NEW: Readonly<Partial<Record<Op, object>>> = {
  proc: { name: 'other', pid: 2000 },
  fork: { name: 'other', pid: 2000 },
  spawn: { thread: 'app.1', tid: 1001 },
};

/** What a journal may hold in a field: a usual value, and of numbers the ends of the range. */
function valuesOf({ named, kind: { range } }: Field): unknown[] {
  const sample = SAMPLES[named];
  if (sample !== undefined) return [sample];
  assert.ok(range, `a kind without a range has a sample: ${named}`);
  const [from, to] = range as readonly [number, number];
  return [named === 'id' ? 1000 : Math.max(from, 0), from, to];
}

/** Steps of one operation: the usual one, then some in each of which one field is at an end of its range. */
function stepsOf(op: Op): StepInput[] {
  const fields = [...INPUTS[op].values()];
  const usual = { ...Object.fromEntries(fields.map((field) => [field.name, valuesOf(field)[0]])), ...NEW[op] };
  const inputs = [
    usual,
    ...fields.flatMap((field) =>
      valuesOf(field)
        .slice(1)
        .map((value) => ({ ...usual, [field.name]: value })),
    ),
  ];
  return inputs.map((input) => ({ op, ...(hasActor(op) ? { by: 'app.0' } : {}), in: input }) as StepInput);
}

function problem(step: unknown): string {
  try {
    parseStep(JSON.stringify(step), 'journal', 2);
  } catch (error) {
    assert.instance(error, JournalError);
    return (error as JournalError).problem;
  }
  return '';
}

for (const op of OPS) {
  test(`${op} is read from a journal, and refused when a field is wrong`, () => {
    for (const input of stepsOf(op)) {
      const step = { i: 0, ...input };
      assert.is(problem(step), '');
      for (const { name, optional, nullable } of INPUTS[op].values()) {
        assert.match(problem({ ...step, in: { ...step.in, [name]: [] } }), `"in.${name}" of step 0 (${op}) is []; `);
        const { [name]: _, ...rest } = step.in as Record<string, unknown>;
        assert.match(problem({ ...step, in: rest }), optional ? '' : `"in.${name}" of step 0 (${op}) is missing; `);
        assert.is(problem({ ...step, in: { ...step.in, [name]: null } }) === '', nullable);
      }
    }
  });

  test(`${op} refuses numbers outside of their range`, () => {
    const step = { i: 0, ...(stepsOf(op)[0] as StepInput) };
    for (const { name, kind, named } of INPUTS[op].values()) {
      if (SAMPLES[named] !== undefined) continue;
      const [from, to] = kind.range as readonly [number, number];
      for (const value of [from - 1, to + 1, from + 0.5]) {
        assert.match(problem({ ...step, in: { ...step.in, [name]: value } }), /it must be a whole number/);
      }
    }
  });

  test(`${op} is performed or refused, recorded as it was asked for, and shown`, () => {
    for (const [index, input] of stepsOf(op).entries()) {
      const machine = boot();
      const steps: Step[] = [];
      machine.on('step', (step) => steps.push(step));
      machine.spawn('app', { pid: 1000 });
      try {
        machine.perform(input);
      } catch (error) {
        assert.ok(index > 0, `the usual step is made: ${error}`);
        assert.instance(error, BinderlabError, `${JSON.stringify(input)}: ${(error as Error).stack}`);
        continue;
      }
      const step = steps[steps.length - 1] as Step;
      assert.is(step.op, op);
      for (const [name, value] of Object.entries(step.in)) {
        // ids of those who are named, and names of ioctls, are told for convenience
        if (/^(kill|signal|ioctl)$/.test(op) && /^(pid|tid|name)$/.test(name)) continue;
        assert.equal(value, (input.in as Record<string, unknown>)[name], `${op}: ${name}`);
      }
      assert.is(step.out !== undefined, opHasOutput(op) && step.parked === undefined);
      for (const name of Object.keys(step.out ?? {})) assert.ok(OUTPUTS[op].has(name), `${op} answers ${name}`);
      assert.equal(parseStep(formatStep(step), 'journal', 2), JSON.parse(formatStep(step)));
      for (const strace of [new Strace({ bytes: true }), new ReadableStrace({ bytes: true })]) {
        const lines = steps.map((each) => strace.lines(each));
        assert.ok((lines[lines.length - 1] as string[]).length > 0);
        for (const line of lines.flat()) assert.not.match(line, /undefined|NaN|\[object|\$/);
      }
    }
  });
}

test("what a simulated thread may ask for is a method of the machine's threads", () => {
  for (const name of REQUESTS) assert.type(Thread.prototype[name], 'function', name);
  assert.is(new Set(REQUESTS).size, REQUESTS.length);
});

test.run();
