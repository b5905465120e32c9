/** The hunt against a kernel that is the emulator itself, right or with a fault put in. */
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../../host/cli/boot.ts';
import type { Journal, JournalHeader, Step, StepInput } from '../../../host/trace/journal.ts';
import { parseJournal } from '../../../host/trace/journaltext.ts';
import { huntChoice, huntCommand } from '../../../oracle/cli/hunt.ts';
import { parseLine } from '../../../oracle/cli/options.ts';
import { Cast } from '../../../oracle/hunt/cast.ts';
import { type Finding, Hunt, type Truth } from '../../../oracle/hunt/hunt.ts';
import { bootFor } from '../../../oracle/hunt/program.ts';
import { SourceFolders } from '../../../oracle/hunt/sources.ts';
import { firstDeparture } from '../../../oracle/hunt/verdict.ts';

const CONFORMANCE = join(import.meta.dirname, '../../../../test/conformance');
const sources = new SourceFolders([join(CONFORMANCE, 'hand')]);

const HEADER: JournalHeader = {
  ...{ t: 'header', format: 1, name: 'program', desc: '', secctx: null, cpus: 1, page_size: 4096 },
  ...{ last_debug_id: 0, context_mgr_uid: 0, arena: { addr: '0x10000000', size: 8 << 20 }, procs: [], steps: 0 },
};

/** A kernel that answers as the emulator does, but for what `distort` makes of the steps. */
class MadeUpKernel implements Truth {
  runs = 0;

  constructor(private readonly distort: (step: Step, before: readonly Step[]) => Step) {}

  run({ header, steps }: { header?: Partial<JournalHeader>; steps: readonly StepInput[] }): Promise<Journal> {
    this.runs++;
    const whole: JournalHeader = { ...HEADER, last_debug_id: 77, steps: steps.length, ...header };
    const cast = new Cast();
    const machine = bootFor(guestModule(), whole);
    const made: Step[] = [];
    for (const input of steps) {
      if (!cast.allows(input)) continue;
      const step = machine.perform(input);
      cast.learn(step);
      made.push(this.distort(step, made));
    }
    return Promise.resolve({ header: whole, steps: made });
  }
}

function hunt(truth: Truth, options: { programs: number; keepGoing?: boolean }) {
  const found: Finding[] = [];
  let clock = 0;
  const result = new Hunt({
    wasm: guestModule(),
    sources,
    truth,
    seed: 3,
    keepGoing: false,
    limitMs: Number.POSITIVE_INFINITY,
    // a tick for each look at the clock: the same on every machine
    shrinkMs: 1500,
    now: () => clock++,
    found: (finding) => found.push(finding),
    progress: () => {},
    ...options,
  }).run();
  return result.then((done) => ({ ...done, found }));
}

/** A driver that, once a buffer was freed, tells of one page less after the shrinker ran. */
function shrinksWrongly(step: Step, before: readonly Step[]): Step {
  const hasFreed = before.some((one) => one.op === 'wr' && one.bc?.some((word) => word.startsWith('BC_FREE_BUFFER')));
  if (step.op !== 'shrink' || !hasFreed || !step.out || step.out.ret === 0) return step;
  return { ...step, out: { ret: step.out.ret - 1 } };
}

const test = suite('hunt');

test('finds nothing where the kernel is as the emulator', async () => {
  const kernel = new MadeUpKernel((step) => step);
  const { programs, findings, unsteady } = await hunt(kernel, { programs: 6 });
  assert.is(programs, 6);
  assert.is(kernel.runs, 6);
  assert.equal(findings, []);
  assert.equal(unsteady, []);
});

test('finds a fault, makes it small, and ends', async () => {
  const { findings, found } = await hunt(new MadeUpKernel(shrinksWrongly), { programs: 60 });
  const [finding] = findings;
  assert.is(findings.length, 1);
  assert.is(finding?.signature, 'shrink ret fine fine');
  const { steps } = (finding as Finding).journal;
  assert.ok(steps.length <= 20, `${steps.length} steps`);
  assert.is(steps.at(-1)?.op, 'shrink');
  assert.is(finding?.journal.header.steps, steps.length);
  assert.ok(found.length > 1, 'each improvement is told');
  assert.ok((found[0] as Finding).journal.steps.length >= steps.length);
});

test('a difference that does not show again is told, and is no finding', async () => {
  let times = 0;
  const kernel = new MadeUpKernel((step) => {
    return step.op === 'dump' && step.in.file === 'state' && times++ === 0
      ? ({ ...step, out: { exists: true, text: 'odd\n' } } as Step)
      : step;
  });
  const { findings, unsteady } = await hunt(kernel, { programs: 2 });
  assert.equal(findings, []);
  assert.is(unsteady.length, 1);
});

test('goes on to faults of other kinds when it is asked to', async () => {
  const kernel = new MadeUpKernel((step) => {
    if (step.op === 'mkfd' && step.out) return { ...step, out: { ...step.out, ret: -24, errno: 'EMFILE' } };
    return step.op === 'poll' && step.out ? { ...step, out: { ret: 1, revents: 4096 } } : step;
  });
  const { findings, programs } = await hunt(kernel, { programs: 25, keepGoing: true });
  assert.is(programs, 25);
  const signatures = findings.map((finding) => finding.signature);
  assert.ok(signatures.includes('mkfd ret -24 fine'), signatures.join('; '));
  assert.ok(
    signatures.some((signature) => signature.startsWith('poll ')),
    signatures.join('; '),
  );
  assert.is(new Set(signatures).size, signatures.length);
});

test('a kernel that stops half-way is no reason to stop', async () => {
  const kernel: Truth = {
    run: () => Promise.reject(Object.assign(new Error('hung'), { name: 'KernelError', journal: null })),
  };
  const { interrupted, findings, programs } = await hunt(kernel, { programs: 2 });
  assert.is(interrupted.length, 2);
  assert.is(programs, 2);
  assert.equal(findings, []);
});

const choiceOf = (words: string[]) => huntChoice(parseLine(words, huntCommand));

test('the command line says how long, and with which seed', () => {
  const choice = choiceOf(['--programs', '5', '--seed', '9', '--keep-going', '--json']);
  assert.is(choice.programs, 5);
  assert.is(choice.limitMs, Number.POSITIVE_INFINITY);
  assert.is(choice.seed, 9);
  assert.is(choice.keepGoing, true);
  assert.is(choiceOf(['--minutes', '0.5']).limitMs, 30_000);
});

test('a wrong command line is told before anything runs', () => {
  const wrong = [
    ['--minutes', 'x'],
    ['--minutes', '0'],
    ['--seed', '-1'],
    ['--seed=1.5'],
    ['--nonsense'],
    ['--programs'],
  ];
  wrong.push(['--programs', '1', '--minutes', '1'], ['word']);
  for (const words of wrong) {
    assert.throws(
      () => choiceOf(words),
      (error: Error) => error.name === 'UsageError' && error.message.length > 10,
      words.join(' '),
    );
  }
});

test('steps without the kernel’s answers are judged by refusals and checks alone', () => {
  const wr = { fd: 3, arg: '0x10000000', wbuf: '0x10001000', poke: '0c630000', write_size: 4, write_consumed: 0 };
  const inputs = [
    { op: 'proc', in: { name: 'A', pid: 1000, uid: 0 } },
    { op: 'open', by: 'A.0', in: { flags: 0 } },
    { op: 'wr', by: 'A.0', in: { ...wr, rbuf: '0x10002000', read_size: 0, read_consumed: 0 } },
    { op: 'wr', by: 'A.0', in: { ...wr, rbuf: '0x10002000', read_size: 256, read_consumed: 0 } },
    { op: 'signal', in: { thread: 'A.0', tid: 1000 } },
  ];
  const text = [{ ...HEADER, steps: inputs.length }, ...inputs.map((step, i) => ({ i, ...step }))];
  const journal = parseJournal(text.map((line) => JSON.stringify(line)).join('\n'), 'signal');
  const boot = (header: JournalHeader) => bootFor(guestModule(), header);
  assert.is(firstDeparture(journal, boot, false, 1), null);
  assert.is(firstDeparture(journal, boot, true)?.field, 'woken.A.0', 'a recorded signal says whom it wakes');
});

test.run();
