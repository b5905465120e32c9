/**
 * The guest's state lies in linear memory and nowhere else, so a copy of that is a copy of the machine. As compiled, no
 * instruction stores into a global, and none is seen from outside. (asc declares a stack pointer, which nobody uses.)
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { disassembled } from './disassembler.ts';

const test = suite('wasm globals');
const root = join(import.meta.dirname, '../../..');

/** What of a module could keep state outside of memory: lines of its text. */
function globalStateOf(file: string): string[] {
  return disassembled(file)
    .split('\n')
    .filter((line) => /\(global\.set|\((import|export) .*\(global/.test(line));
}

for (const name of ['debug', 'release']) {
  test(`${name}.wasm stores into no global`, () => assert.equal(globalStateOf(join(root, `build/${name}.wasm`)), []));
}

test('a store into a global, and a global that others see, are found', () => {
  const type = [1, 4, 1, 0x60, 0, 0];
  const functions = [3, 2, 1, 0];
  const globals = [6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b];
  const exports = [7, 5, 1, 1, 0x67, 3, 0];
  const code = [10, 8, 1, 6, 0, 0x41, 1, 0x24, 0, 0x0b];
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-test-'));
  const file = join(folder, 'made.wasm');
  writeFileSync(
    file,
    new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0, ...type, ...functions, ...globals, ...exports, ...code]),
  );
  assert.is(globalStateOf(file).length, 2);
  rmSync(folder, { recursive: true });
});

test.run();
