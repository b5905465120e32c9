/** `binderlab explore` as a user runs it: what it prints, its exit codes, and the journal of a failure. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../pages.ts';
import { Folder } from './binderlab.ts';

const LATE_CALL = join(ROOT, 'examples/history/late-call.ts');

const test = suite('binderlab explore');
const folder = new Folder();
test.after(() => folder.remove());

/** The script of the pages whose last property is wrong. */
const [, MAPPING = ''] =
  /`mapping\.ts`:\s+^```ts\n(.*?)^```$/ms.exec(readFileSync(join(ROOT, 'docs/scripting.md'), 'utf8')) ?? [];

test('what holds under all schedules', () => {
  const words = ['explore', join(ROOT, 'test/explore/scripts/death.ts'), '--preemptions', '0', '--json'];
  const { code, stdout, stderr } = folder.run(words);
  assert.is(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.ok(report.isComplete);
  assert.is(report.failure, null);
  assert.ok(report.schedules > 10 && report.merged > 0 && report.left === 0);
});

test('what does not hold under one: the step, the schedule, and a journal', () => {
  folder.write('mapping.ts', MAPPING);
  const { code, stdout } = folder.run(['explore', 'mapping.ts']);
  assert.is(code, 1);
  assert.match(stdout, '"one at a time is between the two calls" does not hold after step 3');
  assert.match(stdout, /^schedule: (a\.0, b\.0|b\.0, a\.0)$/m);
  const command = /npx binderlab (step .*)$/m.exec(stdout)?.[1] ?? '';
  const shown = folder.run([...command.split(' '), '--show', 'calls']);
  assert.is(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, />\s+3\s+[ab]\.0\s+openat/);
  assert.is(folder.run(['replay', 'mapping.failure.jsonl', '--check']).code, 0);
});

test('run judges properties, too', () => {
  folder.write('mapping.ts', MAPPING);
  assert.is(folder.run(['run', 'mapping.ts']).code, 0);
  folder.write('never.ts', MAPPING.replace('length === 2', 'length === 3'));
  const { code, stderr } = folder.run(['run', 'never.ts']);
  assert.is(code, 1);
  assert.match(stderr, '"both are mapped" has to hold');
});

test('a search that was ended says so', () => {
  const script = join(ROOT, 'test/explore/scripts/threadpool.ts');
  const { code, stdout } = folder.run(['explore', script, '--max-steps', '500']);
  assert.is(code, 0);
  assert.match(stdout, /everything holds so far.* branches are left/);
});

test('random schedules', () => {
  folder.write('mapping.ts', MAPPING);
  const words = ['explore', 'mapping.ts', '--random', '50', '--seed', '3', '--journal', 'random.jsonl', '--json'];
  const { failure } = JSON.parse(folder.run(words).stdout);
  assert.is(failure.file, 'random.jsonl');
  assert.is(failure.step, 3);
});

test('a fault of an earlier driver: what it breaks under one schedule, said as loudly as by run', () => {
  const bug = 'CVE-2024-26606';
  const { code, stdout, stderr } = folder.run(['explore', LATE_CALL, '--bug', bug, '--journal', 'late.jsonl']);
  assert.is(code, 1);
  assert.match(stderr, `this machine has the fault ${bug}, on purpose`);
  assert.match(stdout, /LOST_WAKEUP.*sleeps in epoll_wait/);
  assert.match(folder.run(['replay', 'late.jsonl', '--check']).stdout, /LOST_WAKEUP.*epoll_wait by client\.0/s);
  const shown = folder.run(['step', 'late.jsonl', '--show', 'threads']);
  assert.match(shown.stdout, /client\.0.*waits for epoll events.*BR_DEAD_REPLY/);
});

for (const [words, says] of [
  [['--preemptions', 'x'], '--preemptions takes whole numbers'],
  [['--random', '5', '--preemptions', '2'], '--random takes any number of preemptions'],
  [['--bug', 'CVE-2000-1'], '--bug'],
  [['--journal', 'here.txt'], "a journal's name ends in"],
] as const) {
  test(`invalid: ${words.join(' ')}`, () => {
    const { code, stderr } = folder.run(['explore', join(ROOT, 'examples/every-schedule.ts'), ...words]);
    assert.is(code, 2);
    assert.match(stderr, says);
  });
}

test.run();
