/** The bench command measures and answers in the agreed shape. How long anything takes is not tested here. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const test = suite('bench');
const folder = new Folder();
test.after(() => folder.remove());

const FAST = ['--rounds', '1'];

test('the answer as JSON: the references, and each case that was named', () => {
  const names = ['round-trip/driver/4', 'round-trip/host/4', 'oneway/driver/4096', 'alloc-free/100', 'translate'];
  const { code, stdout, stderr } = folder.run(['bench', ...names, ...FAST, '--json']);
  assert.is(code, 0, stderr);
  const report = JSON.parse(stdout);
  assert.equal(Object.keys(report), ['reference', 'cases']);
  assert.equal(Object.keys(report.reference), ['nopCallNs', 'copy4KiBNs']);
  assert.equal(report.cases.map((one: { name: string }) => one.name).sort(), names.sort());
  for (const one of [report.reference, ...report.cases]) {
    const { name: _, ...numbers } = one;
    for (const [key, value] of Object.entries(numbers)) assert.ok((value as number) > 0, `${key} is ${value}`);
  }
  for (const { ns, perNopCall } of report.cases) {
    assert.ok(Math.abs(ns / perNopCall / report.reference.nopCallNs - 1) < 1e-9, 'ns is perNopCall nop calls');
  }
});

test('the beginning of a name stands for all cases below it, other strategies for themselves', () => {
  const { code, stdout, stderr } = folder.run(['bench', 'object', ...FAST, '--strategy', 'vmalloc']);
  assert.is(code, 0, stderr);
  assert.match(
    stdout,
    /^case +ns +nop calls\nnop call .*\ncopy of 4 KiB .*\nobject\/add-service .*\nobject\/get-service /,
  );
});

test('what there is more of than calls can be measured, too', () => {
  const names = ['round-trip/libbinder/128', 'boot', 'snapshot', 'scale/refs/100', 'scale/queued/100'];
  const { code, stdout, stderr } = folder.run(['bench', ...names, ...FAST, '--json']);
  assert.is(code, 0, stderr);
  assert.is(JSON.parse(stdout).cases.length, 6);
});

test('a profile names functions of the guest', () => {
  const { code, stdout, stderr } = folder.run(['bench', '--profile']);
  assert.is(code, 0, stderr);
  assert.match(stdout, /^ *\d+\.\d % {2}\w+\/\w+\/\w+/m);
  assert.match(stdout, 'driver/transaction/transact');
});

test('a case that does not exist is an error of usage, with those that do', () => {
  const { code, stdout, stderr } = folder.run(['bench', 'round-trap']);
  assert.is(code, 2);
  assert.is(stdout, '');
  assert.match(stderr, /there is no case "round-trap"; there are round-trip\/driver\/4, /);
  assert.is(folder.run(['bench', '--rounds', 'many']).code, 2);
  assert.is(folder.run(['bench', '--profile', '--json']).code, 2);
});

test.run();
