/** The text of a wasm file, as binaryen's disassembler writes it. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';

const WASM_DIS = join(import.meta.dirname, '../../../node_modules/binaryen/bin/wasm-dis');
const TEXT_MAX = 256 * 1024 * 1024;

export function disassembled(file: string): string {
  const options = { encoding: 'utf8', maxBuffer: TEXT_MAX } as const;
  const { stdout, stderr, status } = spawnSync(process.execPath, [WASM_DIS, file], options);
  assert.is(status, 0, stderr);
  assert.match(stdout, /^\(module/);
  return stdout;
}
