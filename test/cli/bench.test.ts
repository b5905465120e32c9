/** The bench command measures and answers in the agreed shape. How long anything takes is not tested here. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const test = suite('bench');
const folder = new Folder();
test.after(() => folder.remove());

const FAST = ['--rounds', '1'];

test('the answer as JSON: the references, and each case that was named', () => {
  const names = ['round-trip/host/4', 'translate'];
  const { code, stdout, stderr } = folder.run(['bench', ...names, ...FAST, '--json']);
  assert.is(code, 0, stderr);
  folder.write('then.json', stdout);
  const report = JSON.parse(stdout);
  assert.equal(Object.keys(report), ['reference', 'cases', 'latency', 'limits', 'machine']);
  assert.equal(Object.keys(report.reference), ['nopCallNs', 'copy4KiBNs']);
  assert.equal(report.cases.map((one: { name: string }) => one.name).sort(), names.sort());
  assert.ok(report.reference.nopCallNs > 0 && report.reference.copy4KiBNs > 0);
  assert.equal(
    report.limits.map((one: { case: string }) => one.case),
    ['round-trip/host/4'],
  );
  for (const { ns, perNopCall, low, high, rounds } of report.cases) {
    assert.ok(ns > 0 && perNopCall > 0);
    assert.equal([low, high, rounds], [null, null, [perNopCall]]);
    assert.ok(Math.abs(ns / perNopCall / report.reference.nopCallNs - 1) < 1e-9, 'ns is perNopCall nop calls');
  }
});

test('the beginning of a name stands for all cases below it, other strategies for themselves', () => {
  const { code, stdout, stderr } = folder.run(['bench', 'snapshot', ...FAST, '--strategy', 'vmalloc']);
  assert.is(code, 0, stderr);
  assert.match(
    stdout,
    /^case +ns +nop calls +spread\nnop call .*\ncopy of 4 KiB .*\nsnapshot\/take .*\nsnapshot\/whole .*\nsnapshot\/copy .*\nsnapshot\/restore /,
  );
});

test('rounds have a spread, and a later run is compared with an earlier one', () => {
  const words = ['bench', 'translate', 'object/cold', '--rounds', '4', '--json'];
  const now = folder.run([...words, '--baseline', 'then.json', '--html', 'now.html']);
  assert.is(now.code, 0, now.stderr);
  const report = JSON.parse(now.stdout);
  for (const { low, perNopCall, high, rounds } of report.cases) {
    assert.is(rounds.length, 4);
    assert.ok(low <= perNopCall && perNopCall <= high);
  }
  assert.is(report.baseline.file, 'then.json');
  const found = new Map(report.cases.map((one: { name: string; baseline: object | null }) => [one.name, one.baseline]));
  assert.is(found.get('object/cold'), null);
  assert.equal(Object.keys(found.get('translate') ?? {}), ['earlier', 'changePercent', 'noisePercent', 'verdict']);
  const html = readFileSync(join(folder.path, 'now.html'), 'utf8');
  for (const name of ['translate', 'object/cold']) assert.ok(html.includes(`>${name}<`));
});

test('latencies come with four percentiles, in wall and in virtual time', () => {
  const names = ['latency/wall/driver/4', 'latency/virtual/4'];
  const { code, stdout, stderr } = folder.run(['bench', ...names, '--json', '--seed', '3', ...FAST]);
  assert.is(code, 0, stderr);
  const { cases, latency } = JSON.parse(stdout);
  assert.equal(cases, []);
  const [wall, virtual] = latency;
  assert.equal([wall.time, virtual.time], ['wall', 'virtual']);
  for (const { ns, percentiles } of latency) {
    assert.equal(Object.keys(percentiles), ['50', '90', '95', '99']);
    assert.is(ns, percentiles[50]);
    assert.ok(ns > 0);
  }
  assert.ok(wall.clockNs > 0);
});

test('a profile names functions of the guest', () => {
  const { code, stdout, stderr } = folder.run(['bench', '--profile']);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^by folder\n *\d+\.\d % {2}\w+\n/);
  assert.match(stdout, /\nby function\n(?:.*\n)* *\d+\.\d % {2}\w+\/\w+\/\w+\n/);
  assert.match(stdout, 'driver/transaction/transact');
});

test('a case that does not exist is an error of usage, with those that do', () => {
  const { code, stdout, stderr } = folder.run(['bench', 'round-trap']);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /there is no case "round-trap"; there are round-trip\/driver\/4, /);
  assert.is(folder.run(['bench', '--rounds', 'many']).code, 2);
  for (const other of [['--json'], ['round-trip', 'boot']]) {
    assert.is(folder.run(['bench', '--profile', ...other]).code, 2);
  }
});

test('a baseline that is none, or a page that has no place, is told before anything is measured', () => {
  folder.write('text.json', 'no JSON');
  folder.write('other.json', '{"rows": []}');
  const told: [words: string[], why: RegExp][] = [
    [['--baseline', 'nowhere.json'], /--baseline: nowhere\.json cannot be read/],
    [['--baseline', 'text.json'], /--baseline: text\.json: is no JSON/],
    [['--baseline', 'other.json'], /--baseline: other\.json: has no "reference\.nopCallNs"/],
    [['--html', 'no/folder/x.html'], /--html: there is no folder no\/folder/],
    [['--html', '.'], /--html: \. is a folder/],
  ];
  for (const [words, why] of told) {
    const { code, stdout, stderr } = folder.run(['bench', ...words]);
    assert.is(code, 2);
    assert.is(stdout, '');
    assert.match(stderr, why);
  }
});

test.run();
