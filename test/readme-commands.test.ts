import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { mismatch, readmeCommands, rewritten } from './readme-commands.ts';

const test = suite('README commands');

/** The commands alone. */
function commandsIn(markdown: string): string[] {
  return readmeCommands(markdown).map(({ command }) => command);
}

test('takes the lines of sh blocks only', () => {
  const text = [
    '```sh',
    'npm start',
    '',
    '# a remark',
    'npx binderlab run a.ts  # prints',
    '```',
    '```ts',
    'x();',
    '```',
    '',
  ];
  assert.equal(commandsIn(text.join('\n')), ['npm start', 'npx binderlab run a.ts']);
});

test('joins continued lines and drops prompts', () => {
  assert.equal(commandsIn('```sh\n$ npx binderlab \\\n    --help\n```\n'), ['npx binderlab --help']);
});

test('leaves out what gets, installs or tests the project', () => {
  const text = '```sh\ngit clone x\ncd x\nnpm ci\nnpm ci && npm start\nnpm cit\nnpm test -- a\nbash .ci/run\n```\n';
  assert.equal(commandsIn(text), ['npm start']);
});

test('finds what the last command of a block prints', () => {
  const text =
    '```sh\none\ntwo\n```\n\n```text\nshown\n```\n\nWords.\n\n```text\nof nobody\n```\n\n```sh\nthree\n```\n\n```console\n1 ns\n```\n';
  assert.equal(readmeCommands(text), [
    { command: 'one', shown: null, measured: false },
    { command: 'two', shown: 'shown\n', measured: false },
    { command: 'three', shown: '1 ns\n', measured: true },
  ]);
});

/** What is wrong with such a block, when the command prints `a b`, `c d` and `e f`. */
function wrong(shown: string, measured = false) {
  return mismatch({ command: 'x', shown, measured }, 'a b\nc d\ne f\n');
}

test('what is printed has to be what is shown, to the byte', () => {
  assert.is(wrong('a b\nc d\ne f\n'), null);
  assert.equal(wrong('a b\nc  d\ne f\n'), { shown: 'c  d', printed: 'c d' });
  assert.equal(wrong('a b\nc d\n'), { shown: '', printed: 'e f' });
  assert.equal(wrong('a b\nc d\ne f\ng\n'), { shown: 'g', printed: null });
});

test('dots stand for lines, or for the rest of one', () => {
  for (const shown of ['...\nc d\n...\n', 'a b\n...\ne f\n', 'a ...\nc ...\ne f\n', '...\n'])
    assert.is(wrong(shown), null);
  assert.equal(wrong('...\nc d\n'), { shown: '', printed: 'e f' });
  assert.equal(wrong('...\ne f\n...\na b\n...\n'), { shown: 'a b', printed: null });
  assert.equal(wrong('a c ...\n...\n'), { shown: 'a c ...', printed: 'a b' });
});

test('of measurements the first line counts', () => {
  assert.is(wrong('a   b\nz\n', true), null);
  assert.is(wrong('...\ne  f\nz\n', true), null);
  assert.equal(wrong('z\nc d\n', true), { shown: 'z', printed: 'a b' });
});

test('figures can be written anew, and nothing else', () => {
  const command = { command: 'x', shown: 'at 0x9a and 0x9b\n...\nwords 1\n', measured: false };
  assert.is(rewritten(command, 'at 0xb4 and 0xb5\nz\nwords 1\n'), 'at 0xb4 and 0xb5\n...\nwords 1\n');
  assert.is(rewritten(command, 'in 0xb4 and 0xb5\nz\nwords 1\n'), command.shown);
});

test.run();
