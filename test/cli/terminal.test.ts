/** `step` in a real terminal, tmux's: what is seen after each key, and how the terminal is left. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder, MAIN } from './binderlab.ts';

const ROOT = join(import.meta.dirname, '../../..');
const hasTmux = spawnSync('tmux', ['-V']).status === 0;
const test = suite(hasTmux ? 'terminal' : 'terminal: skipped, there is no tmux');
const testInTmux = hasTmux ? test : test.skip;
const folder = new Folder();
const SOCKET = join(folder.path, 'tmux');
const PID = join(folder.path, 'pid');
const POLL_MS = 40;
/** Longer than anything takes; then the test has failed. */
const POLLS = 500;
/** Throws when it gets a signal. */
const BREAKS = folder.write('breaks.mjs', "process.on('SIGUSR2', () => { throw Error('broken'); });");

function tmux(...words: string[]): string {
  const { TMUX: _, ...env } = process.env;
  const { stdout, stderr, status } = spawnSync('tmux', ['-S', SOCKET, '-f', '/dev/null', ...words], {
    encoding: 'utf8',
    env,
  });
  if (status !== 0) throw new Error(`tmux ${words.join(' ')}: ${stderr}`);
  return stdout;
}

test.after(() => {
  spawnSync('tmux', ['-S', SOCKET, 'kill-server']);
  folder.remove();
});

const pane = () => tmux('capture-pane', '-p');

/** Waits for what is to be seen. */
async function seen(pattern: RegExp, look = pane): Promise<string> {
  let last = '';
  for (let poll = 0; poll < POLLS; poll++) {
    last = look();
    if (pattern.test(last)) return last;
    await setTimeout(POLL_MS);
  }
  throw new Error(`${pattern} was never seen; this was:\n${last}`);
}

async function press(pattern: RegExp, ...keys: string[]): Promise<string> {
  for (const key of keys) tmux('send-keys', key);
  return seen(pattern);
}

/** Starts `step` in the shell of the terminal, as the process of PID. */
async function start(options = ''): Promise<void> {
  const command = `sh -c 'echo $$ > ${PID}; exec node ${options} ${MAIN} step examples/first-call.ts'`;
  tmux('send-keys', '-l', `clear; ${command}\n`);
  await seen(/the machine as it was booted/);
  assert.is(state(), '1 0', 'the alternate screen, and no cursor');
}

const state = () => tmux('display', '-p', '#{alternate_on} #{cursor_flag}').trim();

/** Sees the shell again with what it had on the screen, and asks it for the settings of the terminal. */
async function settingsAfter(): Promise<string> {
  await seen(/^0 1$/m, state);
  await seen(/greeter: {2}Hello Ada/);
  tmux('send-keys', '-l', 'clear; echo "[$(stty -g | cksum)]"\n');
  return /^\[(.*)\]$/m.exec(await seen(/^\[.*\]$/m))?.[1] ?? '';
}

const signal = (name: NodeJS.Signals) => process.kill(Number(readFileSync(PID, 'utf8')), name);

testInTmux('shows the one copy, moves, branches and returns, resizes, and gives the terminal back', async () => {
  tmux('new-session', '-d', '-x', '80', '-y', '24', '-c', ROOT, "env PS1='$ ' bash --norc --noprofile");
  await seen(/^\$/m);
  tmux('send-keys', '-l', 'clear; echo "[$(stty -g | cksum)]"\n');
  const settings = /^\[(.*)\]$/m.exec(await seen(/^\[.*\]$/m))?.[1];

  await start();
  await press(/step 0 of 61/, 'Right');
  await press(/step 2 of 61/, 'Space', 'Right');
  await press(/step 1 of 61/, 'Left');
  const copied = await press(/ONE COPY/, 'u', 'Enter');
  const frames = [...copied.matchAll(/^ \*(\S+) .*──> (0x[0-9a-f]+)/gm)].map(([, who, frame]) => [who, frame]);
  assert.equal(
    frames.map(([who]) => who),
    ['greeter', 'kernel', 'servicemanager'],
  );
  assert.is(frames[1]?.[1], frames[2]?.[1]);
  assert.is.not(frames[0]?.[1], frames[2]?.[1]);

  assert.not.match(copied, 'nodes and refs');
  tmux('resize-window', '-x', '120', '-y', '40');
  await seen(/threads, transaction stacks.*nodes and refs/s);
  tmux('resize-window', '-x', '80', '-y', '24');
  await seen(/bytes of step 33, greeter\.0 \(Tab: threads, nodes\)/);

  await press(/step 33, servicemanager\.0 \(woken by greeter\.0\)/, 'Tab', 'Tab', 'Down', 'Down', 'w', 'Enter');
  await press(/> kill app/, 'x', 'Down', 'Down', 'Down', 'Down');
  await press(/step 33 \+ 1 of a branch.*process app is killed/s, 'Enter');
  await press(/step 33 of 61/, 'Escape');
  await press(/step 61 of 61/, 'End');
  tmux('send-keys', 'q');
  assert.is(await settingsAfter(), settings);

  await start();
  signal('SIGTERM');
  assert.is(await settingsAfter(), settings, 'after SIGTERM');
  await start(`--import ${BREAKS}`);
  signal('SIGUSR2');
  await seen(/: broken\s/);
  assert.is(await settingsAfter(), settings, 'after an error');
});

test.run();
