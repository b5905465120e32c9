import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const test = suite('faults');
const folder = new Folder();
test.after(() => folder.remove());

const SOUND = `export default (machine) => void machine.spawn('app').main.open();`;
/** Its catch makes an error that no call answers. */
const UNSOUND = `export default (machine) => {
  try { machine.spawn('app'); } catch { machine.guest.u8[100] = 1; machine.note('spoilt'); }
};`;

test('a sweep says how many runs there were and what came of them', () => {
  writeFileSync(join(folder.path, 'sound.js'), SOUND);
  const { code, stdout } = folder.run(['faults', 'sound.js', '--kind', 'object,death', '--json', '--memory', '8']);
  assert.is(code, 0, stdout);
  const { runs, unsound, sources } = JSON.parse(stdout);
  const [{ source, kinds }] = sources;
  assert.equal([unsound, source, sources.length], [0, 'sound.js', 1]);
  assert.is(runs, kinds.object.runs + kinds.death.runs);
  assert.is(kinds.object.failed, kinds.object.runs);
  assert.ok(kinds.object.answers.ENOMEM > 0);
});

test('several processes do together what one does', () => {
  writeFileSync(join(folder.path, 'sound.js'), SOUND);
  const words = ['faults', 'sound.js', '--kind', 'object,frame,copy', '--json', '--memory', '8'];
  const [alone, together, ...shards] = [
    ['--workers', '1'],
    ['--workers', '3'],
    ['--workers', '2', '--shard', '1/2'],
    ['--workers', '1', '--shard', '2/2'],
  ].map((more) => {
    const { code, stdout, stderr } = folder.run([...words, ...more]);
    assert.is(code, 0, stderr);
    return JSON.parse(stdout);
  });
  assert.ok(alone.runs > 4);
  assert.equal(together, alone);
  assert.is(shards[0].runs + shards[1].runs, alone.runs);
});

test('what one of several processes refuses is said once', () => {
  writeFileSync(join(folder.path, 'failing.js'), `export default () => { throw new Error('by itself'); };`);
  const { code, stdout, stderr } = folder.run(['faults', 'failing.js', '--workers', '2']);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.is(stderr.match(/fails by itself/g)?.length, 1, stderr);
});

test('so is what a timer of the script throws, while it runs and later', () => {
  for (const rest of ['await new Promise((done) => setTimeout(done, 50));', '']) {
    const script = `export default async () => { setTimeout(() => { throw new Error('a timer'); }, 1); ${rest} };`;
    writeFileSync(join(folder.path, 'late.js'), script);
    const { code, stdout, stderr } = folder.run(['faults', 'late.js', '--workers', '2', '--kind', 'object']);
    assert.equal([code, stdout], [1, '']);
    assert.match(stderr, /^late\.js:1:\d+: a timer\n/);
    assert.is(stderr.match(/late\.js:/g)?.length, 1, stderr);
  }
});

test('a run that is not sound is kept as a journal, and can be repeated', () => {
  writeFileSync(join(folder.path, 'unsound.js'), UNSOUND);
  const words = ['faults', 'unsound.js', '--kind', 'object', '--only', '1', '--memory', '8'];
  const { code, stdout } = folder.run(words);
  assert.is(code, 1, stdout);
  assert.match(stdout, /not sound: object 1: the machine is broken .*\(faults-unsound-object-1\.jsonl\)/);
  assert.match(stdout, /1 run of 1 source, 1 not sound/);
  const file = join(folder.path, 'faults-unsound-object-1.jsonl');
  assert.ok(existsSync(file));
  assert.match(readFileSync(file, 'utf8'), /"op":"inject","in":\{"what":"object","nth":1,"bytes":0\}/);
});

for (const [words, says] of [
  [['sound.js', '--kind', 'rain'], /--kind takes frame, object, .*, not "rain"/],
  [['sound.js', '--only', '3'], /--only takes one --kind/],
  [['sound.js', '--from', '5', '--to', '2'], /--from 5 is beyond --to 2/],
  [['sound.js', '--shard', '3/2'], /--shard takes a part and the number of parts/],
  [['sound.js', '--workers', '0'], /--workers takes whole numbers from 1/],
  [['nowhere.js'], /there is no script/],
] as const) {
  test(`${words.join(' ')} is refused`, () => {
    const { code, stdout, stderr } = folder.run(['faults', ...words]);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(stderr, says);
  });
}

test.run();
