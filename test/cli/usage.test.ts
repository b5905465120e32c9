import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { recordingText } from '../conformance/recordings.ts';
import { Folder } from './binderlab.ts';

const test = suite('usage');
const folder = new Folder();
test.after(() => folder.remove());
folder.write('version.jsonl', recordingText('version'));

/** The command is refused: exit code 2, nothing on stdout, the reason on stderr and no stack. */
function refused(words: string[], reason: RegExp | string, input = ''): void {
  const { code, stdout, stderr } = folder.run(words, input);
  assert.is(code, 2, stderr);
  assert.is(stdout, '');
  assert.match(stderr, reason);
  assert.not.match(stderr, /^\s+at /m);
}

test('no command, or one that does not exist', () => {
  refused([], /which command\? There are run, step, record, replay/);
  refused(['fly'], /there is no command "fly"; there are run, step, record, replay/);
});

test('flags that do not exist', () => {
  refused(['replay', 'version.jsonl', '--fast'], /there is no flag --fast; known are .*--skip-dumps/);
  refused(['replay', 'version.jsonl', '-j'], 'there is no flag -j');
  refused(['run', 'script.ts', '--skip-dumps'], 'there is no flag --skip-dumps');
});

test('flags without a value, or with one that makes no sense', () => {
  refused(['replay', 'version.jsonl', '--strategy'], '--strategy needs a value');
  refused(['replay', 'version.jsonl', '--strategy='], '--strategy needs a value');
  refused(['replay', 'version.jsonl', '--strategy', 'magic'], /there is no strategy "magic"; known are kmap, vmalloc/);
  refused(['replay', 'version.jsonl', '--seed', 'x'], '--seed must be a whole number from 0 to 4294967295, not "x"');
  refused(['replay', 'version.jsonl', '--memory', '1'], '--memory must be a whole number from');
  refused(['replay', 'version.jsonl', '--json=yes'], '--json takes no value');
  refused(['run', 'script.ts', '--bytes'], '--bytes goes with --strace');
  refused(['run', 'script.ts', '--journal', 'run.txt'], "a journal's name ends in .jsonl or .jsonl.gz");
});

test('arguments that are missing, or too many', () => {
  refused(['replay'], /journals/i);
  refused(['record', 'version.jsonl'], '--out');
  refused(['run'], /script/i);
  refused(['run', 'one.ts', 'two.ts'], 'one script at a time, not also two.ts');
});

test('journals that cannot be read', () => {
  refused(['replay', 'nowhere.jsonl'], 'nowhere.jsonl: there is no such file or folder');
  folder.write('empty/readme.txt', 'nothing here');
  refused(['replay', 'empty'], 'empty: the folder holds no journal');
  folder.write('broken.jsonl', `${recordingText('version').split('\n')[0]}\n{"i":0,"op":"fly"}\n`);
  refused(['replay', 'broken.jsonl'], 'broken.jsonl:2: step 0 has the unknown op "fly"');
  refused(['record', 'broken.jsonl', '--out', 'made'], 'broken.jsonl:2: ');
  refused(['replay', '-'], 'standard input: is empty', '');
});

test('several journals do not fit into one file', () => {
  folder.write('two/a.jsonl', recordingText('version'));
  folder.write('two/b.jsonl', recordingText('wr-empty'));
  refused(['record', 'two', '--out', 'made.jsonl'], '2 journals do not fit into the one file made.jsonl');
  refused(['record', 'two', '--out', '-'], 'give a folder as --out');
  refused(
    ['record', 'two/a.jsonl', 'two/a.jsonl', '--out', 'made'],
    /two of the journals would be written to made.a\.jsonl/,
  );
});

test('scripts that are none', () => {
  refused(['run', 'nowhere.ts'], 'there is no script nowhere.ts');
  folder.write('typo.ts', 'export default (machine) => {\n  machine.spawn(;\n};\n');
  refused(['run', 'typo.ts'], /typo\.ts cannot be compiled:\ntypo\.ts:2:17: Unexpected ";"\n {6}machine\.spawn\(;\n/);
  folder.write('missing.ts', "import 'no-such-package';\nexport default () => {};\n");
  refused(['run', 'missing.ts'], 'Could not resolve "no-such-package"');
  folder.write('nothing.ts', 'export const main = 1;\n');
  refused(['run', 'nothing.ts'], 'nothing.ts exports no function as default');
  folder.write('early.ts', 'const x: number = undefined;\nx.toFixed();\nexport default () => {};\n');
  refused(['run', 'early.ts'], /early\.ts fails before it is given a machine\nearly\.ts:2:3: TypeError: /);
});

test('help and version are no errors', () => {
  const help = folder.run(['--help']);
  assert.is(help.code, 0);
  assert.match(help.stdout, 'replay');
  assert.match(folder.run(['replay', '--help']).stdout, '--skip-dumps');
  assert.match(folder.run(['--version']).stdout, /^\d+\.\d+\.\d+\n$/);
});

test.run();
