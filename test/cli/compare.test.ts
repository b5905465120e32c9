import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const test = suite('compare');
const folder = new Folder();
test.after(() => folder.remove());

const TALLY = [
  'copies',
  'bytesCopied',
  'commandBytes',
  'framesAllocated',
  'framesZeroed',
  'pteWrites',
  'tlbFlushes',
  'faults',
  'kmaps',
  'walks',
];

test('rows as JSON', () => {
  const words = ['compare', '--payloads', '4,4096', '--strategies', 'kmap,two-copy', '--calls', '3', '--json'];
  const { code, stdout } = folder.run(words);
  assert.is(code, 0);
  const { rows } = JSON.parse(stdout);
  assert.equal(
    rows.map(({ workload, strategy, send, payload, calls }: Record<string, unknown>) => [
      workload,
      strategy,
      send,
      payload,
      calls,
    ]),
    [
      ['call', 'kmap', 'inline', 4, 3],
      ['call', 'two-copy', 'inline', 4, 3],
      ['call', 'kmap', 'inline', 4096, 3],
      ['call', 'two-copy', 'inline', 4096, 3],
    ],
  );
  const [row] = rows;
  for (const part of ['setup', 'firstCall', 'perCall']) {
    assert.equal(Object.keys(row[part]), TALLY);
    assert.equal(Object.keys(row[part].pteWrites), ['user', 'kernel']);
  }
  for (const number of ['framesResident', 'kernelBytesReserved', 'wallNs', 'modelNs'])
    assert.type(row[number], 'number');
});

test('a table to read', () => {
  const { code, stdout } = folder.run(['compare', '--payloads', '65536', '--calls', '2']);
  assert.is(code, 0);
  assert.match(stdout, /^call, 64 KiB$/m);
  assert.match(stdout, /^kmap +64 KiB +16 /m);
  assert.match(stdout, /^two-copy +128 KiB +32 /m);
});

test('what does not exist, or does not fit, is told', () => {
  for (const [words, message] of [
    [['--strategies', 'magic'], /there is no "magic"; known are kmap, /],
    [['--workload', 'nothing'], /there is no "nothing"; known are call/],
    [['--payloads', '4k'], /--payloads takes whole numbers/],
    [['--calls', '0'], /--calls takes whole numbers/],
    [['--workload', 'oneway', '--payloads', '4000000'], /oneway of 4000000 bytes under kmap: the driver refuses/],
  ] as const) {
    const { code, stderr } = folder.run(['compare', ...words]);
    assert.is(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test.run();
