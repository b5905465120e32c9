import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { closingLine, countsIn, type GroupResult, runGroup, runGroups } from './runner.ts';

const test = suite('runner');
// next to this file, so that the made-up tests find uvu
const folder = mkdtempSync(join(import.meta.dirname, 'runner-'));
test.after(() => rmSync(folder, { recursive: true }));

function testFile(name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `import { test } from 'uvu';\nimport * as assert from 'uvu/assert';\n${body}\n`);
  return file;
}
const run = (name: string, body: string, limitMs = 20_000) => runGroup([testFile(name, body)], limitMs);
const counts = ({ passed, failed, skipped }: GroupResult) => ({ passed, failed, skipped });

test('counts what passed, failed and was skipped', async () => {
  const body = `test('a', () => {}); test('b', () => assert.is(1, 2)); test.skip('c', () => {}); test.run();`;
  const result = await run('mixed.js', body);
  assert.equal(counts(result), { passed: 1, failed: 1, skipped: 1 });
  assert.match(result.output, 'FAIL');
});

test('a file that fails to load has failed', async () => {
  assert.equal(counts(await run('load.js', `throw new Error('no');`)), { passed: 0, failed: 1, skipped: 0 });
});

test('a file that forgets to run its tests has failed', async () => {
  assert.equal(counts(await run('forgets.js', `test('a', () => {});`)), { passed: 0, failed: 1, skipped: 0 });
});

test('so has a group with such a file, and what passed in it counts', async () => {
  const files = [
    testFile('runs.js', `test('a', () => {}); test.run();`),
    testFile('silent.js', `test('a', () => {});`),
  ];
  const result = await runGroup(files, 20_000);
  assert.equal(counts(result), { passed: 1, failed: 1, skipped: 0 });
  assert.match(result.output, /FAIL .*silent\.js ran no tests; does it call test\.run\(\)\?/);
});

test('a test that never settles has failed', async () => {
  const body = `test('a', () => new Promise(() => {})); test.run();`;
  assert.equal(counts(await run('unsettled.js', body)), { passed: 0, failed: 1, skipped: 0 });
});

test('a crash behind passing tests has failed', async () => {
  const body = `test('a', () => {}); test.run(); process.on('exit', () => { process.exitCode = 3; });`;
  assert.equal(counts(await run('crash.js', body)), { passed: 1, failed: 1, skipped: 0 });
});

test('a file that hangs is killed and has failed', async () => {
  const result = await run('hangs.js', `test('a', () => { for (;;); }); test.run();`, 500);
  assert.equal(counts(result), { passed: 0, failed: 1, skipped: 0 });
  assert.match(result.output, 'killed after 0.5 s');
});

test('adds up several groups and reports each', async () => {
  const files = [
    testFile('one.js', `test('a', () => {}); test.run();`),
    testFile('two.js', `test('b', () => {}); test('c', () => assert.ok(false)); test.run();`),
  ];
  const seen: string[] = [];
  const sum = await runGroups([files.slice(0, 1), files.slice(1)], 20_000, ({ group }) => seen.push(...group));
  assert.equal(sum, { passed: 2, failed: 1, skipped: 0 });
  assert.equal(seen.sort(), files.sort());
});

test('the closing line names skipped tests only when there are any', () => {
  assert.is(closingLine({ passed: 3, failed: 0, skipped: 0 }), '3 passed, 0 failed');
  assert.is(closingLine({ passed: 3, failed: 1, skipped: 2 }), '3 passed, 1 failed, 2 skipped');
});

test('output without uvu in it has no counts', () => {
  assert.is(countsIn('4 passed, 0 failed\n'), null);
});

test.run();
