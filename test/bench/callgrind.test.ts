/** Instructions of generated code, read from what callgrind and V8 write. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { generatedCode, instructionsByFunction } from '../../bench/callgrind.ts';

const test = suite('callgrind');

const MAP = ['7f20 10 JS:first-1-turbofan', '7f00 20 JS:other part-2-turbofan', '7f20 8 JS:second-3-turbofan', ''].join(
  '\n',
);

test('a map’s functions are in the order of their addresses, and the last at an address is the one', () => {
  assert.equal(generatedCode(MAP), [
    { at: 0x7f00, size: 0x20, name: 'JS:other part-2-turbofan' },
    { at: 0x7f20, size: 8, name: 'JS:second-3-turbofan' },
  ]);
});

test('addresses are absolute, relative or the same, and the cost of a callee is left out', async () => {
  const lines = [
    'version: 1',
    'fn=(1) 0x0000000000007f00',
    '0x7f00 0 5',
    '+4 0 6',
    '* 0 7',
    'calls=3 0x9000 0',
    '+4 0 1000', // what the callee cost; its address counts
    '+24 0 2', // 0x7f20
    '+8 0 50', // beyond the function
    '-16 0 1', // 0x7f18
    'totals: 71',
  ];
  const sums = await instructionsByFunction(lines, generatedCode(MAP));
  assert.equal(Object.fromEntries(sums), { 'JS:other part-2-turbofan': 19, 'JS:second-3-turbofan': 2 });
});

test.run();
