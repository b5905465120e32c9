/** Command words, ioctl numbers and flags of assembly/abi/protocol, against a table of their own; and none is left out. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as protocol from '../../assembly/abi/protocol.ts';
import { layoutOf, type StructureName } from './structures.ts';

const test = suite('protocol');
const declared: Readonly<Record<string, number>> = protocol;

type Payload = StructureName | 'nothing' | 'word' | 'double word';
type Row = readonly [name: string, number: number, payload: Payload];

const NONE = 0;
const WRITE = 1;
const READ = 2;

/** Linux's _IOC: direction, size of the argument, family, number. A word without payload has no direction. */
function encode(direction: number, family: string, number: number, payload: Payload): number {
  const size =
    payload === 'nothing' ? 0 : payload === 'word' ? 4 : payload === 'double word' ? 8 : layoutOf(payload).size;
  const both = payload === 'nothing' ? NONE : direction;
  return both * 2 ** 30 + size * 2 ** 16 + family.charCodeAt(0) * 2 ** 8 + number;
}

const COMMANDS: readonly Row[] = [
  ['BC_TRANSACTION', 0, 'TRANSACTION_DATA'],
  ['BC_REPLY', 1, 'TRANSACTION_DATA'],
  ['BC_ACQUIRE_RESULT', 2, 'word'],
  ['BC_FREE_BUFFER', 3, 'double word'],
  ['BC_INCREFS', 4, 'word'],
  ['BC_ACQUIRE', 5, 'word'],
  ['BC_RELEASE', 6, 'word'],
  ['BC_DECREFS', 7, 'word'],
  ['BC_INCREFS_DONE', 8, 'PTR_COOKIE'],
  ['BC_ACQUIRE_DONE', 9, 'PTR_COOKIE'],
  ['BC_ATTEMPT_ACQUIRE', 10, 'PRI_DESC'],
  ['BC_REGISTER_LOOPER', 11, 'nothing'],
  ['BC_ENTER_LOOPER', 12, 'nothing'],
  ['BC_EXIT_LOOPER', 13, 'nothing'],
  ['BC_REQUEST_DEATH_NOTIFICATION', 14, 'HANDLE_COOKIE'],
  ['BC_CLEAR_DEATH_NOTIFICATION', 15, 'HANDLE_COOKIE'],
  ['BC_DEAD_BINDER_DONE', 16, 'double word'],
  ['BC_TRANSACTION_SG', 17, 'TRANSACTION_DATA_SG'],
  ['BC_REPLY_SG', 18, 'TRANSACTION_DATA_SG'],
  ['BC_REQUEST_FREEZE_NOTIFICATION', 19, 'HANDLE_COOKIE'],
  ['BC_CLEAR_FREEZE_NOTIFICATION', 20, 'HANDLE_COOKIE'],
  ['BC_FREEZE_NOTIFICATION_DONE', 21, 'double word'],
];

const RETURNS: readonly Row[] = [
  ['BR_ERROR', 0, 'word'],
  ['BR_OK', 1, 'nothing'],
  ['BR_TRANSACTION', 2, 'TRANSACTION_DATA'],
  ['BR_TRANSACTION_SEC_CTX', 2, 'TRANSACTION_DATA_SECCTX'],
  ['BR_REPLY', 3, 'TRANSACTION_DATA'],
  ['BR_ACQUIRE_RESULT', 4, 'word'],
  ['BR_DEAD_REPLY', 5, 'nothing'],
  ['BR_TRANSACTION_COMPLETE', 6, 'nothing'],
  ['BR_INCREFS', 7, 'PTR_COOKIE'],
  ['BR_ACQUIRE', 8, 'PTR_COOKIE'],
  ['BR_RELEASE', 9, 'PTR_COOKIE'],
  ['BR_DECREFS', 10, 'PTR_COOKIE'],
  ['BR_ATTEMPT_ACQUIRE', 11, 'PRI_PTR_COOKIE'],
  ['BR_NOOP', 12, 'nothing'],
  ['BR_SPAWN_LOOPER', 13, 'nothing'],
  ['BR_FINISHED', 14, 'nothing'],
  ['BR_DEAD_BINDER', 15, 'double word'],
  ['BR_CLEAR_DEATH_NOTIFICATION_DONE', 16, 'double word'],
  ['BR_FAILED_REPLY', 17, 'nothing'],
  ['BR_FROZEN_REPLY', 18, 'nothing'],
  ['BR_ONEWAY_SPAM_SUSPECT', 19, 'nothing'],
  ['BR_TRANSACTION_PENDING_FROZEN', 20, 'nothing'],
  ['BR_FROZEN_BINDER', 21, 'FROZEN_STATE_INFO'],
  ['BR_CLEAR_FREEZE_NOTIFICATION_DONE', 22, 'double word'],
];

const IOCTLS: readonly (readonly [...Row, direction: number])[] = [
  ['BINDER_WRITE_READ', 1, 'WRITE_READ', READ | WRITE],
  ['BINDER_SET_IDLE_TIMEOUT', 3, 'double word', WRITE],
  ['BINDER_SET_MAX_THREADS', 5, 'word', WRITE],
  ['BINDER_SET_IDLE_PRIORITY', 6, 'word', WRITE],
  ['BINDER_SET_CONTEXT_MGR', 7, 'word', WRITE],
  ['BINDER_THREAD_EXIT', 8, 'word', WRITE],
  ['BINDER_VERSION', 9, 'word', READ | WRITE],
  ['BINDER_GET_NODE_DEBUG_INFO', 11, 'NODE_DEBUG_INFO', READ | WRITE],
  ['BINDER_GET_NODE_INFO_FOR_REF', 12, 'NODE_INFO_FOR_REF', READ | WRITE],
  ['BINDER_SET_CONTEXT_MGR_EXT', 13, 'FLAT_OBJECT', WRITE],
  ['BINDER_FREEZE', 14, 'FREEZE_INFO', WRITE],
  ['BINDER_GET_FROZEN_INFO', 15, 'FROZEN_STATUS_INFO', READ | WRITE],
  ['BINDER_ENABLE_ONEWAY_SPAM_DETECTION', 16, 'word', WRITE],
  ['BINDER_GET_EXTENDED_ERROR', 17, 'EXTENDED_ERROR', READ | WRITE],
];

/** Four characters, the first one highest; the last is 0x85 in each. */
const objectType = (letters: string): number =>
  [...letters].reduce((word, letter) => word * 256 + letter.charCodeAt(0), 0) * 256 + 0x85;

const PINNED: Readonly<Record<string, number>> = {
  BINDER_PROTOCOL_VERSION: 8,
  ...Object.fromEntries(COMMANDS.map(([name, number, payload]) => [name, encode(WRITE, 'c', number, payload)])),
  BC_COUNT: COMMANDS.length,
  ...Object.fromEntries(RETURNS.map(([name, number, payload]) => [name, encode(READ, 'r', number, payload)])),
  // two words share number 2
  BR_COUNT: RETURNS.length - 1,
  ...Object.fromEntries(
    IOCTLS.map(([name, number, payload, direction]) => [name, encode(direction, 'b', number, payload)]),
  ),
  BINDER_TYPE_BINDER: objectType('sb*'),
  BINDER_TYPE_WEAK_BINDER: objectType('wb*'),
  BINDER_TYPE_HANDLE: objectType('sh*'),
  BINDER_TYPE_WEAK_HANDLE: objectType('wh*'),
  BINDER_TYPE_FD: objectType('fd*'),
  BINDER_TYPE_FDA: objectType('fda'),
  BINDER_TYPE_PTR: objectType('pt*'),
  FLAT_BINDER_FLAG_PRIORITY_MASK: 0xff,
  FLAT_BINDER_FLAG_ACCEPTS_FDS: 0x100,
  FLAT_BINDER_FLAG_TXN_SECURITY_CTX: 0x1000,
  BINDER_BUFFER_FLAG_HAS_PARENT: 1,
  TF_ONE_WAY: 1,
  TF_ROOT_OBJECT: 4,
  TF_STATUS_CODE: 8,
  TF_ACCEPT_FDS: 16,
  TF_CLEAR_BUF: 32,
  TF_UPDATE_TXN: 64,
};

for (const [name, value] of Object.entries(PINNED)) {
  test(name, () => assert.is(declared[name], value));
}

test('there is no number that the table does not know', () => {
  assert.equal(
    Object.keys(declared).filter((name) => !(name in PINNED)),
    [],
  );
});

/** Words as they stand in recorded streams. */
const WORDS: Readonly<Record<string, number>> = {
  BC_TRANSACTION: 0x40406300,
  BC_REPLY: 0x40406301,
  BC_TRANSACTION_SG: 0x40486311,
  BC_REPLY_SG: 0x40486312,
  BR_TRANSACTION: 0x80407202,
  BR_TRANSACTION_SEC_CTX: 0x80487202,
  BR_REPLY: 0x80407203,
  BR_TRANSACTION_COMPLETE: 0x7206,
  BINDER_WRITE_READ: 0xc0306201,
};
test('the table itself comes to the words of recorded streams', () => {
  for (const [name, word] of Object.entries(WORDS)) assert.is(PINNED[name], word, name);
});

test.run();
