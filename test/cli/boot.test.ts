/** A package of which only that was built what the guide needs, as `npm start` does. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordingText } from '../conformance/recordings.ts';
import { Folder } from './binderlab.ts';

const ROOT = join(import.meta.dirname, '../../..');

const test = suite('a package that is built in part');
const folder = new Folder();
test.after(() => folder.remove());

const command = readdirSync(join(ROOT, 'dist/bundle')).filter((name) => /^cli(-\w+)?\.js$/.test(name));
for (const file of ['build/release.wasm', ...command.map((name) => `dist/bundle/${name}`), 'package.json']) {
  mkdirSync(dirname(join(folder.path, file)), { recursive: true });
  copyFileSync(join(ROOT, file), join(folder.path, file));
}
symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
folder.write('version.jsonl', recordingText('version'));

function run(...words: string[]) {
  const main = join(folder.path, 'dist/bundle/cli.js');
  return spawnSync(process.execPath, [main, ...words], { cwd: folder.path, encoding: 'utf8' });
}

test('the guide, and all that the release build can do', () => {
  for (const words of [['guide'], ['replay', 'version.jsonl'], ['step', 'version.jsonl']]) {
    const { status, stderr } = run(...words);
    assert.is(status, 0, stderr);
  }
});

test('what else there is to build is said', () => {
  const told: [words: string[], missing: string][] = [
    [['replay', 'version.jsonl', '--build', 'debug'], 'build/debug.wasm'],
    [['bench', 'translate'], 'dist/bundle/bench.js'],
    [['init'], 'dist/types/host/index.d.ts'],
  ];
  for (const [words, missing] of told) {
    const { status, stdout, stderr } = run(...words);
    assert.equal([status, stdout, stderr], [2, '', `binderlab: ${missing} is missing; npm run build makes it\n`]);
  }
});

test.run();
