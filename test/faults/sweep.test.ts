/** Sweeps: three of them are sound, and what is not sound is reported. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { subjectsOf } from '../../host/cli/faults/subjects.ts';
import { faultRun, performAll, SteppedRuns, type Subject } from '../../host/faults/faultrun.ts';
import { FAULT_KINDS, Sweep, type SweepOptions } from '../../host/faults/sweep.ts';
import { Machine } from '../../host/machine.ts';
import type { StepInput } from '../../host/trace/journal.ts';

const OPTIONS: SweepOptions = {
  boot: { wasm: guestModule('debug'), memoryMiB: 8 },
  kinds: FAULT_KINDS,
  from: 1,
  to: 1_000_000,
  every: 1,
};

const test = suite('fault sweeps');

/** Sources, the interval of numbers, and what has to come of them. */
const SWEEPS: readonly (readonly [source: string, every: number, answers: readonly string[]])[] = [
  ['examples/raw-first-call.ts', 5, ['ENOMEM', 'EFAULT', 'EINTR', 'BR_FAILED_REPLY', 'BR_DEAD_REPLY']],
  ['test/conformance/hand/death.jsonl.gz', 7, ['ENOMEM', 'EFAULT', 'BR_FAILED_REPLY', 'BR_ERROR']],
  ['test/conformance/hand/freeze-timeout-expires.jsonl.gz', 5, ['ENOMEM', 'EFAULT', 'EINTR', 'BR_FAILED_REPLY']],
];

for (const [source, every, wanted] of SWEEPS) {
  test(`${source}: whatever fails, the machine is sound`, async () => {
    const [subject] = await subjectsOf([source], []);
    const sweep = new Sweep(subject as Subject, { ...OPTIONS, every });
    await sweep.run();
    assert.equal(
      sweep.unsound.map(({ injection, message }) => ({ injection, message })),
      [],
    );
    const tallies = [...sweep.tallies.values()];
    const answers = new Set(tallies.flatMap((tally) => Object.keys(tally.answers)));
    assert.equal(
      wanted.filter((name) => !answers.has(name)),
      [],
    );
    assert.ok(tallies.every(({ runs, ended, failed, stuck }) => runs === ended + failed + stuck));
  });
}

test('a run that begins at the moment before a failure does what one from the start does', async () => {
  const [recorded] = (await subjectsOf(['test/conformance/hand/death.jsonl.gz'], [])) as [Subject];
  const steps = recorded.work as readonly StepInput[];
  for (const what of FAULT_KINDS) {
    const stepped = new SteppedRuns(recorded, steps, what, OPTIONS.boot);
    const { passed } = stepped.without;
    for (let nth = 1; nth <= passed; nth += 5) {
      const injection = { what, nth, bytes: 0 };
      const work = (machine: Machine) => performAll(machine, steps);
      const [one, other] = [stepped.run(injection), await faultRun(recorded, work, injection, OPTIONS.boot, 1000)];
      assert.equal([...one.answers].sort(), [...other.answers].sort(), `${what} ${nth}`);
      assert.equal([one.unsound, one.error], [other.unsound, other.error]);
    }
  }
});

function subject(work: (machine: Machine) => void): Subject {
  return { name: 'subject', boot: (options) => Machine.boot(options), work, isOwn: () => false };
}

async function messagesOf(run: (machine: Machine) => void): Promise<string[]> {
  const sweep = new Sweep(subject(run), { ...OPTIONS, kinds: ['object'] });
  await sweep.run();
  return sweep.unsound.map(({ message }) => message.split('\n')[0] as string);
}

test('a process that is not made is an error of the machine, and sound', async () => {
  assert.equal(await messagesOf((machine) => void machine.spawn('a').main.open()), []);
});

test('an error that is no answer, a run without an end and a broken machine are not sound', async () => {
  const spoiled = (spoil: (machine: Machine) => void) => (machine: Machine) => {
    try {
      machine.spawn('a');
    } catch {
      spoil(machine);
    }
  };
  const broken = await messagesOf(
    spoiled(() => {
      throw new TypeError('no answer');
    }),
  );
  assert.match(broken[0] ?? '', /no answer/);
  const endless = await messagesOf(
    spoiled((machine) => {
      for (;;) machine.note('again');
    }),
  );
  assert.match(endless[0] ?? '', /^it did not end in \d+ steps$/);
  const poisoned = await messagesOf(
    spoiled((machine) => {
      machine.guest.u8[100] = 1;
      machine.note('spoiled');
    }),
  );
  assert.match(poisoned[0] ?? '', /^the machine is broken/);
});

test.run();
