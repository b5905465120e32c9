/** Schedules: what a seed decides, what the journal tells of it, and that choices can be made again. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Schedule } from '../../host/sim/schedule.ts';
import type { SimulationOptions } from '../../host/sim/simulation.ts';
import { sys } from '../../host/sim/sys.ts';
import { bootMachine } from './boot.ts';

const test = suite('schedule');

/** What one thread does: that many system calls, rests and spawned threads. */
interface Plan {
  acts: ('open' | 'yield' | 'sleep')[];
  children: Plan[];
}

const acts = fc.array(fc.constantFrom('open' as const, 'yield' as const, 'sleep' as const), { maxLength: 4 });
const leaves = acts.map((own): Plan => ({ acts: own, children: [] }));
const plans = fc.record({ acts, children: fc.array(leaves, { maxLength: 2 }) });
const worlds = fc.array(plans, { minLength: 1, maxLength: 3 });
const seeds = fc.integer({ min: 1, max: 0xffffffff });

/** Runs plans; every act of a thread is logged with the thread's name. */
function play(world: Plan[], options: SimulationOptions) {
  const machine = bootMachine({ memoryMiB: 8 });
  const sim = machine.simulate(options);
  const log: string[] = [];
  const program = (plan: Plan) =>
    function* () {
      const { name } = yield* sys.self();
      const children = [];
      for (const child of plan.children) children.push(yield* sys.spawn(program(child)));
      for (const [index, act] of plan.acts.entries()) {
        if (act === 'open') yield* sys.close(yield* sys.open());
        else if (act === 'yield') yield* sys.yield();
        else yield* sys.sleep(index);
        log.push(`${name} ${index}`);
      }
      for (const child of children) yield* sys.join(child);
    };
  world.forEach((plan, index) => {
    sim.process(`P${index}`, program(plan));
  });
  sim.run();
  return { machine, sim, log };
}

const size = (plan: Plan): number => plan.acts.length + plan.children.reduce((sum, child) => sum + size(child), 0);

test('every act is done once, and those of a thread in its order, under any seed', () => {
  fc.assert(
    fc.property(worlds, seeds, (world, seed) => {
      const { log } = play(world, { seed });
      assert.is(
        log.length,
        world.reduce((sum, plan) => sum + size(plan), 0),
      );
      assert.is(new Set(log).size, log.length);
      const last = new Map<string, number>();
      for (const [name = '', index] of log.map((line) => line.split(' '))) {
        assert.is(Number(index), (last.get(name) ?? -1) + 1);
        last.set(name, Number(index));
      }
    }),
    { numRuns: 30, seed: 1 },
  );
});

test('the same seed gives the same journal; its choices give it again under any other', () => {
  fc.assert(
    fc.property(worlds, seeds, seeds, (world, seed, other) => {
      const first = play(world, { seed });
      assert.equal(play(world, { seed }).machine.journal.steps, first.machine.journal.steps);
      const again = play(world, { seed: other, choices: first.sim.choices });
      assert.equal(again.machine.journal.steps, first.machine.journal.steps);
      assert.equal(again.sim.choices, first.sim.choices);
    }),
    { numRuns: 20, seed: 2 },
  );
});

test('the journal holds the choices', () => {
  fc.assert(
    fc.property(worlds, seeds, (world, seed) => {
      const { machine, sim } = play(world, { seed });
      const told = machine.journal.steps.flatMap(({ sched = [] }) => sched);
      const chosen = told.map(({ chose }) => chose);
      assert.equal(chosen, sim.choices.slice(0, chosen.length));
      for (const { of, chose } of told) assert.ok(of.length > 1 && chose < of.length);
    }),
    { numRuns: 20, seed: 3 },
  );
});

test('where every turn is a step, the choice tells who acts', () => {
  const world: Plan[] = [0, 1, 2].map(() => ({ acts: ['open', 'open'], children: [] }));
  const { machine } = play(world, { seed: 5 });
  const told = machine.journal.steps.filter(({ sched }) => sched !== undefined);
  assert.ok(told.length > 8);
  for (const { by, sched } of told) {
    assert.is(sched?.length, 1);
    assert.is(sched?.[0]?.of[sched[0].chose], by);
  }
});

test('different seeds go different ways', () => {
  const world: Plan[] = [0, 1, 2].map(() => ({ acts: ['open', 'open', 'open'], children: [] }));
  const ways = new Set<string>();
  for (let seed = 1; seed <= 20; seed++) ways.add(play(world, { seed }).log.join());
  assert.ok(ways.size > 15, `${ways.size} ways`);
});

test('a random schedule is fair: no place is left out, and none is preferred', () => {
  const schedule = new Schedule('random', 4711, []);
  const counts = new Array<number>(5).fill(0);
  for (let i = 0; i < 10000; i++) counts[schedule.choose(5)]!++;
  for (const count of counts) assert.ok(count > 1800 && count < 2200, counts.join());
});

test('the seed 0 is first in, first out', () => {
  const world: Plan[] = [0, 1].map(() => ({ acts: ['open', 'sleep'], children: [] }));
  const { log, sim } = play(world, {});
  assert.equal(log, ['P0.0 0', 'P1.0 0', 'P0.0 1', 'P1.0 1']);
  assert.ok(sim.choices.every((choice) => choice === 0));
});

test('choices of another script are refused', () => {
  const world: Plan[] = [0, 1].map(() => ({ acts: ['open'], children: [] }));
  assert.throws(() => play(world, { choices: [2] }), /choice 0 is given as 2, but 2 threads are ready: 0 to 1/);
  assert.throws(() => play(world, { choices: [0.5] }), /choice 0 is given as 0\.5/);
});

test.run();
