/** Making findings small, with judges that need no kernel. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Shown, Shrinker, simplerSteps } from '../../host/fuzz/shrinker.ts';
import type { Journal, StepInput } from '../../host/trace/journal.ts';

const note = (text: string): StepInput => ({ op: 'note', in: { text } });
const open = (by: string, flags = 0): StepInput => ({ op: 'open', by, in: { flags } });
const proc = (name: string, pid: number): StepInput => ({ op: 'proc', in: { name, pid, uid: 0 } });
const texts = (steps: readonly StepInput[]) => steps.map((step) => (step.op === 'note' ? step.in.text : step.op));
const shown = (steps: readonly StepInput[]): Shown => ({ steps, journal: {} as Journal });

/** Shrinks what shows the fault as long as `shows` says so. */
function shrink(steps: readonly StepInput[], shows: (steps: readonly StepInput[]) => boolean, triesMax = 2000) {
  const shrinker: Shrinker = new Shrinker(shown(steps), {
    judge: (tried) => Promise.resolve(shows(tried) ? shown(tried) : null),
    isOver: () => shrinker.tries >= triesMax,
  });
  return { shrinker, result: shrinker.run() };
}

const test = suite('shrinker');

test('leaves the steps that are needed, in their order', async () => {
  const steps = Array.from({ length: 120 }, (_, at) => note(String(at)));
  const { result, shrinker } = shrink(steps, (tried) => {
    return ['17', '58', '119'].every((text) => texts(tried).includes(text));
  });
  assert.equal(texts((await result).steps), ['17', '58', '119']);
  assert.ok(shrinker.tries < 400, `${shrinker.tries} tries`);
});

test('leaves out whole processes first', async () => {
  const steps = [proc('A', 1000), proc('B', 2000), ...Array.from({ length: 60 }, () => open('B.0')), open('A.0')];
  let first: readonly StepInput[] = [];
  const { result } = shrink(steps, (tried) => {
    if (first.length === 0) first = tried;
    return tried.at(-1)?.by === 'A.0' && tried.some((step) => step.op === 'proc' && step.in.name === 'A');
  });
  assert.equal(first, [proc('A', 1000), open('A.0')]);
  assert.equal((await result).steps, [proc('A', 1000), open('A.0')]);
});

test('ends when the time is up, with the best so far', async () => {
  const steps = Array.from({ length: 100 }, (_, at) => note(String(at)));
  const { result, shrinker } = shrink(steps, (tried) => texts(tried).includes('99'), 3);
  const { steps: left } = await result;
  assert.is(shrinker.tries, 3);
  assert.ok(left.length < 100 && texts(left).includes('99'));
});

test('does not ask the judge what cannot show it', async () => {
  const steps = Array.from({ length: 40 }, (_, at) => note(String(at)));
  let asked = 0;
  const shrinker: Shrinker = new Shrinker(shown(steps), {
    mayShow: (tried) => texts(tried).includes('39') && texts(tried).includes('3'),
    judge: (tried) => {
      asked++;
      assert.ok(texts(tried).includes('3'));
      return Promise.resolve(shown(tried));
    },
    isOver: () => false,
  });
  assert.equal(texts((await shrinker.run()).steps), ['3', '39']);
  assert.is(asked, shrinker.tries);
});

test('takes commands out of a stream, and keeps payloads where they are', () => {
  const steps = simplerSteps({
    op: 'wr',
    by: 'A.0',
    in: {
      ...{ fd: 3, arg: '0x1003f000', wbuf: '0x10000000', rbuf: '0x10020000', write_consumed: 0, read_consumed: 0 },
      // BC_ENTER_LOOPER, BC_ACQUIRE 5, and four bytes behind the stream
      ...{ poke: '0c630000' + '0563044005000000' + 'aabbccdd', write_size: 12, read_size: 256 },
    },
  });
  const streams = steps.flatMap((step) =>
    step.op === 'wr' ? [[step.in.poke, step.in.write_size, step.in.read_size]] : [],
  );
  assert.equal(streams, [
    ['0c6300000563044005000000aabbccdd', 12, 0],
    ['0c6300000563044005000000', 12, 256],
    ['0c630000' + '0000000000000000' + 'aabbccdd', 4, 256],
    ['0563044005000000' + '00000000' + 'aabbccdd', 8, 256],
  ]);
});

test.run();
