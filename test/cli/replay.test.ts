import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordingText } from '../conformance/recordings.ts';
import { Folder } from './binderlab.ts';

const test = suite('record and replay');
const folder = new Folder();
test.after(() => folder.remove());
folder.write('all/wr-empty.jsonl', recordingText('wr-empty'));
folder.write('all/deep/version.jsonl.gz', gzipSync(recordingText('version')));
folder.write('all/INDEX.json', '[]');

const versionSteps = recordingText('version').trimEnd().split('\n').length - 1;

/** The recording with BINDER_VERSION's answer changed from 8 to 9. */
const WRONG = recordingText('version').replace('"bytes":"08000000"', '"bytes":"09000000"');

test('journals that are as recorded', () => {
  const { code, stdout } = folder.run(['replay', 'all', '--skip-dumps']);
  assert.is(code, 0, stdout);
  assert.match(stdout, /^(\d+) of \1 steps in 2 journals are as recorded\n$/);
});

test('one that is not', () => {
  const { code, stdout } = folder.run(['replay', '-', '--skip-dumps'], WRONG);
  assert.is(code, 1);
  assert.match(stdout, /version, step \d+: ioctl by \S+: bytes differs/);
  assert.match(stdout, /^! bytes 0000 {2}09 00 00 00 .* {3}bytes 0000 {2}08 00 00 00/m);
  assert.match(stdout, 'one differs:\n  version: first at step');
});

test('the answer as JSON', () => {
  folder.write('wrong.jsonl', WRONG);
  const { code, stdout } = folder.run(['replay', 'wrong.jsonl', 'all', '--skip-dumps', '--json']);
  assert.is(code, 1);
  const report = JSON.parse(stdout);
  assert.equal(Object.keys(report), ['traces', 'steps', 'equal', 'different']);
  assert.is(report.traces, 3);
  assert.is(report.equal, report.steps - 1);
  const [{ trace, step, field, expected, actual }] = report.different;
  assert.equal(
    { trace, field, expected, actual },
    {
      trace: 'version',
      field: 'bytes',
      expected: '09000000',
      actual: '08000000',
    },
  );
  assert.type(step, 'number');
});

test('a journal is traced in either form', () => {
  for (const name of ['t.ftrace', 't.pftrace']) {
    const { code, stderr } = folder.run(['replay', '-', '--skip-dumps', '--trace', name], recordingText('version'));
    assert.is(code, 0, stderr);
  }
  assert.match(
    readFileSync(join(folder.path, 't.ftrace'), 'utf8'),
    /^# tracer: nop\n.* binder_ioctl: cmd=0xc0046209 /s,
  );
  // a packet of the trace: field 1, a message
  assert.is(readFileSync(join(folder.path, 't.pftrace'))[0], 0x0a);
});

test('a trace is one of one journal, and of no other form', () => {
  const refused = (...words: string[]) => {
    const { code, stderr } = folder.run(['replay', ...words]);
    assert.is(code, 2, stderr);
    return stderr;
  };
  assert.match(refused('all', '--trace', 't.ftrace'), '--trace takes one journal, and here are 2');
  assert.match(refused('all', '--trace', 't.json'), '--trace t.json: the name of a trace ends in .ftrace or .pftrace');
  assert.match(refused('all', '--trace', 'no/t.ftrace'), '--trace: there is no folder no');
});

test('recording into a folder keeps the names', () => {
  const { code, stderr } = folder.run(['record', 'all', '--out', 'made']);
  assert.is(code, 0, stderr);
  assert.ok(existsSync(join(folder.path, 'made/wr-empty.jsonl')));
  const text = gunzipSync(readFileSync(join(folder.path, 'made/deep/version.jsonl.gz'))).toString();
  const lines = text.trimEnd().split('\n');
  assert.is(lines.length, versionSteps + 1);
  assert.equal(JSON.parse(lines[0] ?? '').emulator, { strategy: 'kmap', seed: 0, memory: 64 });
  assert.is(folder.run(['replay', 'made', '--strategy', 'vmalloc', '--skip-dumps']).code, 0);
});

test('recording from stdin to stdout, inputs only', () => {
  const [header = '', ...steps] = recordingText('version').trimEnd().split('\n');
  const inputs = steps.map((line) => {
    const { i, op, by, in: input } = JSON.parse(line);
    return JSON.stringify({ i, op, by, in: input });
  });
  const { code, stdout, stderr } = folder.run(['record', '-', '--out', '-'], [header, ...inputs, ''].join('\n'));
  assert.is(code, 0, stderr);
  const made = stdout.trimEnd().split('\n').slice(1);
  const withoutDumps = (lines: string[]) => lines.filter((line) => !line.includes('"op":"dump"'));
  assert.equal(withoutDumps(made), withoutDumps(steps));
});

const HEADER = (recordingText('version').split('\n')[0] ?? '').replace(/"steps":\d+/, '"desc":""');
const lineOf = (i: number, op: string, input: object, rest: object = {}) =>
  JSON.stringify({ i, op, ...rest, in: input });
/** A thread sleeps, and is asked to act; and what nobody can read. */
const ASLEEP = [
  HEADER.replace('"name":"version"', '"name":"asleep"'),
  lineOf(0, 'proc', { name: 'A', pid: 1000, uid: 0 }),
  lineOf(1, 'mkfd', { kind: 'pipe', fd: 10, fd2: 11 }, { by: 'A.0', out: { ret: 10, file: 'file1' } }),
  lineOf(2, 'poll', { fd: 10, events: 1, timeout: -1 }, { by: 'A.0', parked: true }),
  lineOf(3, 'open', { flags: 0 }, { by: 'A.0', out: { ret: 4 } }),
].join('\n');
const WHY =
  'asleep, step 3: open by A.0: A.0 cannot act, for here it still sleeps in step 2: poll([{fd=10, events=POLLIN}], 1, -1 ...';
folder.write('some/1-asleep.jsonl', ASLEEP);
folder.write('some/2-odd.jsonl', `${HEADER}\n${lineOf(0, 'frobnicate', {})}\n`);
folder.write('some/3-version.jsonl', recordingText('version'));
folder.write('unread/1.jsonl', 'no journal');
folder.write('unread/2.jsonl', '');

test('replay goes on after a journal that cannot be read, and after one that cannot be run', () => {
  const { code, stdout, stderr } = folder.run(['replay', 'some', '--skip-dumps']);
  assert.is(code, 1);
  assert.ok(stdout.startsWith(`${WHY}\n`), stdout);
  assert.match(stdout, /steps in 2 journals are as recorded; one differs:\n {2}asleep: first at step 3, error\n$/);
  assert.match(stderr, /^binderlab: some\/2-odd\.jsonl:2: step 0 has the unknown op "frobnicate"; known are .*\n$/);
  const report = JSON.parse(folder.run(['replay', 'some/2-odd.jsonl', 'all', '--skip-dumps', '--json']).stdout);
  assert.is(report.steps, report.equal);
  assert.is(report.traces, 2);
  assert.match(report.unread[0], 'frobnicate');
  assert.is(folder.run(['replay', 'some/2-odd.jsonl', 'all', '--skip-dumps']).code, 1);
});

test('record goes on as well, and says at the end which failed and why', () => {
  const { code, stdout, stderr } = folder.run(['record', 'some', '--out', 'went']);
  assert.is(code, 1);
  assert.is(stdout, `${versionSteps} steps in 1 of 3 journals in went\n`);
  const [first, second, ...rest] = stderr.split('\n');
  assert.is(first, `binderlab: ${WHY}`);
  assert.match(second ?? '', /^binderlab: some\/2-odd\.jsonl:2: /);
  assert.equal(rest, ['']);
  assert.equal(
    ['1-asleep', '2-odd', '3-version'].filter((name) => existsSync(join(folder.path, 'went', `${name}.jsonl`))),
    ['3-version'],
  );
  const report = JSON.parse(folder.run(['record', 'some', '--out', 'again', '--json']).stdout);
  assert.equal([report.traces, report.steps, report.files], [1, versionSteps, [join('again', '3-version.jsonl')]]);
  assert.is(report.failed[0], WHY);
  assert.is(report.failed.length, 2);
});

test('nothing that can be read is a matter of the command line', () => {
  for (const words of [
    ['replay', 'unread'],
    ['record', 'unread', '--out', 'never'],
  ]) {
    const { code, stdout, stderr } = folder.run(words);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.is(stderr.split('\n').length, 3);
    assert.not.ok(existsSync(join(folder.path, 'never')));
  }
  assert.is(folder.run(['record', 'some/1-asleep.jsonl', '--out', 'never.jsonl']).code, 1, 'it was read');
  assert.match(folder.run(['record', '--help']).stdout.replace(/\s+/g, ' '), 'exit code 1, or 2 when none can be read');
});

test('a place that cannot be written to', () => {
  folder.write('file', '');
  const { code, stderr } = folder.run(['record', 'all', '--out', 'file/folder']);
  assert.is(code, 2);
  assert.is(stderr, 'binderlab: --out: file is no folder\n');
});

test('a recorded output of several MiB that differs', () => {
  const len = 3 << 20;
  const steps = [
    lineOf(0, 'proc', { name: 'A', pid: 1000, uid: 0 }),
    lineOf(1, 'peek', { addr: '0x10000000', len }, { by: 'A.0', out: { ret: len, bytes: '01'.repeat(len) } }),
  ];
  const { code, stdout, stderr } = folder.run(['replay', '-'], [HEADER, ...steps].join('\n'));
  assert.is(code, 1);
  assert.not.ok(stderr.includes('Error'), stderr);
  assert.match(stdout, /^version, step 1: peek by A\.0: bytes differs\n/);
});

test('with the invariants verified after each step', () => {
  const { code, stdout } = folder.run(['replay', 'all', '--check']);
  assert.is(code, 0, stdout);
  assert.match(stdout, /steps in 2 journals are as recorded\n$/);
});

test('debug and release say the same of what happened inside, and a number stands for it', () => {
  const words = ['replay', 'all', '--skip-dumps', '--event-hash'];
  const release = folder.run(words);
  assert.is(release.code, 0, release.stderr);
  assert.match(release.stdout, /are as recorded\n\d+ events inside, hash [0-9a-f]{16}\n$/);
  assert.is(folder.run([...words, '--build', 'debug']).stdout, release.stdout);
  const { events } = JSON.parse(folder.run([...words, '--json']).stdout);
  assert.ok(release.stdout.includes(`${events.count} events inside, hash ${events.hash}`));
  assert.is.not(folder.run(['replay', 'all/wr-empty.jsonl', '--event-hash']).stdout, release.stdout);
  assert.is(folder.run([...words, '--build', 'fast']).code, 2);
});

test('flags of the machine may stand before the command', () => {
  assert.is(folder.run(['--strategy', 'vmalloc', 'replay', 'all', '--skip-dumps']).code, 0);
});

test.run();
