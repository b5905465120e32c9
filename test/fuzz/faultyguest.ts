/** Builds the guest with a deliberate fault. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fault } from './faults.ts';

const ROOT = join(import.meta.dirname, '../../..');

/**
 * The debug build with a fault.
 *
 * @param isBare Whether it is without its asserts.
 * @throws Error when the fault's text is not in its file, or does not compile.
 */
export function guestWith({ name, file, search, replacement }: Fault, isBare = false): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-fault-'));
  try {
    cpSync(join(ROOT, 'assembly'), join(folder, 'assembly'), { recursive: true });
    cpSync(join(ROOT, 'asconfig.json'), join(folder, 'asconfig.json'));
    const path = join(folder, 'assembly', file);
    const text = readFileSync(path, 'utf8');
    if (text.split(search).length !== 2) throw new Error(`${name}: its text is not once in assembly/${file}`);
    writeFileSync(
      path,
      text.replace(search, () => replacement),
    );
    const asc = join(ROOT, 'node_modules/assemblyscript/bin/asc.js');
    const options = ['--target', 'debug', ...(isBare ? ['--noAssert'] : []), '--transform', join(ROOT, 'layout.js')];
    const args = [asc, 'assembly/index.ts', ...options, '--outFile', 'fault.wasm'];
    const { status, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name} does not compile: ${stderr}`);
    return new Uint8Array(readFileSync(join(folder, 'fault.wasm')));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
