/** ARCHITECTURE.md shows the ranks and arrows of house.ts, and each of them is there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { pageText, ROOT } from '../pages.ts';
import { ARROWS, RANKS } from './house.ts';
import { ARCHITECTURE, UNWRITTEN, withRanks } from './ranks.ts';

const test = suite('ranks');

test('the table in ARCHITECTURE.md is the one of house.ts (node dist/test/structure/ranks.js writes it)', () => {
  assert.fixture(pageText(ARCHITECTURE), withRanks(pageText(ARCHITECTURE)));
});

test('the table says of each part what it owns', () => {
  for (const part of RANKS.flat()) {
    assert.not.match(withRanks(pageText(ARCHITECTURE)), `\`${part}\` | ${UNWRITTEN} |`, part);
  }
});

test('ranks and arrows name what is there', () => {
  for (const part of RANKS.flat()) assert.ok(existsSync(join(ROOT, part)), part);
  for (const [folder, groups] of Object.entries(ARROWS)) {
    for (const file of groups.flat()) {
      assert.ok(file === '*' || existsSync(join(ROOT, folder, `${file}.ts`)), `${folder}${file}`);
    }
  }
});

test('a new part gets a row without words, an old one keeps its words, one that is gone loses its row', () => {
  const page = 'A\n\n| rank | x |\n|---|---|\n| 7 | `assembly/abi/` | numbers | old |\n| 8 | `gone/` | air | |\n\nB\n';
  const made = withRanks(page);
  assert.match(made, '| G0 | `assembly/abi/` | numbers |  |\n');
  assert.match(made, `| H3 | \`host/os/\` | ${UNWRITTEN} |`);
  assert.not.match(made, 'gone');
  assert.ok(made.startsWith('A\n') && made.endsWith('|\n\nB\n'));
});

test.run();
