/** The output of an example on the pages is what the example prints: each has a section `### NAME: ...` with its output. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGES, pageText } from '../pages.ts';
import { exampleNames, runExample } from './script.ts';

const SECTION = /^### `([a-z-]+)`[^\n]*\n(?:(?!^#).)*?^```text\n(.*?)^```$/gms;

const sections = PAGES.flatMap((page) => [...pageText(page).matchAll(SECTION)]);

const test = suite('examples on the pages');

test('there are some', () => assert.ok(sections.length >= 13));

for (const [, name = '', shown] of sections) {
  test(name, async () => {
    assert.ok(exampleNames().includes(name), `there is no examples/${name}.ts`);
    assert.is(`${(await runExample(name, 0)).printed}\n`, shown);
  });
}

test.run();
