/** Sweeps: three of them are sound, and what is not sound is reported. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { subjectsOf } from '../../host/cli/faults/subjects.ts';
import { faultRun, performAll, type Subject, type SubjectWork } from '../../host/faults/faultrun.ts';
import { ScriptRuns } from '../../host/faults/scriptruns.ts';
import { SteppedRuns } from '../../host/faults/steppedruns.ts';
import { FAULT_KINDS, Sweep, type SweepOptions } from '../../host/faults/sweep.ts';
import { NO_LIMITS } from '../../host/faults/watch.ts';
import { Machine } from '../../host/machine.ts';
import { sys } from '../../host/sim/sys.ts';
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
      const [one, other] = [stepped.run(injection), await faultRun(recorded, work, injection, OPTIONS.boot, NO_LIMITS)];
      assert.equal([...one.answers].sort(), [...other.answers].sort(), `${what} ${nth}`);
      assert.equal([one.unsound, one.error], [other.unsound, other.error]);
    }
  }
});

test('a run of a script that is watched from the failure on does what one does that is watched from the start', async () => {
  for (const source of ['examples/raw-first-call.ts', 'examples/death.ts']) {
    const [script] = (await subjectsOf([source], [])) as [Subject];
    const work = script.work as SubjectWork;
    for (const what of FAULT_KINDS) {
      const runs = new ScriptRuns(script, work, what, OPTIONS.boot);
      const { passed } = await runs.without();
      for (let nth = 1; nth <= passed; nth += 17) {
        const injection = { what, nth, bytes: 10 };
        const one = await runs.run(injection, NO_LIMITS);
        const other = await faultRun(script, work, injection, OPTIONS.boot, NO_LIMITS);
        assert.ok(one !== null);
        assert.equal([...one.answers].sort(), [...other.answers].sort(), `${source} ${what} ${nth}`);
        assert.equal([one.unsound, one.error?.message], [other.unsound, other.error?.message]);
        assert.equal([one.steps, one.passed], [other.steps, other.passed], `${source} ${what} ${nth}`);
      }
    }
  }
});

test('a script that does something else each time is watched from its start', async () => {
  let run = 0;
  const work = (machine: Machine) => {
    if (run++ > 0) machine.note('again');
    for (const name of ['a', 'b']) machine.spawn(name);
  };
  const runs = new ScriptRuns(subject(work), work, 'object', OPTIONS.boot);
  const { passed } = await runs.without();
  assert.is(await runs.run({ what: 'object', nth: passed }, NO_LIMITS), null, 'less has happened before');
  const sweep = new Sweep(subject(work), { ...OPTIONS, kinds: ['object'] });
  await sweep.run();
  assert.equal(sweep.unsound, []);
  assert.ok((sweep.tallies.get('object')?.runs ?? 0) > 0);
});

test('a script may keep a journal itself, and read it', async () => {
  const work = (machine: Machine) => {
    if (!machine.keepsJournal) machine.keepJournal(true);
    machine.spawn('a').main.open();
    const first = machine.journal.steps[0]?.op;
    if (first !== 'inject') throw new TypeError(`the journal begins with ${first}`);
  };
  const sweep = new Sweep(subject(work), { ...OPTIONS, kinds: ['object'] });
  await sweep.run();
  assert.equal([sweep.unsound, sweep.complaint], [[], null]);
});

test('a program that polls its own variable for ever is given up', async () => {
  const work = (machine: Machine) => {
    const sim = machine.simulate();
    let isDone = false;
    sim.process('worker', function* () {
      yield* sys.open();
      isDone = true;
    });
    sim.process('poller', function* () {
      while (!isDone) yield* sys.sleep(10);
    });
    sim.run();
  };
  const sweep = new Sweep(subject(work), { ...OPTIONS, kinds: ['death'], from: 1, to: 1 });
  await sweep.run();
  assert.equal(sweep.tallies.get('death'), { runs: 1, ended: 0, failed: 0, stuck: 1, answers: {} });
});

test('what a run does when it is over does not reach the next one', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-sweep-'));
  try {
    const file = join(folder, 'late.mjs');
    writeFileSync(
      file,
      `export default async (machine) => {
        setTimeout(() => {
          try {
            machine.spawn('late').main.open();
          } catch {}
        }, 2);
        machine.spawn('first').main.open();
        await new Promise((resolve) => setTimeout(resolve, 1));
        machine.spawn('second').main.open();
      };`,
    );
    const [late] = (await subjectsOf([file], [])) as [Subject];
    const sweep = new Sweep(late, { ...OPTIONS, kinds: ['object'] });
    await sweep.run();
    assert.equal([sweep.unsound, sweep.complaint], [[], null]);
    assert.ok(late.lingers);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function subject(work: (machine: Machine) => void): Subject {
  return { name: 'subject', boot: (options) => Machine.boot(options), work, lingers: false, isOwn: () => false };
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
