import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordingText } from '../conformance/recordings.ts';
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
  for (const number of ['framesResident', 'kernelBytesReserved', 'modelNs']) assert.type(row[number], 'number');
  assert.is(row.wallNs, null, 'bench measures time');
});

test('a table to read', () => {
  const { code, stdout } = folder.run(['compare', '--payloads', '65536', '--calls', '2']);
  assert.is(code, 0);
  assert.match(stdout, /^call, 64 KiB$/m);
  assert.match(stdout, /^kmap +64 KiB +16 /m);
  assert.match(stdout, /^two-copy +128 KiB +32 /m);
});

test('a script and a journal as workloads, costs of one’s own, and a page', () => {
  folder.write('nothing.ts', 'export default () => {};\n');
  folder.write('version.jsonl', recordingText('version'));
  const costs = Object.fromEntries(
    [...TALLY.filter((name) => name !== 'pteWrites'), 'pteWrites.user', 'pteWrites.kernel'].map((name) => [name, 1]),
  );
  folder.write('mine.json', JSON.stringify({ name: 'mine', machine: 'a machine of mine', costs }));
  const words = [
    '--workload',
    'nothing.ts,version.jsonl,call',
    '--payloads',
    '4096',
    '--calls',
    '1',
    '--costs',
    'mine.json',
  ];
  const { code, stdout, stderr } = folder.run([
    'compare',
    ...words,
    '--strategy',
    'fault',
    '--html',
    'page.html',
    '--json',
  ]);
  assert.is(code, 0, stderr);
  const { rows, profile, answer } = JSON.parse(stdout);
  assert.equal(
    rows.map(({ workload, strategy }: Record<string, unknown>) => [workload, strategy]),
    [
      ['nothing.ts', 'fault'],
      ['version.jsonl', 'fault'],
      ['call', 'fault'],
    ],
  );
  assert.is(profile.name, 'mine');
  assert.match(answer[0], 'a machine of mine');
  assert.match(readFileSync(join(folder.path, 'page.html'), 'utf8'), 'a machine of mine');
});

test('what a script prints is on standard error, once, and what it throws is told with its line', () => {
  folder.write(
    'talks.ts',
    "console.log('begins');\nexport default () => { console.log('hello'); process.stdout.write('there\\n'); };\n",
  );
  for (const words of [['--json'], []]) {
    const { code, stdout, stderr } = folder.run([
      'compare',
      '--workload',
      'talks.ts',
      '--strategies',
      'kmap,remap',
      ...words,
    ]);
    assert.is(code, 0, stderr);
    assert.not.match(stdout, /begins|hello|there/);
    for (const said of ['begins', 'hello', 'there']) assert.is(stderr.split(said).length, 2, said);
    if (words.length > 0) assert.is(JSON.parse(stdout).rows.length, 2);
    else assert.match(stdout, /^script talks\.ts, no call after the first$/m);
  }
  folder.write('throws.ts', "export default () => {\n  throw new Error('no more');\n};\n");
  const { code, stderr } = folder.run(['compare', '--workload', 'throws.ts']);
  assert.is(code, 1);
  assert.match(stderr, /throws\.ts:2.*no more/);
});

test('the same asked for twice is done once', () => {
  const words = [
    'compare',
    '--payloads',
    '4096,4096',
    '--strategies',
    'kmap,kmap',
    '--workload',
    'call,call',
    '--json',
  ];
  assert.is(JSON.parse(folder.run(words).stdout).rows.length, 1);
});

test('--list says what each workload, strategy and way to send does', () => {
  const { code, stdout } = folder.run(['compare', '--list']);
  assert.is(code, 0);
  for (const word of ['pressure', 'stream', '(oversized)', '(ask-first)', 'new-memfd', 'remap', 'epyc-vm']) {
    assert.ok(stdout.includes(word), word);
  }
  for (const line of stdout.split('\n')) assert.ok(line.length < 80, line);
});

test('what does not exist, or does not fit, is told', () => {
  for (const [words, message] of [
    [['--strategies', 'magic'], /there is no "magic"; known are kmap, /],
    [['--workload', 'nothing'], /there is no "nothing", no file either; known are call/],
    [['talks.ts'], /did you mean --workload talks\.ts\?/],
    [['--strategy', 'kmap', '--strategies', 'vmalloc'], /--strategy and --strategies exclude each other/],
    [['--send', 'memfd', '--payloads', '0'], /a memory file of 0 bytes cannot be mapped/],
    [['--costs', 'nothing'], /no file nothing, and no profile of that name; there are cortex-a53/],
    [['--payloads', '4k'], /--payloads takes bytes, as in 4096, 64K/],
    [['--calls', '0'], /--calls takes whole numbers/],
    [['--workload', 'oneway', '--payloads', '4000000'], /oneway of 4000000 bytes under kmap: the driver refuses/],
  ] as const) {
    const { code, stderr } = folder.run(['compare', ...words]);
    assert.is(code, 2, stderr);
    assert.match(stderr, message);
  }
});

test.run();
