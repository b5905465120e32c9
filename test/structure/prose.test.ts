/** Prose keeps to what a newcomer can parse, as far as a list of phrases can tell. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ROOT } from '../pages.ts';
import { EXCEPT, PROSE, proseComplaints } from './prose.ts';

const test = suite('prose');

function filesOf(place: string): string[] {
  if (!statSync(join(ROOT, place)).isDirectory()) return [place];
  return readdirSync(join(ROOT, place), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(tsx?|md)$/.test(file))
    .map((file) => `${place}${file.replaceAll('\\', '/')}`);
}

for (const place of PROSE) {
  test(place, () => {
    const files = filesOf(place).filter((file) => !EXCEPT.includes(file));
    const complaints = files.flatMap((file) => proseComplaints(file, readFileSync(join(ROOT, file), 'utf8')));
    assert.equal(complaints, []);
  });
}

test('what is excepted is there', () => {
  for (const file of EXCEPT) assert.ok(statSync(join(ROOT, file)).isFile(), file);
});

test('a phrase in a comment or an error is found, with its line and a better one', () => {
  const text = [
    '/**',
    ' * Frames one behind the other.',
    ' */',
    'const whence = 1; // nobody asks',
    "throw new Error('the caller is told of it');",
    "export const name = 'nobody';",
  ].join('\n');
  assert.equal(proseComplaints('host/a.ts', text), [
    'host/a.ts:2: "one behind the other"; better: contiguous, in order',
    'host/a.ts:4: "nobody"; better: no process, a thread, each caller',
    'host/a.ts:5: "is told"; better: gets, is notified, is reported',
    'host/a.ts:5: "told of"; better: is notified of',
  ]);
});

test('plain words pass, and so does code on a page', () => {
  assert.equal(proseComplaints('host/a.ts', '/** @returns null when there is none. */\nconst lies = "lies";'), []);
  const page = 'The node behind the handle.\n\n```text\nnobody\n```\n\nCalls `nobody()`, then somebody.\n';
  assert.equal(proseComplaints('docs/a.md', page), [
    'docs/a.md:7: "somebody"; better: no process, a thread, each caller',
  ]);
});

test.run();
