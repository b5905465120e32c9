/** What README.md shows of an example is what the example prints: each has a section `### NAME: ...` with its output. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { exampleNames, runExample } from './script.ts';

const README = join(import.meta.dirname, '../../../README.md');
const SECTION = /^### `([a-z-]+)`[^\n]*\n(?:(?!^#).)*?^```text\n(.*?)^```$/gms;

const sections = [...readFileSync(README, 'utf8').matchAll(SECTION)];

const test = suite('examples in README.md');

test('there are some', () => assert.ok(sections.length >= 7));

for (const [, name = '', shown] of sections) {
  test(name, async () => {
    assert.ok(exampleNames().includes(name), `there is no examples/${name}.ts`);
    assert.is(`${(await runExample(name, 0)).printed}\n`, shown);
  });
}

test.run();
