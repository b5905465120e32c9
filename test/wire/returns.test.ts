/** What a read returned, decoded. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOfHex } from '../../host/wire/hex.ts';
import { returnsOf, TransactionReturn } from '../../host/wire/returns.ts';

const test = suite('returns');

/** The returns in a stream, given in hex. */
const decoded = (hex: string) => returnsOf(bytesOfHex(hex));

/** binder_transaction_data in pieces: target, cookie, code and flags, sender, sizes, addresses. */
const DATA = [
  '0010000000000000',
  'efcdab8967452301',
  '0200000001000000',
  'd0070000e8030000',
  '18000000000000000800000000000000',
  '00000070000000001800007000000000',
].join('');

test('a call names its node, its sender and its buffer', () => {
  const [noop, call, ...rest] = decoded(`0c72000002724080${DATA}`);
  assert.equal(noop, { name: 'BR_NOOP' });
  assert.equal(rest, []);
  assert.ok(call instanceof TransactionReturn);
  assert.is(call.name, 'BR_TRANSACTION');
  assert.is(call.ptr, 0x1000n);
  assert.is(call.cookie, 0x0123456789abcdefn);
  assert.is(call.code, 2);
  assert.is(call.flags, 1);
  assert.is(call.senderPid, 2000);
  assert.is(call.senderEuid, 1000);
  assert.is(call.buffer, 0x70000000);
  assert.is(call.dataSize, 24);
  assert.is(call.offsets, 0x70000018);
  assert.is(call.offsetsSize, 8);
  assert.is(call.secctx, 0);
});

test('a call may bring the security context of its sender', () => {
  const [call] = decoded(`02724880${DATA}2000007000000000`);
  assert.ok(call instanceof TransactionReturn);
  assert.is(call.name, 'BR_TRANSACTION_SEC_CTX');
  assert.is(call.secctx, 0x70000020);
});

test('nodes, deaths and freezes', () => {
  const returns = decoded(
    '0772108000100000000000000110000000000000' +
      '0f7208800dd0000000000000' +
      '157210800200000000000000' +
      '0100000000000000' +
      '00720480eaffffff',
  );
  assert.equal(returns, [
    { name: 'BR_INCREFS', ptr: 0x1000n, cookie: 0x1001n },
    { name: 'BR_DEAD_BINDER', cookie: 0xd00dn },
    { name: 'BR_FROZEN_BINDER', cookie: 2n, isFrozen: true },
    { name: 'BR_ERROR', error: -22 },
  ]);
});

test('what is no return ends the decoding', () => {
  const returns = decoded('0d7200004546474801020304');
  assert.equal(returns, [
    { name: 'BR_SPAWN_LOOPER' },
    { name: 'BR_UNKNOWN', word: 0x48474645, rest: new Uint8Array([1, 2, 3, 4]) },
  ]);
  assert.equal(decoded('0f72088001'), [{ name: 'BR_UNKNOWN', word: 0x8008720f, rest: new Uint8Array([1]) }]);
});

test.run();
