import { type StdioOptions, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readCommandLine } from '../../host/cli/commandline.ts';
import { COMMANDS } from '../../host/cli/commands.ts';
import { failureOf } from '../../host/cli/failure.ts';
import { commandHelp } from '../../host/cli/help.ts';
import { recordingText } from '../conformance/recordings.ts';
import { Folder, MAIN } from './binderlab.ts';

const test = suite('usage');
/** Root may write everywhere. */
const testAsUser = process.getuid?.() === 0 ? test.skip : test;
const folder = new Folder();
const home = process.cwd();
process.chdir(folder.path);
test.after(() => {
  process.chdir(home);
  folder.remove();
});
folder.write('version.jsonl', recordingText('version'));

/** The command is refused: exit code 2, nothing on stdout, the reason on stderr and no stack. */
function refused(words: string[], reason: RegExp | string, input = ''): void {
  const { code, stdout, stderr } = folder.run(words, input);
  assert.is(code, 2, stderr);
  assert.is(stdout, '');
  assert.match(stderr, reason);
  assert.not.match(stderr, /^\s+at /m);
}

/** The same of a line that is refused before anything is printed, in this process. */
async function unread([name = '', ...line]: string[], reason: RegExp | string): Promise<void> {
  try {
    const command = await COMMANDS[name]?.load();
    assert.ok(command);
    await command.run(readCommandLine(name, command, line));
  } catch (error) {
    assert.is(failureOf(error).exitCode, 2);
    assert.match(failureOf(error).message, reason);
    return;
  }
  assert.unreachable(`${line.join(' ')} is accepted`);
}

test('no command, or one that does not exist', () => {
  refused([], /which command\? There are guide, run, step, /);
  refused(['fly'], /there is no command "fly"; there are guide, run, step, /);
  refused(['replya'], 'there is no command "replya"; did you mean replay?');
  refused(['--foo'], 'binderlab has no option --foo');
  refused(['help', 'run', 'step'], 'help takes one command, not also step');
});

test('options that do not exist', async () => {
  await unread(['replay', 'version.jsonl', '--fast'], /replay has no option --fast; there are --skip-dumps, /);
  await unread(
    ['replay', 'version.jsonl', '--skip-dump'],
    'replay has no option --skip-dump; did you mean --skip-dumps?',
  );
  await unread(['replay', 'version.jsonl', '-j'], 'replay has no option -j');
  await unread(['run', 'script.ts', '--skip-dumps'], 'run has no option --skip-dumps');
  await unread(['run', 'script.ts', '--strace=raw'], '--strace takes no value; did you mean --strace-raw?');
});

test('options without a value, or with one that makes no sense', async () => {
  await unread(['replay', 'version.jsonl', '--strategy'], '--strategy needs a value');
  await unread(['replay', 'version.jsonl', '--strategy='], '--strategy needs a value');
  await unread(['replay', 'version.jsonl', '--strategy', '--json'], '--strategy needs a value');
  await unread(
    ['replay', 'version.jsonl', '--strategy', 'magic'],
    /--strategy cannot be "magic"; there are kmap, vmalloc/,
  );
  await unread(['replay', 'version.jsonl', '--strategy', 'kmpa'], '--strategy cannot be "kmpa"; did you mean kmap?');
  await unread(['replay', 'version.jsonl', '--seed', 'x'], '--seed takes whole numbers from 0 to 4294967295, not "x"');
  await unread(['replay', 'version.jsonl', '--memory', '1'], '--memory takes whole numbers from 2 to 2047');
  await unread(['replay', 'version.jsonl', '--json=yes'], '--json takes no value');
  await unread(['replay', 'version.jsonl', '--seed', '1', '--seed', '2'], '--seed is given twice');
  await unread(['run', 'script.ts', '--bytes'], '--bytes goes with --strace');
  await unread(['run', 'script.ts', '--journal', 'run.txt'], "a journal's name ends in .journal, .jsonl or .jsonl.gz");
  await unread(['run', 'script.ts', '--timeout', '0'], '--timeout takes whole numbers from 1 to ');
  await unread(['compare', '--payloads', '64Q'], /--payloads takes bytes, as in 4096, 64K \(64KiB\) or 1M/);
});

test('arguments that are missing, or too many', async () => {
  await unread(['replay'], 'replay needs JOURNAL');
  await unread(['record', 'version.jsonl'], 'record needs --out');
  await unread(['run'], 'run needs SCRIPT');
  await unread(
    ['run', 'one.ts', 'two'],
    'run takes one SCRIPT, not also two; arguments of a script stand behind --: run one.ts -- two',
  );
  await unread(['guide', 'extra'], 'guide takes no argument "extra"');
  await unread(['compare', 'a.ts'], 'compare takes no argument "a.ts"; did you mean --workload a.ts?');
  await unread(['compare', '--', 'fast'], 'nothing takes fast: no --workload is a script');
});

test('options that contradict each other', async () => {
  await unread(
    ['compare', '--strategy', 'kmap', '--strategies', 'vmalloc'],
    '--strategy and --strategies exclude each other',
  );
  await unread(['run', 'script.ts', '--strace', '--strace-raw'], '--strace and --strace-raw exclude each other');
  await unread(['run', 'script.ts', '--json', '--journal', '-'], '--json and --journal - both want standard output');
  await unread(['bench', '--profile', '--rounds', '3'], '--profile and --rounds exclude each other');
});

test('places where no file can be', async () => {
  await unread(['record', 'version.jsonl', '--json', '--out', '-'], '--json and --out - both want standard output');
  await unread(['run', 'script.ts', '--journal', 'no/folder/run.jsonl'], '--journal: there is no folder no/folder');
  await unread(['record', 'version.jsonl', '--out', 'out.txt'], "--out out.txt: a journal's name ends in .journal");
  await unread(['serve', '--journal', 'no/run.jsonl', '--', 'true'], '--journal: there is no folder no');
  await unread(['serve', '--journal', '-', '--', 'true'], "--journal -: a journal's name ends in .journal");
  await unread(['record', 'version.jsonl', '--out', 'no/folder/deep'], '--out: there is no folder no/folder');
  await unread(['record', 'version.jsonl', '--out', 'no/a.jsonl'], '--out: there is no folder no');
  await unread(['compare', '--html', 'no/a.html'], '--html: there is no folder no');
  await unread(['record', 'version.jsonl', '--out', '/dev/null'], '--out: /dev/null is no folder, and a journal');
  await unread(['view', 'version.jsonl', '--out', 'version.jsonl/a.html'], '--out: version.jsonl is no folder');
  await unread(['view', '--gallery', 'version.jsonl'], '--gallery: version.jsonl is no folder');
  await unread(['fuzz', '--out', 'version.jsonl'], '--out: version.jsonl is no folder');
  await unread(['init', 'version.jsonl'], 'init: version.jsonl is no folder');
  assert.not.ok(existsSync(join(folder.path, 'no')) || existsSync(join(folder.path, 'out.txt')));
});

testAsUser('a folder that is not to be changed is refused before the work', () => {
  mkdirSync(join(folder.path, 'kept'), { mode: 0o500 });
  folder.write('old.html', '');
  chmodSync(join(folder.path, 'old.html'), 0o400);
  refused(['compare', '--html', 'kept/a.html'], '--html: kept cannot be written: permission denied');
  refused(['compare', '--html', 'old.html'], '--html: old.html cannot be written: permission denied');
  refused(['record', 'version.jsonl', '--out', 'kept'], '--out: kept cannot be written: permission denied');
});

test('journals that were cut', () => {
  const [header = '', ...steps] = recordingText('version').trimEnd().split('\n');
  const count = steps.length;
  folder.write('header.jsonl', `${header}\n`);
  folder.write('early.jsonl', [header, ...steps.slice(0, -1), ''].join('\n'));
  folder.write(
    'gap.jsonl',
    [header.replace(`"steps":${count}`, `"steps":${count - 1}`), ...steps.toSpliced(1, 1), ''].join('\n'),
  );
  for (const command of [['replay'], ['step'], ['record', '--out', 'made'], ['compare', '--workload']]) {
    refused([...command, 'header.jsonl'], `header.jsonl: the journal has 0 of ${count} steps: it ends early`);
  }
  refused(['replay', 'early.jsonl'], `the journal has ${count - 1} of ${count} steps: it ends early`);
  refused(['replay', 'gap.jsonl'], 'gap.jsonl: step 1 is missing: 2 follows 0');
});

test('a byte order mark is no part of a journal', () => {
  folder.write('mark.jsonl', `\ufeff${recordingText('version')}`);
  assert.is(folder.run(['replay', 'mark.jsonl']).code, 0);
});

test('a disk that is full is told in a line', () => {
  const full = openSync('/dev/full', 'w');
  for (const words of [['--help'], ['replay', 'version.jsonl'], ['guide']]) {
    const stdio: StdioOptions = ['ignore', full, 'pipe'];
    const { status, stderr } = spawnSync(process.execPath, [MAIN, ...words], {
      cwd: folder.path,
      stdio,
      encoding: 'utf8',
    });
    assert.is(status, 2);
    assert.is(stderr, 'binderlab: standard output cannot be written: no space left on device\n');
  }
  closeSync(full);
});

test('a full disk is told with the name of the file that it is too full for', () => {
  folder.write(
    'calls.mjs',
    "export default (machine) => { for (let i = 0; i < 9000; i++) machine.note('some text'); };\n",
  );
  for (const name of ['full.html', 'full.journal', 'full.jsonl', 'full.ftrace'])
    symlinkSync('/dev/full', join(folder.path, name));
  const told = (file: string) => new RegExp(`${file}(:| cannot be written:) .*no space left on device`);
  refused(['view', 'version.jsonl', '--out', 'full.html'], told('full.html'));
  refused(['compare', '--payloads', '4', '--strategies', 'kmap', '--html', 'full.html'], told('full.html'));
  refused(['convert', 'version.jsonl', '--out', 'full.journal'], told('full.journal'));
  refused(['record', 'version.jsonl', '--out', 'full.jsonl'], told('full.jsonl'));
  refused(['run', 'calls.mjs', '--trace', 'full.ftrace'], told('full.ftrace'));
  refused(['run', 'calls.mjs', '--journal', 'full.journal'], told('full.journal'));
});

test('a disk that becomes full ends the run', () => {
  folder.write(
    'long.mjs',
    'export default (machine) => { const { main } = machine.spawn("a"); const fd = main.open(); for (let i = 0; i < 9000; i++) main.version(fd); };\n',
  );
  const limited = ['-c', `trap '' XFSZ; ulimit -f 400; exec "$0" "$@"`, process.execPath, MAIN, 'run', 'long.mjs'];
  for (const [option, file] of [
    ['--journal', 'big.journal'],
    ['--trace', 'big.pftrace'],
    ['--trace', 'big.ftrace'],
  ] as const) {
    const { status, stderr } = spawnSync('sh', [...limited, option, file], { cwd: folder.path, encoding: 'utf8' });
    assert.is(stderr, `binderlab: ${file} cannot be written: file too large\n`);
    assert.is(status, 2);
  }
});

test('journals that cannot be read', async () => {
  await unread(['step', 'version.jsonl', '--', 'fast'], 'a journal takes no fast');
  await unread(['replay', 'nowhere.jsonl'], 'nowhere.jsonl: there is no such file or folder');
  folder.write('work.ts', 'export default () => {};\n');
  refused(['replay', 'work.ts'], 'work.ts: is a script, and no journal; run SCRIPT --journal run.jsonl makes one');
  folder.write('empty/readme.txt', 'nothing here');
  await unread(['replay', 'empty'], 'empty: the folder holds no journal');
  folder.write('broken.jsonl', `${recordingText('version').split('\n')[0]}\n{"i":0,"op":"fly"}\n`);
  refused(['replay', 'broken.jsonl'], 'broken.jsonl:2: step 0 has the unknown op "fly"');
  refused(['record', 'broken.jsonl', '--out', 'made'], 'broken.jsonl:2: ');
  refused(['replay', '-'], 'standard input: is empty', '');
});

test('several journals do not fit into one file', async () => {
  folder.write('two/a.jsonl', recordingText('version'));
  folder.write('two/b.jsonl', recordingText('wr-empty'));
  await unread(['record', 'two', '--out', 'made.jsonl'], '2 journals do not fit into the one file made.jsonl');
  await unread(['record', 'two', '--out', '-'], 'give a folder as --out');
  await unread(
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
  folder.write('program.ts', 'export default function* () {}\n');
  refused(
    ['run', 'program.ts'],
    'program.ts exports a generator, which does nothing by itself (machine.simulate().process(name, program) runs one), as default; a script is: ',
  );
  refused(['explore', 'version.jsonl'], 'version.jsonl is a journal, and no script; step, view and replay take it');
  refused(['run', '.'], 'binderlab: . is a folder; name the script in it');
  folder.write('names.ts', "import { sis } from 'binderlab';\nexport default () => sis;\n");
  refused(['run', 'names.ts'], 'names.ts:1:10: "binderlab" has no export "sis"; did you mean sys?\n');
  folder.write('constant.ts', "import { BC_DANCE } from 'binderlab/protocol';\nexport default () => BC_DANCE;\n");
  refused(['run', 'constant.ts'], 'constant.ts:1:10: "binderlab/protocol" has no export "BC_DANCE"\n');
  folder.write('module.ts', "import { x } from 'binderlab/wire';\nexport default () => x;\n");
  refused(['run', 'module.ts'], '"binderlab/wire": there are binderlab, binderlab/protocol, binderlab/errno\n');
  folder.write('class.ts', 'export default class Main {}\n');
  refused(['run', 'class.ts'], 'class.ts exports a class as default');
  folder.write('async.ts', 'export default async function* () {}\n');
  refused(['run', 'async.ts'], 'async.ts exports a generator, ');
  folder.write('early.ts', 'const x: number = undefined;\nx.toFixed();\nexport default () => {};\n');
  refused(['run', 'early.ts'], /early\.ts fails before it is given a machine\nearly\.ts:2:3: TypeError: /);
  folder.write('odd.ts', 'throw { toString() { throw 1; } };\nexport default () => {};\n');
  refused(['run', 'odd.ts'], 'the script threw a value without a text');
});

test('help and version are no errors', async () => {
  const help = folder.run(['--help']);
  assert.is(help.code, 0);
  for (const words of [['help'], ['-h']]) assert.equal(folder.run(words), help);
  for (const [name, { summary, load }] of Object.entries(COMMANDS)) {
    assert.match(help.stdout, new RegExp(`^  ${name} `, 'm'));
    const own = commandHelp(name, summary, await load(), 80);
    assert.match(own, `\nUsage: binderlab ${name} `);
    assert.match(own, /\nExamples\n {2}binderlab /);
    assert.ok(
      own.split('\n').every((line) => line.length <= 80),
      own,
    );
  }
  const replay = folder.run(['replay', '--help']).stdout;
  assert.is(replay, folder.run(['help', 'replay']).stdout);
  assert.match(replay, /^ {2}--skip-dumps {2,}/m);
  for (const word of ['--version', '-v']) assert.match(folder.run([word]).stdout, /^\d+\.\d+\.\d+\n$/);
});

test.run();
