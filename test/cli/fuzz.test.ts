import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const test = suite('fuzz');
const folder = new Folder();
test.after(() => folder.remove());

test('a run says what it did', () => {
  const { code, stdout } = folder.run(['fuzz', '--steps', '900', '--thorough-every', '3', '--shard', '2/3', '--json']);
  assert.is(code, 0, stdout);
  const report = JSON.parse(stdout);
  assert.is(report.seed, 0);
  assert.is(report.shard, '2/3');
  assert.ok(report.steps >= 200, stdout);
  assert.ok(report.programs > 0 && report.commands > 0 && report.errors > 0 && report.judged > 0, stdout);
  assert.equal([report.branches, report.findings, report.endless], [null, [], []]);
});

for (const [words, says] of [
  [['--shard', '4/3'], /--shard takes a part and the number of parts, as in 1\/4, not "4\/3"/],
  [['nowhere.jsonl'], /nowhere\.jsonl: there is no such file or folder/],
] as const) {
  test(`${words.join(' ')} is refused`, () => {
    const { code, stdout, stderr } = folder.run(['fuzz', ...words]);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(stderr, says);
  });
}

test('a journal that was cut is refused with its place', () => {
  const name = folder.write('cut.jsonl', '{"t":"header","format":1,"na');
  const { code, stdout, stderr } = folder.run(['fuzz', name, '--steps', '100']);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /^binderlab: .*cut\.jsonl:1: is not JSON.*\n$/);
});

test.run();
