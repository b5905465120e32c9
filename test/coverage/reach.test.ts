/** What is said of branches that were reached or not. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { GuestBranch } from '../../host/fuzz/branchcounters.ts';
import { isMachine, reachOf, reachText } from './reach.ts';

const branches: GuestBranch[] = [
  { id: 0, file: 'assembly/b.ts', line: 1, column: 1, kind: 'function' },
  { id: 1, file: 'assembly/b.ts', line: 2, column: 3, kind: 'if' },
  { id: 2, file: 'assembly/a.ts', line: 1, column: 1, kind: 'function' },
  { id: 3, file: 'assembly/a.ts', line: 2, column: 3, kind: 'else' },
  { id: 4, file: 'assembly/a.ts', line: 2, column: 3, kind: 'if' },
];
const lines = ['function f(): void {', '  if (x) return;', '}'];
const reached = new Set([2, 4]);
const files = reachOf(
  branches,
  (id) => reached.has(id),
  () => lines,
);

const test = suite('reach');

test('by file, with the text of the lines', () => {
  const text = 'if (x) return;';
  assert.equal(files, [
    {
      file: 'assembly/a.ts',
      branches: 3,
      reached: 2,
      unreached: [{ line: 2, column: 3, kind: 'else', text, isInUnreached: false }],
    },
    {
      file: 'assembly/b.ts',
      branches: 2,
      reached: 0,
      unreached: [
        { line: 1, column: 1, kind: 'function', text: 'function f(): void {', isInUnreached: false },
        { line: 2, column: 3, kind: 'if', text, isInUnreached: true },
      ],
    },
  ]);
});

test('of a function that is not reached, the text names only itself', () => {
  assert.equal(reachText({ journals: 1, different: ['x.jsonl'], branches: 5, reached: 2, files }), [
    'not reached',
    'assembly/a.ts:2:3  else      if (x) return;',
    'assembly/b.ts:1:1  function  function f(): void {',
    '',
    'reached',
    'assembly/a.ts     2 of 3',
    'assembly/b.ts     0 of 2',
    '',
    '2 of 5 branches are reached by 1 journal',
    'x.jsonl does not come out as recorded',
  ]);
});

test('who looks at the machine is no part of it', () => {
  assert.ok(isMachine('assembly/driver/commands.ts'));
  for (const file of ['assembly/check.ts', 'assembly/check/nodes.ts', 'assembly/inspect.ts']) {
    assert.not.ok(isMachine(file), file);
  }
});

test.run();
