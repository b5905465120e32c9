/** Commands and objects as bytes: right ones are what the host makes of them, wrong ones are possible. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BC_ACQUIRE, BC_TRANSACTION, BC_TRANSACTION_SG, BINDER_TYPE_FD } from '../../assembly/abi/protocol.ts';
import { bc as typed } from '../../host/wire/commands.ts';
import { commandWords } from '../../host/wire/words.ts';
import { address, bytesOf, u32, u64 } from '../../oracle/bytes.ts';
import { bc, layOut } from '../../oracle/commands.ts';
import { object, parcel } from '../../oracle/objects.ts';

const test = suite('commands');
const AT = 0x10000000;

test('numbers are little-endian and wrap', () => {
  assert.is(
    bytesOf(1, 2n, 'ab', u32(-1), u64(-2)).toString('hex'),
    '0100000002000000000000006162fffffffffeffffffffffffff',
  );
  assert.is(address(-1), '0xffffffffffffffff');
  assert.is(address(0x70000000), '0x70000000');
});

test('commands without data are the bytes that the host makes', () => {
  const mine = [bc.acquire(1), bc.increfsDone(2, 3n), bc.requestDeath(4, 5), bc.enterLooper(), bc.freeBuffer(6)];
  const theirs = [
    typed.acquire(1),
    typed.increfsDone({ ptr: 2, cookie: 3n }),
    typed.requestDeathNotification(4, 5),
    typed.enterLooper(),
    typed.freeBuffer(6),
  ];
  assert.is(layOut(mine, AT).bytes.toString('hex'), Buffer.from(typed.bytes(theirs)).toString('hex'));
});

test('data and offsets lie behind the stream, at multiples of 16', () => {
  const call = bc.transaction({ handle: 1, code: 7, ...parcel('abc', object.handle(5)) });
  const { size, bytes } = layOut([bc.acquire(1), call], AT);
  assert.is(size, 8 + 4 + 64);
  assert.equal(commandWords(bytes, 0, size), [
    'BC_ACQUIRE handle=1',
    `BC_TRANSACTION ptr=0x1 cookie=0x0 code=7 flags=0 sender_pid=0 sender_euid=0 data_size=0x1b offsets_size=0x8 buffer=${address(AT + 80)} offsets=${address(AT + 112)}`,
  ]);
  assert.is(bytes.subarray(80, 83).toString(), 'abc');
  assert.is(bytes.readBigUInt64LE(112), 3n, 'the object stands behind the three bytes');
  assert.is(bytes.length, 120);
});

test('sizes and pointers may be any', () => {
  const { bytes } = layOut([bc.transaction({ handle: 1, data: u32(1), data_size: -8, buffer: 0x60000000 })], AT);
  assert.is(bytes.length, 68, 'what has an address is not brought along');
  assert.is(bytes.readUInt32LE(0), BC_TRANSACTION);
  assert.is(bytes.readBigUInt64LE(4 + 32), 0xfffffffffffffff8n);
  assert.is(bytes.readBigUInt64LE(4 + 48), 0x60000000n);
});

test('scatter-gather commands have one field more', () => {
  const { bytes, size } = layOut([bc.transactionSg({ handle: 1, buffers_size: 24 })], AT);
  assert.is(bytes.readUInt32LE(0), BC_TRANSACTION_SG);
  assert.is(size, 4 + 72);
  assert.is(bytes.readBigUInt64LE(4 + 64), 24n);
});

test('raw bytes are part of the stream', () => {
  const { size, bytes } = layOut([bc.raw(Buffer.of(1, 2, 3)), bc.acquire(9)], AT);
  assert.is(size, 11);
  assert.is(bytes.readUInt32LE(3), BC_ACQUIRE);
});

test('a parcel notes its objects', () => {
  const { data, offsets } = parcel(object.binder(0x1000, 1), 7, object.fd(3, 9));
  assert.equal(offsets, [0, 28]);
  assert.is(data.length, 52);
  assert.is(data.readUInt32LE(28), BINDER_TYPE_FD);
});

test.run();
