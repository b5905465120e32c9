/** The wording of command and return streams is that of the recordings, word for word. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bytesOfHex } from '../../host/wire/hex.ts';
import { commandWords, payloadSize, returnWords, words } from '../../host/wire/words.ts';

const test = suite('words');

/** Streams as the kernel's recorder worded them: bytes, words. */
const COMMANDS: readonly (readonly [string, readonly string[]])[] = [
  ['0c630000', ['BC_ENTER_LOOPER']],
  [
    '05630440010000000363084000000070000000000d630000',
    ['BC_ACQUIRE handle=1', 'BC_FREE_BUFFER value=0x70000000', 'BC_EXIT_LOOPER'],
  ],
  ['0863104000100000000000000110000000000000', ['BC_INCREFS_DONE ptr=0x1000 cookie=0x1001']],
  [
    '0063404001000000000000000000000000000000020000001000000000000000000000001800000000000000080000000000000050000010000000007000001000000000',
    [
      'BC_TRANSACTION ptr=0x1 cookie=0x0 code=2 flags=16 sender_pid=0 sender_euid=0 data_size=0x18 offsets_size=0x8 buffer=0x10000050 offsets=0x10000070',
    ],
  ],
];

test('commands', () => {
  for (const [hex, words] of COMMANDS) assert.equal(commandWords(bytesOfHex(hex)), words);
});

test('a part of a stream', () => {
  const stream = bytesOfHex('0d6300000c63000005630440');
  assert.equal(commandWords(stream, 4, 8), ['BC_ENTER_LOOPER']);
  assert.equal(commandWords(stream, 8, 12), ['BC_ACQUIRE truncated=true']);
});

test('a stream ends at what it cannot take', () => {
  assert.equal(commandWords(bytesOfHex('0c630000efbeadde0d630000')), ['BC_ENTER_LOOPER', 'BC_UNKNOWN cmd=0xdeadbeef']);
  assert.equal(commandWords(bytesOfHex('0063044001000000')), ['BC_UNKNOWN cmd=0x40046300']);
  assert.equal(commandWords(bytesOfHex('036308403412')), ['BC_FREE_BUFFER truncated=true']);
  assert.equal(commandWords(bytesOfHex('0d6300000c')), ['BC_EXIT_LOOPER']);
  assert.equal(commandWords(bytesOfHex('0c')), []);
});

test('returns', () => {
  assert.equal(returnWords(bytesOfHex('0c7200000672000005720000')), [
    'BR_NOOP',
    'BR_TRANSACTION_COMPLETE',
    'BR_DEAD_REPLY',
  ]);
  assert.equal(returnWords(bytesOfHex('0d7200000f7208800100000000000000')), [
    'BR_SPAWN_LOOPER',
    'BR_DEAD_BINDER cookie=0x1',
  ]);
  assert.equal(
    returnWords(
      bytesOfHex(
        '0c72000002724080000000000000000000000000000000000100000000000000d0070000000000001800000000000000080000000000000000000070000000001800007000000000',
      ),
    ),
    [
      'BR_NOOP',
      'BR_TRANSACTION ptr=0x0 cookie=0x0 code=1 flags=0 sender_pid=2000 sender_euid=0 data_size=0x18 offsets_size=0x8 buffer=0x70000000 offsets=0x70000018',
    ],
  );
  assert.equal(returnWords(bytesOfHex('000000000000000011720000')), ['BR_UNKNOWN cmd=0']);
  assert.equal(returnWords(bytesOfHex('0d72000045464748')), ['BR_SPAWN_LOOPER', 'BR_UNKNOWN cmd=1212630597']);
});

test('64 bits are all shown', () => {
  assert.equal(returnWords(bytesOfHex('0f720880efcdab8967452301')), ['BR_DEAD_BINDER cookie=0x123456789abcdef']);
  assert.equal(returnWords(bytesOfHex('0f7208800100000001000000')), ['BR_DEAD_BINDER cookie=0x100000001']);
});

test('the fields of each word fill the payload that its number announces', () => {
  const PADDING: Readonly<Record<string, number>> = { BR_ATTEMPT_ACQUIRE: 4 };
  const SIZES: Readonly<Record<string, number>> = { '0xffffffffffffffff': 8, '4294967295': 4, '-1': 4 };
  for (const [word, name] of words('B')) {
    const bytes = new Uint8Array(4 + payloadSize(word)).fill(0xff);
    new DataView(bytes.buffer).setUint32(0, word, true);
    const [text = ''] = name.startsWith('BC_') ? commandWords(bytes) : returnWords(bytes);
    const [first, ...fields] = text.split(' ');
    const sizes = fields.map((field) => SIZES[field.split('=')[1] ?? ''] ?? Number.NaN);
    assert.is(first, name);
    assert.is(
      sizes.reduce((sum, size) => sum + size, PADDING[name] ?? 0),
      payloadSize(word),
      name,
    );
  }
});

test.run();
