/** Whatever a journal or a command line holds, the tools read it or say what is wrong. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { COMMANDS } from '../../host/cli/commands.ts';
import { COST_PROFILES } from '../../host/compare/costs.ts';
import { Dice } from '../../host/fuzz/dice.ts';
import { formatJournal } from '../../host/trace/journaltext.ts';
import { MemoryFile } from '../../host/trace/memoryfile.ts';
import { writeBinaryJournal } from '../../host/trace/stepwriter.ts';
import { Folder } from '../cli/binderlab.ts';
import { recording } from '../conformance/recordings.ts';
import {
  costsRefusal,
  isForUser,
  journalRefusal,
  lineRefusal,
  outcomeOf,
  spoiltBytes,
  spoiltLine,
  spoiltText,
  wrongLine,
} from './malformed.ts';
import { runWrongScripts, type ScriptKind, sourceOfScript } from './malformedscripts.ts';
import { wrongImport } from './wrongscripts.ts';

/** Of each kind; BINDERLAB_MALFORMED has another number. */
const COUNT = Number(process.env.BINDERLAB_MALFORMED ?? 1000);
/** How many times as many scripts: a usual run has a sample. */
const SCRIPTS_FACTOR = process.env.BINDERLAB_TEST_ALL === '1' ? 10 : 1;

/** Commands that cannot do without a file. */
const TAKES_FILE = new Set(['run', 'step', 'replay', 'convert', 'faults', 'explore', 'record']);

const folder = new Folder();
const here = process.cwd();
const journal = recording('nested-callback');
const wasm = guestModule();

const test = suite('malformed inputs');
test.before(() => process.chdir(folder.path));
test.after(() => {
  process.chdir(here);
  folder.remove();
});

test('journals as text', () => {
  const dice = new Dice(1);
  const text = formatJournal(journal);
  let refused = 0;
  for (let count = COUNT; count > 0; count--) if (journalRefusal(spoiltText(dice, text), wasm) !== null) refused++;
  assert.ok(refused > COUNT / 2, `${refused} refused`);
});

test('journals in the binary form', () => {
  const dice = new Dice(2);
  const file = new MemoryFile();
  writeBinaryJournal(journal, file);
  const bytes = file.read(0, file.size).slice();
  for (let count = COUNT; count > 0; count--) journalRefusal(spoiltBytes(dice, bytes), wasm);
});

for (const [name, { load }] of Object.entries(COMMANDS)) {
  test(`lines of ${name}`, async () => {
    const dice = new Dice(3);
    const command = await load();
    for (let count = COUNT; count > 0; count--) {
      const refusal = lineRefusal(name, command, spoiltLine(dice, command));
      assert.ok(refusal === null || refusal.length > 0);
    }
  });
}

test('cost files', () => {
  const dice = new Dice(4);
  const text = JSON.stringify({ name: 'mine', machine: 'this one', costs: COST_PROFILES[0]?.costs }, null, 1);
  let refused = 0;
  for (let count = COUNT; count > 0; count--) if (costsRefusal(spoiltText(dice, text)) !== null) refused++;
  assert.ok(refused > COUNT / 4, `${refused} refused`);
});

for (const [name, { load }] of Object.entries(COMMANDS)) {
  if (!TAKES_FILE.has(name)) continue;
  test(`values of options of ${name}, and a file that is not there`, async () => {
    const dice = new Dice(5);
    const command = await load();
    const own = name === 'faults' ? ['--workers=1'] : [];
    for (let count = COUNT / 10; count > 0; count--) {
      const line = [...own, ...wrongLine(dice, command)];
      const { exitCode, said } = await outcomeOf(name, command, line);
      assert.is(exitCode, 2, `${name} ${line.join(' ')}: ${said}`);
      assert.ok(isForUser(said), `${name} ${line.join(' ')}: ${said}`);
    }
  });
}

/** Kinds of wrong scripts, how many of a thousand inputs, and what the messages of errors have. */
const SCRIPTS: readonly (readonly [kind: ScriptKind, share: number, says: RegExp])[] = [
  ['spoilt', 50, /./],
  ['imports', 50, /script-\d+\.ts(:\d+:\d+)?|the script threw/],
  ['calls', 500, /script-\d+\.ts:\d+:\d+: |the script threw/],
];

for (const [kind, share, says] of SCRIPTS) {
  test(`scripts: ${kind}`, async () => {
    const { outcomes, endless } = await runWrongScripts(kind, (COUNT * SCRIPTS_FACTOR * share) / 1000);
    const wrong = outcomes.filter(({ said }) => said !== null && !(isForUser(said) && says.test(said)));
    assert.equal(wrong.slice(0, 10), [], `${wrong.length} of ${outcomes.length}`);
    const refused = outcomes.filter(({ said }) => said !== null);
    assert.ok(refused.length > outcomes.length / 4, `${refused.length} refused`);
    // what --timeout ends
    assert.ok(endless.length <= outcomes.length / 20, `${endless.length} without an end: ${endless}`);
  });
}

test('a sample, each in a process of its own', () => {
  const dice = new Dice(6);
  const text = formatJournal(journal);
  const script = sourceOfScript();
  for (let count = Math.ceil(COUNT / 200); count > 0; count--) {
    const [words, file, content]: [string[], string, string] = dice.of([
      [['replay', 'it.jsonl'], 'it.jsonl', spoiltText(dice, text)],
      [['step', 'it.jsonl'], 'it.jsonl', spoiltText(dice, text)],
      [['run', 'it.ts', '--timeout', '20', '--memory', '8'], 'it.ts', spoiltText(dice, script)],
      [['run', 'it.ts', '--timeout', '20', '--memory', '8'], 'it.ts', wrongImport(dice)],
      [
        ['compare', '--costs', 'it.json', '--payloads', '4', '--calls', '1'],
        'it.json',
        spoiltText(dice, '{"name": "x"}'),
      ],
      [['faults', 'it.ts', '--kind=death', '--to=1'], 'it.ts', spoiltText(dice, 'export default 1;')],
    ]);
    folder.write(file, content);
    const { code, stderr } = folder.run(words);
    const what = `${words.join(' ')} of ${JSON.stringify(content.slice(0, 400))}: ${stderr}`;
    assert.ok(code === 0 || code === 1 || code === 2, what);
    assert.ok(code === 0 || isForUser(stderr) || words[0] === 'replay', what);
    assert.not.ok(/^\s+at .*dist\//m.test(stderr), what);
  }
});

test.run();
