/** The oracle's command lines, as far as they need no kernel. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { UsageError } from '../../host/cli/usage.ts';
import { JournalError } from '../../host/trace/journaltext.ts';
import { perform } from '../../oracle/cli/line.ts';
import { Folder } from '../cli/binderlab.ts';
import { recordingText } from '../conformance/recordings.ts';

const MAIN = join(import.meta.dirname, '../../oracle/main.js');
const folder = new Folder();
const test = suite('oracle');
test.after(() => folder.remove());

/** Runs the command where no kernel is set up. */
function run(...words: string[]) {
  const env = { ...process.env, BINDERLAB_ORACLE: join(folder.path, 'nothing') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
    cwd: folder.path,
    encoding: 'utf8',
    env,
  });
  return { code: status, stdout, stderr };
}

/** A line is refused before anything is printed, in this process. */
async function refused(words: string[], reason: RegExp): Promise<void> {
  try {
    await perform(words);
  } catch (error) {
    assert.ok(error instanceof UsageError || error instanceof JournalError, String(error));
    assert.match((error as Error).message, reason);
    return;
  }
  assert.unreachable(`${words.join(' ')} is accepted`);
}

test('command lines that make no sense', async () => {
  const { code, stdout, stderr } = run('fly');
  assert.is(code, 2, stderr);
  assert.is(stdout, '');
  assert.match(stderr, /^oracle: there is no command "fly"/);
  assert.not.match(stderr, /^\s+at /m);
  await refused([], /which command\? There are setup, record, random, replay, diff/);
  await refused(['fly'], /there is no command "fly"/);
  await refused(['record', 'hand', '--fast'], /'--fast'.*usage: record SCENARIO/);
  await refused(['record', 'hand', '--out'], /--out/);
  await refused(['record', 'hand'], /--out is missing/);
  await refused(['record', '--out', 'made'], /which scenarios\?/);
  await refused(['record', 'nobody', '--out', 'made'], /there is no scenario "nobody"; .*transactions/);
  await refused(['record', 'freeze', '--only', 'poll', '--out', 'made'], /no scenario is left whose name has "poll"/);
  await refused(
    ['record', 'hand', '--out', 'made', '--arch', 'vax'],
    /there is no --arch vax; there are x86_64, arm64/,
  );
  await refused(['random', '--out', 'made'], /one range of seeds/);
  await refused(['random', '9-3', '--out', 'made'], /"9-3" is no range of seeds/);
  await refused(['replay'], /which journals\?/);
  await refused(['replay', 'nowhere.jsonl'], /there is no such file/);
  await refused(['diff'], /compare what\?/);
  await refused(['setup', 'now'], /setup takes no "now"/);
  await refused(['setup', '--arch', 'vax'], /there is no --arch vax/);
});

test('without a kernel, the commands that ask one say how to get it', () => {
  folder.write('version.jsonl', recordingText('version'));
  for (const words of [
    ['record', 'version', '--out', 'made'],
    ['random', '1', '--out', 'made'],
    ['replay', 'version.jsonl'],
    ['diff', '--random', '1'],
  ]) {
    const { code, stderr } = run(...words);
    assert.is(code, 1);
    assert.match(stderr, /there is no x86_64 kernel in .*nothing.*; npm run oracle -- setup\n$/);
  }
  assert.not(existsSync(join(folder.path, 'made')));
});

test('diff compares recordings with the emulator', () => {
  const text = recordingText('nested-callback');
  folder.write('right.jsonl', text);
  const right = run('diff', 'right.jsonl');
  assert.is(right.code, 0, right.stderr);
  assert.match(right.stdout, /^1 journal, \d+ steps: the emulator does what the kernel does\n$/);
  folder.write(
    'wrong.jsonl',
    text.replace(
      '"op":"open","by":"SM.0","in":{"flags":0},"out":{"ret":3}',
      '"op":"open","by":"SM.0","in":{"flags":0},"out":{"ret":9}',
    ),
  );
  const wrong = run('diff', 'right.jsonl', 'wrong.jsonl', '--out', 'kept');
  assert.is(wrong.code, 1, wrong.stderr);
  assert.match(wrong.stdout, /step 1: open by SM\.0: ret differs/);
  assert.match(wrong.stdout, /2 journals, \d+ steps: 1 differ: nested-callback/);
  assert.ok(existsSync(join(folder.path, 'kept/nested-callback.jsonl')));
});

test('each command has a help text', () => {
  for (const name of ['setup', 'record', 'random', 'replay', 'diff']) {
    const { code, stdout } = run(name, '--help');
    assert.is(code, 0);
    assert.match(stdout, new RegExp(`npm run oracle -- ${name}`));
  }
  assert.match(run('--help').stdout, /npm run oracle -- setup/);
});

test.run();
