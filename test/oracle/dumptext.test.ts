/** What no two recordings have alike is masked in dumps, and nothing else. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { maskDump, mayBeCut } from '../../oracle/dumptext.ts';

const test = suite('dumps');
const beginning = {
  lastId: 40,
  stats: 'binder stats:\nBC_TRANSACTION: 5\nproc: active 0 total 3\nnode: active 0 total 9\n',
};

test('pointers and times', () => {
  const text = [
    '  outgoing transaction 41: (____ptrval____) from 1000:1000 to 0:0 code 1 flags 0 pri 0:0 r1 elapsed 12ms',
    '  incoming transaction 42: 00000000deadbeef from 2000:2000 to 1000:1000',
    '  ref 43: desc 1 node 44 s 1 w 1 d 00000000c0ffee00',
    '  ref 45: desc 2 node 44 s 1 w 1 d 0000000000000000',
  ].join('\n');
  assert.is(
    maskDump('state', text, beginning),
    [
      '  outgoing transaction 41: PTR from 1000:1000 to 0:0 code 1 flags 0 pri 0:0 r1 elapsed TIMEms',
      '  incoming transaction 42: PTR from 2000:2000 to 1000:1000',
      '  ref 43: desc 1 node 44 s 1 w 1 d PTR',
      '  ref 45: desc 2 node 44 s 1 w 1 d 0000000000000000',
    ].join('\n'),
  );
});

test('logs keep the entries of the scenario, without source lines', () => {
  const text = '39: async from 1:1 ret 0/0 l=0\n41: call  from 1000:1000 ret 29201/-22 l=3160\n';
  assert.is(maskDump('failed_transaction_log', text, beginning), '41: call  from 1000:1000 ret 29201/-22 l=LINE\n');
});

test('counters count from the beginning, those of processes are left alone', () => {
  const text =
    'binder stats:\nBC_TRANSACTION: 7\nBR_NOOP: 2\nproc: active 1 total 4\nnode: active 0 total 9\nproc 1000\n  BC_TRANSACTION: 7\nnode: active 0 total 9\n';
  assert.is(
    maskDump('stats', text, beginning),
    'binder stats:\nBC_TRANSACTION: 2\nBR_NOOP: 2\nproc: active 1 total 1\nproc 1000\n  BC_TRANSACTION: 7\nnode: active 0 total 9\n',
  );
});

test('a list of transactions that just fits a buffer may be cut', () => {
  assert.is(mayBeCut('transactions', 'x'.repeat(4096)), true);
  assert.is(mayBeCut('transactions', 'x'.repeat(3585)), true);
  assert.is(mayBeCut('transactions', 'x'.repeat(3584)), false);
  assert.is(mayBeCut('transactions', 'x'.repeat(4097)), false);
  assert.is(mayBeCut('transactions', 'x'.repeat(8000)), true);
  assert.is(mayBeCut('state', 'x'.repeat(4096)), false);
});

test.run();
