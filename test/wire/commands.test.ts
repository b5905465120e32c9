/** Commands: their bytes, and where the payloads of transactions come to lie. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Command } from '../../host/wire/command.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { hexOfBytes } from '../../host/wire/hex.ts';
import { objectsOf } from '../../host/wire/objects.ts';
import { StreamSize, storeCommands } from '../../host/wire/stream.ts';
import { commandWords, words } from '../../host/wire/words.ts';
import { WordView } from '../../host/wire/wordview.ts';

const test = suite('commands');

const ADDRESS = 0x10000000;

/** The commands over memory that held something else before. */
function stored(...commands: Command[]): Uint8Array {
  const { size, stream } = new StreamSize(commands);
  const piece = new WordView(new ArrayBuffer((size + 7) & ~7));
  piece.u8.fill(-1);
  storeCommands(piece, 0, ADDRESS, commands, stream);
  return piece.u8.subarray(0, size);
}

test('a number that is missing or none is refused', () => {
  const wrong: [() => unknown, string][] = [
    [() => bc.acquire(undefined as never), 'bc.acquire: handle is missing; it is to be a whole number'],
    [() => bc.release('1' as never), 'bc.release: handle is "1"; it is to be a whole number'],
    [() => bc.increfsDone({ ptr: 1 } as never), 'bc.increfsDone: cookie is missing; it is to be a whole number'],
    [() => bc.acquireDone(undefined as never), 'bc.acquireDone: ptr is missing; it is to be a whole number'],
    [() => bc.requestDeathNotification(1, Number.NaN), 'bc.requestDeathNotification: cookie is NaN; it is to be'],
    [() => bc.freeBuffer(undefined as never), 'bc.freeBuffer: buffer is missing; it is to be a whole number'],
  ];
  for (const [make, says] of wrong) {
    assert.throws(make, (error: unknown) => error instanceof BinderlabError && error.message.startsWith(says));
  }
});

test('each command has its word and its payload', () => {
  const node = { ptr: 0x1000, cookie: 0xffff_0000_1234_5678n };
  const commands = [
    bc.transaction({ handle: 7, code: 1, flags: 0x10 }),
    bc.reply({ handle: 0xffffffff, code: 9 }),
    bc.acquireResult(3),
    bc.freeBuffer(0x70000000),
    bc.increfs(1),
    bc.acquire(2),
    bc.release(3),
    bc.decrefs(4),
    bc.increfsDone(node),
    bc.acquireDone(node),
    bc.attemptAcquire(5, 6),
    bc.registerLooper(),
    bc.enterLooper(),
    bc.exitLooper(),
    bc.requestDeathNotification(1, 0xd00d),
    bc.clearDeathNotification(1, 0xd00d),
    bc.deadBinderDone(0xd00d),
    bc.transactionSg({ handle: 1, buffersSize: 16 }),
    bc.replySg(),
    bc.requestFreezeNotification(1, 2),
    bc.clearFreezeNotification(1, 2),
    bc.freezeNotificationDone(2),
  ];
  const nothing = 'sender_pid=0 sender_euid=0 data_size=0x0 offsets_size=0x0 buffer=0x0 offsets=0x0';
  assert.equal(commandWords(stored(...commands), 0, new StreamSize(commands).stream), [
    `BC_TRANSACTION ptr=0x7 cookie=0x0 code=1 flags=16 ${nothing}`,
    `BC_REPLY ptr=0xffffffff cookie=0x0 code=9 flags=0 ${nothing}`,
    'BC_ACQUIRE_RESULT value=3',
    'BC_FREE_BUFFER value=0x70000000',
    'BC_INCREFS handle=1',
    'BC_ACQUIRE handle=2',
    'BC_RELEASE handle=3',
    'BC_DECREFS handle=4',
    'BC_INCREFS_DONE ptr=0x1000 cookie=0xffff000012345678',
    'BC_ACQUIRE_DONE ptr=0x1000 cookie=0xffff000012345678',
    'BC_ATTEMPT_ACQUIRE priority=5 handle=6',
    'BC_REGISTER_LOOPER',
    'BC_ENTER_LOOPER',
    'BC_EXIT_LOOPER',
    'BC_REQUEST_DEATH_NOTIFICATION handle=1 cookie=0xd00d',
    'BC_CLEAR_DEATH_NOTIFICATION handle=1 cookie=0xd00d',
    'BC_DEAD_BINDER_DONE value=0xd00d',
    `BC_TRANSACTION_SG ptr=0x1 cookie=0x0 code=0 flags=0 ${nothing} buffers_size=0x10`,
    `BC_REPLY_SG ptr=0x0 cookie=0x0 code=0 flags=0 ${nothing} buffers_size=0x0`,
    'BC_REQUEST_FREEZE_NOTIFICATION handle=1 cookie=0x2',
    'BC_CLEAR_FREEZE_NOTIFICATION handle=1 cookie=0x2',
    'BC_FREEZE_NOTIFICATION_DONE value=0x2',
  ]);
});

test('bc makes each command of the protocol', () => {
  const lowered = (name: string) => name.replaceAll('_', '').toLowerCase();
  const made = Object.keys(bc).map((name) => `bc${lowered(name)}`);
  assert.equal(
    words('BC_').filter(([, name]) => !made.includes(lowered(name))),
    [],
  );
});

test('a call that registers a binder is what the recorder wrote', () => {
  const bytes = stored(
    bc.transaction({ handle: 0, code: 1, objects: [{ type: 'binder', ptr: 0x1000, cookie: 0x1001, flags: 0x100 }] }),
  );
  assert.is(
    hexOfBytes(bytes).slice(0, 240),
    '0063404000000000000000000000000000000000010000000000000000000000000000001800000000000000080000000000000050000010000000007000001000000000000000000000000000000000852a6273000100000010000000000000011000000000000000000000000000000000000000000000',
  );
});

test('data comes first, then offsets, then buffers', () => {
  const bytes = stored(
    bc.transactionSg({
      handle: 1,
      data: new Uint8Array([1, 2, 3]),
      objects: [
        { type: 'handle', handle: 5 },
        { type: 'ptr', data: new Uint8Array([7, 7, 7]) },
        { type: 'ptr', data: { address: 0x10400000, length: 20 }, parent: 1, parentOffset: 8 },
        { type: 'fd', fd: 4, cookie: 6 },
        { type: 'fda', count: 2, parent: 2, parentOffset: 4 },
      ],
    }),
  );
  const stream = 76;
  const dataAt = 80;
  const dataSize = 8 + 24 + 40 + 40 + 24 + 32;
  const offsetsAt = dataAt + 176;
  const bufferAt = offsetsAt + 48;
  assert.match(
    commandWords(bytes, 0, stream)[0] ?? '',
    `data_size=0x${dataSize.toString(16)} offsets_size=0x28 buffer=0x10000050 offsets=0x10000100 buffers_size=0x20`,
  );
  const data = bytes.subarray(dataAt, dataAt + dataSize);
  assert.equal([...data.subarray(0, 8)], [1, 2, 3, 0, 0, 0, 0, 0]);
  assert.equal(objectsOf(data, bytes.subarray(offsetsAt, offsetsAt + 40)), [
    { at: 8, type: 'handle', handle: 5, cookie: 0n, flags: 0 },
    { at: 32, type: 'ptr', address: ADDRESS + bufferAt, length: 3, flags: 0, parent: 0, parentOffset: 0 },
    { at: 72, type: 'ptr', address: 0x10400000, length: 20, flags: 1, parent: 1, parentOffset: 8 },
    { at: 112, type: 'fd', fd: 4, cookie: 6n },
    { at: 136, type: 'fda', count: 2, parent: 2, parentOffset: 4 },
  ]);
  assert.equal([...bytes.subarray(bufferAt, bufferAt + 4)], [7, 7, 7, 0]);
});

test('the payloads of two calls follow each other', () => {
  const one = bc.transaction({ handle: 1, data: new Uint8Array(20).fill(1) });
  const two = bc.transaction({ handle: 2, data: new Uint8Array(2).fill(2) });
  const words = commandWords(stored(one, two), 0, 136);
  assert.match(words[0] ?? '', 'data_size=0x14 offsets_size=0x0 buffer=0x10000090 ');
  assert.match(words[1] ?? '', 'data_size=0x2 offsets_size=0x0 buffer=0x100000b0 ');
});

test('data that lies in memory already is pointed at', () => {
  const call = bc.transaction({ handle: 1, data: { address: 0x10400000, length: 100000 }, offsets: [16] });
  const bytes = stored(call);
  assert.match(
    commandWords(bytes, 0, 68)[0] ?? '',
    'data_size=0x186a0 offsets_size=0x8 buffer=0x10400000 offsets=0x10000050',
  );
  assert.is(bytes[80], 16);
  assert.throws(
    () => bc.transaction({ handle: 1, data: { address: 1, length: 8 }, objects: [{ type: 'fd', fd: 1 }] }),
    (error: unknown) => error instanceof BinderlabError && /is in memory already/.test(error.message),
  );
});

test('objects stand where they are told to, and offsets say what they are told to', () => {
  // lists that cannot be changed are accepted, too
  const parts = { objects: [{ type: 'handle', handle: 9, at: 4 }], offsets: [4, 40] } as const;
  const bytes = stored(bc.transaction({ handle: 1, data: new Uint8Array(64), ...parts }));
  assert.match(commandWords(bytes, 0, 68)[0] ?? '', 'data_size=0x40 offsets_size=0x10');
  assert.equal([...bytes.subarray(84, 88)], [0x85, 0x2a, 0x68, 0x73]);
  assert.equal([...bytes.subarray(144, 160)], [4, 0, 0, 0, 0, 0, 0, 0, 40, 0, 0, 0, 0, 0, 0, 0]);
});

test('raw bytes go as they are', () => {
  assert.is(hexOfBytes(stored(bc.enterLooper(), bc.raw(new Uint8Array([1, 2, 3])))), '0c630000010203');
});

test.run();
