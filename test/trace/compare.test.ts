import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { compareSteps, isInputsOnly } from '../../host/trace/compare.ts';
import type { PeekOutput, Step, WriteReadOutput } from '../../host/trace/journal.ts';
import { DELIVERED, type Origins, OUTSIDE, PADDING, UNDELIVERED, UNTOUCHED } from '../../host/trace/origins.ts';

const test = suite('compare');

const INPUT = {
  fd: 3,
  arg: '0x1003f000',
  wbuf: '0x10000000',
  poke: '',
  write_size: 0,
  write_consumed: 0,
  rbuf: '0x10020000',
  read_size: 256,
  read_consumed: 0,
};
const OUT: WriteReadOutput = { ret: 0, write_consumed: 0, read_consumed: 4, read: '0c720000' };

function step(rest: object): Step {
  return { i: 4, op: 'wr', by: 'A.0', in: INPUT, ...rest } as Step;
}

test('equal steps', () => {
  assert.is(compareSteps(step({ out: OUT }), step({ out: { ...OUT } })), null);
  assert.is(compareSteps(step({ parked: true }), step({ parked: true })), null);
});

test('a dump that the kernel may have cut says nothing', () => {
  const dump = (out: object) => ({ i: 4, op: 'dump', in: { file: 'transactions' }, out }) as Step;
  const whole = dump({ exists: true, text: 'binder transactions:\n' });
  assert.is(compareSteps(dump({ exists: true, text: '', cut: true }), whole), null);
  assert.is(compareSteps(dump({ exists: true, text: null, cut: true }), whole), null);
  assert.is(compareSteps(dump({ exists: true, text: '' }), whole)?.field, 'text');
  assert.is(compareSteps(dump({ exists: false, text: null }), whole)?.field, 'exists');
});

test('the first field that differs is told', () => {
  const actual = { ret: -14, errno: 'EFAULT', write_consumed: null, read_consumed: 4, read: '0c720000' };
  assert.equal(compareSteps(step({ out: OUT }), step({ out: actual })), { field: 'ret', expected: 0, actual: -14 });
  const longer = { ...OUT, read: '0c7200000c720000' };
  assert.equal(compareSteps(step({ out: OUT }), step({ out: longer })), {
    field: 'read',
    expected: '0c720000',
    actual: '0c7200000c720000',
  });
  const { read: _, ...silent } = OUT;
  assert.equal(compareSteps(step({ out: silent }), step({ out: OUT }))?.expected, null);
});

test('how many pages the shrinker got counts only where pages come and go as recorded', () => {
  const shrink = (ret: number) => ({ i: 4, op: 'shrink', in: { pages: 1048576 }, out: { ret } }) as Step;
  assert.equal(compareSteps(shrink(2), shrink(0)), { field: 'ret', expected: 2, actual: 0 });
  const origins: Origins = { of: (_thread, _from, length) => new Uint8Array(length) };
  assert.is(compareSteps(shrink(2), shrink(0), origins), null);
  const woken = [{ by: 'A.0', i: 1, out: OUT, order: 0 }];
  assert.is(compareSteps({ ...shrink(2), woken } as Step, shrink(0), origins)?.field, 'woken.A.0');
});

test('who sleeps', () => {
  const expected = { field: 'parked', expected: true, actual: false };
  assert.equal(compareSteps(step({ parked: true }), step({ out: OUT })), expected);
  assert.equal(compareSteps(step({ out: OUT }), step({ parked: true })), {
    field: 'parked',
    expected: false,
    actual: true,
  });
});

test('who woke, in whatever order', () => {
  const one = { by: 'B.0', i: 1, out: OUT, order: 0 };
  const two = { by: 'C.0', i: 2, out: OUT, order: 1 };
  const expected = step({ out: OUT, woken: [one, two] });
  const swapped = [
    { ...one, order: 1, br: ['BR_NOOP'] },
    { ...two, order: 0 },
  ];
  assert.is(compareSteps(expected, step({ out: OUT, woken: swapped })), null);
  assert.equal(compareSteps(expected, step({ out: OUT, woken: [one] })), {
    field: 'woken.C.0',
    expected: OUT,
    actual: null,
  });
  assert.is(compareSteps(step({ out: OUT, woken: [one] }), expected)?.field, 'woken.C.0');
  assert.is(compareSteps(expected, step({ out: OUT, woken: [one, { ...two, i: 3 }] }))?.field, 'woken.C.0.i');
  const failed = { ...two, out: { ...OUT, read_consumed: 8 } };
  assert.is(compareSteps(expected, step({ out: OUT, woken: [one, failed] }))?.field, 'woken.C.0.read_consumed');
});

test('bytes behind what was read count where both sides have them', () => {
  const over = (read_over: string) => step({ out: { ...OUT, read_over } });
  assert.is(compareSteps(over('0c72'), step({ out: OUT })), null);
  assert.is(compareSteps(step({ out: OUT }), over('0c72')), null);
  assert.is(compareSteps(over('0c72'), over('0c73'))?.field, 'read_over');
});

test('fields of a later format are left alone', () => {
  assert.is(compareSteps(step({ out: { ...OUT, temperature: 20 } }), step({ out: OUT })), null);
});

const PAGE = 4096;
/** Three pages: a message that was delivered, one that was not, nothing; what is around them is no mapping. */
const MAPPING: Origins = {
  of: (_thread, from, length) =>
    Uint8Array.from(
      { length },
      (_, i) => [DELIVERED, UNDELIVERED, UNTOUCHED][Math.floor((from + i) / PAGE) - 1] ?? OUTSIDE,
    ),
};
const FULL = (bytes: string): PeekOutput => ({ ret: bytes.length / 2, bytes });
const FAULT = (bytes: string, signal: 'SIGBUS' | 'SIGSEGV'): PeekOutput => ({
  ...FULL(bytes),
  signal,
  si_code: signal === 'SIGBUS' ? 2 : 1,
});

/** The field that differs between two answers to a peek of four bytes, when pages are mapped in another way. */
function differs(addr: number, wanted: PeekOutput, given: PeekOutput, origins = MAPPING): string | null {
  const peek = (out: PeekOutput) =>
    ({ i: 4, op: 'peek', by: 'A.0', in: { addr: `0x${addr.toString(16)}`, len: 4 }, out }) as Step;
  return compareSteps(peek(wanted), peek(given), origins)?.field ?? null;
}

test('bytes of a mapping count, unless they are an undelivered message’s, or padding', () => {
  assert.is(differs(PAGE, FULL('01020304'), FULL('01020304')), null);
  assert.is(differs(PAGE, FULL('01020304'), FULL('01020305')), 'bytes');
  assert.is(differs(3 * PAGE, FULL('00000000'), FULL('00000001')), 'bytes');
  assert.is(differs(2 * PAGE, FULL('01020304'), FULL('00000000')), null);
  assert.is(differs(2 * PAGE - 2, FULL('01020304'), FULL('01020000')), null);
  assert.is(differs(2 * PAGE - 2, FULL('01020304'), FULL('01000000')), 'bytes');
  assert.is(differs(4 * PAGE, FULL('01020304'), FULL('01020305')), 'bytes');
  const padded: Origins = { of: (_thread, _from, length) => new Uint8Array(length).fill(PADDING) };
  assert.is(differs(PAGE, FULL('01020304'), FULL('00000000'), padded), null);
});

test('a page may be missing where no delivered message is', () => {
  for (const page of [2 * PAGE, 3 * PAGE]) {
    assert.is(differs(page, FULL('01020304'), FAULT('', 'SIGBUS')), null);
    assert.is(differs(page, FAULT('', 'SIGBUS'), FULL('01020304')), null);
  }
  assert.is(differs(PAGE, FULL('01020304'), FAULT('', 'SIGBUS')), 'ret');
  assert.is(differs(PAGE, FAULT('', 'SIGBUS'), FULL('01020304')), 'ret');
  assert.is(differs(4 * PAGE, FULL('01020304'), FAULT('', 'SIGBUS')), 'ret', 'no mapping');
  assert.is(differs(2 * PAGE - 2, FULL('01020304'), FAULT('0102', 'SIGBUS')), null);
  assert.is(differs(2 * PAGE - 2, FULL('01020304'), FAULT('0100', 'SIGBUS')), 'bytes');
  assert.is(differs(2 * PAGE - 2, FULL('01020304'), FAULT('01', 'SIGBUS')), 'ret', 'the fault is in the first page');
});

test('no fault but SIGBUS is another mapping’s', () => {
  for (const page of [PAGE, 2 * PAGE, 3 * PAGE]) {
    assert.is(differs(page, FULL('01020304'), FAULT('', 'SIGSEGV')), 'ret');
    assert.is(differs(page, FAULT('', 'SIGSEGV'), FULL('01020304')), 'ret');
    assert.is(differs(page, FAULT('', 'SIGBUS'), FAULT('', 'SIGSEGV')), 'signal');
  }
  assert.is(differs(2 * PAGE, FAULT('0102', 'SIGBUS'), FAULT('0304', 'SIGBUS')), null);
});

test('outputs that no machine gives are differences', () => {
  for (const odd of [{ ret: -5, bytes: '' }, { ret: 'all', bytes: '0102' }, { ret: 4, bytes: 12 }, { ret: 4 }, {}]) {
    assert.ok(differs(PAGE, odd as unknown as PeekOutput, FULL('01020304')));
  }
});

test('steps without outputs', () => {
  assert.ok(isInputsOnly(step({})));
  assert.not.ok(isInputsOnly(step({ out: OUT })));
  assert.not.ok(isInputsOnly({ i: 0, op: 'proc', in: { name: 'A', pid: 1000, uid: 0 } }));
});

test.run();
