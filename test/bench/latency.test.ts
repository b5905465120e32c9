/** Virtual time passes as the cost model says, and latencies in it are the same for the same seed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { virtualLatency } from '../../bench/clients.ts';
import { PERCENTS } from '../../bench/quantiles.ts';
import { VirtualTime } from '../../bench/virtualtime.ts';
import { wallLatency } from '../../bench/walllatency.ts';
import { guestModule } from '../../host/cli/boot.ts';
import { COST_PROFILES, type CostProfile } from '../../host/compare/costs.ts';
import { EVENTS } from '../../host/compare/tally.ts';
import { sys } from '../../host/sim/sys.ts';
import { bc } from '../../host/wire/commands.ts';
import { bootMachine } from '../sim/boot.ts';

const test = suite('latency');

/** A machine on which a copied byte takes a microsecond, and nothing else any time. */
const BYTES: CostProfile = {
  ...(COST_PROFILES[0] as CostProfile),
  costs: Object.fromEntries(
    EVENTS.map((event) => [event, { ns: event === 'bytesCopied' ? 1000 : 0, source: 'made up' }]),
  ) as CostProfile['costs'],
};

test('sender, receiver and bystander: a copy takes its time for those whose calls it ends', () => {
  const machine = bootMachine({ journal: false });
  const sim = machine.simulate();
  const time = new VirtualTime(machine, sim, BYTES);
  const at: Record<string, number> = {};
  function* note(name: string) {
    at[name] = Math.round((yield* sys.now()) * 1000);
  }
  sim.process(
    'server',
    time.program(function* () {
      const fd = yield* sys.open();
      yield* sys.mmap(fd);
      yield* sys.ioctl(fd, 0x40046207);
      const call = yield* sys.writeRead(fd, [bc.enterLooper()]);
      yield* note('arrived');
      const { buffer } = call.expect('BR_TRANSACTION');
      yield* sys.writeRead(fd, [bc.freeBuffer(buffer), bc.reply({ data: new Uint8Array(16) })]);
      yield* note('replied');
    }),
  );
  sim.process(
    'client',
    time.program(function* () {
      const fd = yield* sys.open();
      yield* sys.mmap(fd);
      yield* sys.writeRead(fd, [bc.transaction({ handle: 0, data: new Uint8Array(64) })]);
      yield* note('sent');
      (yield* sys.writeRead(fd, [])).expect('BR_REPLY');
      yield* note('answered');
    }),
  );
  sim.process(
    'bystander',
    time.program(function* () {
      yield* sys.open();
      yield* note('opened');
    }),
  );
  sim.run();
  assert.equal(at, { opened: 0, sent: 64, arrived: 64, replied: 80, answered: 80 });
});

test('threads that a program makes take time, too, and errors come through', () => {
  const machine = bootMachine({ journal: false });
  const sim = machine.simulate();
  const time = new VirtualTime(machine, sim, COST_PROFILES[0] as CostProfile);
  let inner = 0;
  let caught = '';
  sim.process(
    'app',
    time.program(function* () {
      const thread = yield* sys.spawn(function* () {
        const fd = yield* sys.open();
        yield* sys.mmap(fd);
        yield* sys.writeRead(fd, [bc.enterLooper()], { readSize: 0 });
        inner = yield* sys.now();
      });
      try {
        yield* sys.close(99);
      } catch (error) {
        caught = String(error);
      }
      yield* sys.join(thread);
    }),
  );
  sim.run();
  assert.ok(inner > 0);
  assert.match(caught, 'EBADF');
});

test('the same seed, the same percentiles; another seed, others; more bytes take longer', async () => {
  const options = (seed: number) => ({ wasm: guestModule(), memoryMiB: 32, seed });
  const told = async (seed: number, size: number) => {
    const { time, calls, percentiles } = await virtualLatency(options(seed), size);
    assert.is(time, 'virtual');
    assert.is(calls, 2000);
    return percentiles;
  };
  const first = await told(3, 4);
  assert.equal(await told(3, 4), first);
  assert.not.equal(await told(4, 4), first);
  const large = await told(3, 65536);
  assert.ok(large[50] > first[50] + 65536, 'the cost model takes more than a nanosecond for a byte');
  for (const all of [first, large]) {
    assert.ok(all[50] > 20_000, 'the service works 20 µs for each');
    assert.ok(all[50] <= all[90] && all[90] <= all[95] && all[95] <= all[99]);
  }
});

test('wall time: percentiles rise, and the clock is told', async () => {
  let calls = 0;
  const latency = await wallLatency(() => calls++, 2);
  assert.is(latency.rounds.length, 2);
  assert.ok(calls > latency.calls && latency.calls > 1000);
  assert.ok(latency.clockNs > 0);
  for (const { percentiles, nopCallNs } of latency.rounds) {
    assert.ok(nopCallNs > 0);
    const values = PERCENTS.map((percent) => percentiles[percent]);
    assert.equal(
      values,
      [...values].sort((a, b) => a - b),
    );
  }
});

test.run();
