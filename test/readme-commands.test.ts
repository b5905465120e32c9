import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readmeCommands } from './readme-commands.ts';

const test = suite('README commands');

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
  assert.equal(readmeCommands(text.join('\n')), ['npm start', 'npx binderlab run a.ts']);
});

test('joins continued lines and drops prompts', () => {
  assert.equal(readmeCommands('```sh\n$ npx binderlab \\\n    --help\n```\n'), ['npx binderlab --help']);
});

test('leaves out what gets, installs or tests the project', () => {
  const text = '```sh\ngit clone x\ncd x\nnpm ci\nnpm ci && npm start\nnpm cit\nnpm test -- a\nbash .ci/run\n```\n';
  assert.equal(readmeCommands(text), ['npm start']);
});

test.run();
