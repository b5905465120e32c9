/** Scripts and journals as workloads. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CALL } from '../../host/compare/call.ts';
import { journalRun, measureRun, type Run } from '../../host/compare/run.ts';
import { Machine, type Strategy } from '../../host/index.ts';
import { recording } from '../conformance/recordings.ts';
import { CONDITIONS, row } from './counts.ts';

const PAYLOAD = 65536;

/** The workload `call`, as a script would do it. */
const SCRIPT: Run = {
  name: 'script',
  kind: 'script',
  boot: (options) => Machine.boot(options),
  perform(machine) {
    const scene = CALL.open(machine, { payload: PAYLOAD, send: 'inline' });
    scene.map();
    for (let round = 0; round < 5; round++) {
      scene.write();
      scene.call();
      scene.check();
    }
  },
};

const test = suite('runs');

test('a script counts what the same scene counts', async () => {
  for (const strategy of ['kmap', 'two-copy', 'prefault'] as const) {
    const run = await measureRun(SCRIPT, strategy, CONDITIONS);
    const scene = row(strategy, PAYLOAD);
    assert.equal(run.setup.pteWrites, scene.setup.pteWrites);
    const sum = (one: 'bytesCopied' | 'copies') => run.firstCall[one] + run.perCall[one] * run.calls;
    assert.is(sum('bytesCopied'), 5 * scene.perCall.bytesCopied);
    assert.is(sum('copies'), 5 * scene.perCall.copies);
  }
});

test('a kernel’s recording runs under every strategy', async () => {
  const { header, steps } = recording('call-write-then-read');
  const copied = async (strategy: Strategy) => {
    const run = await measureRun(journalRun('recorded', header, steps), strategy, CONDITIONS);
    assert.is(run.workload, 'recorded');
    assert.is(run.calls + 1, steps.filter(({ op }) => op === 'wr').length);
    return run.firstCall.bytesCopied + run.perCall.bytesCopied * run.calls;
  };
  const once = await copied('kmap');
  assert.ok(once > 0);
  assert.is(await copied('two-copy'), 2 * once);
});

test('a script that fails says so', async () => {
  const broken: Run = {
    ...SCRIPT,
    perform() {
      throw new Error('no');
    },
  };
  try {
    await measureRun(broken, 'kmap', CONDITIONS);
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'no');
  }
});

test.run();
