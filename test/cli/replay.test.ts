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
