/** The builds for speed say where their tracepoints are: there, and nowhere else, the host patches their code. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { disassembled } from './disassembler.ts';

const test = suite('keys');
const root = join(import.meta.dirname, '../../..');
const NOP = 1;
const CODE_SECTION = 10;
const { tracepoints } = (await import(join(root, 'keys.js'))) as {
  tracepoints(wasm: Uint8Array, flag: number): Uint8Array<ArrayBuffer>;
};

const wordsOf = (bytes: ArrayBuffer): number[] => [...new Uint32Array(bytes)];

function sectionOf(wasm: Uint8Array<ArrayBuffer>): number[] {
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm), 'tracepoints');
  return wordsOf(section as ArrayBuffer);
}

function textOf(wasm: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-test-'));
  const file = join(folder, 'guest.wasm');
  writeFileSync(file, wasm);
  const text = disassembled(file);
  rmSync(folder, { recursive: true });
  return text;
}

/** Where the code begins and ends in a wasm file. */
function codeOf(wasm: Uint8Array): { begin: number; end: number } {
  let at = 8;
  const next = () => wasm[at++] as number;
  for (;;) {
    const id = next();
    let size = 0;
    for (let shift = 0, byte = 0x80; byte >= 0x80; shift += 7) {
      byte = next();
      size |= (byte & 0x7f) << shift;
    }
    if (id === CODE_SECTION) return { begin: at, end: at + size };
    at += size;
  }
}

const countOf = (text: string, what: RegExp): number => [...text.matchAll(what)].length;

for (const build of ['release', 'bench', 'profile']) {
  test(`${build}.wasm has its tracepoints in order, in its code`, () => {
    const wasm = new Uint8Array(readFileSync(join(root, `build/${build}.wasm`)));
    const [length = 0, ...places] = sectionOf(wasm);
    assert.ok(places.length > 30 && length >= 5);
    const { begin, end } = codeOf(wasm);
    const [first = 0] = places;
    const load = wasm.slice(first, first + length);
    assert.equal([load[0], ...load.slice(-3)], [0x41, 0x2d, 0, 0]);
    assert.ok(first > begin);
    for (const [index, at] of places.entries()) {
      assert.ok(at + length <= (places[index + 1] ?? end), `tracepoint ${index}`);
      assert.equal(wasm.slice(at, at + length), load, `tracepoint ${index}`);
    }
  });
}

test('they are all loads of the flag, as a disassembler sees them', () => {
  const wasm = new Uint8Array(readFileSync(join(root, 'build/release.wasm')));
  const [length = 0, ...places] = sectionOf(wasm);
  const before = textOf(wasm);
  const at = places[0] ?? 0;
  const patched = wasm.slice();
  for (const place of places) patched.fill(NOP, place, place + length).set([0x41, 0], place);
  const after = textOf(patched);
  const [, flag = ''] =
    [...before.matchAll(/i32\.load8_u\s+\(i32\.const (\d+)\)/g)].find(
      ([, address]) => tracepoints(wasm.slice(at, at + length), Number(address)).length === 8,
    ) ?? [];
  const loads = new RegExp(`i32\\.load8_u\\s+\\(i32\\.const ${flag}\\)`, 'g');
  assert.is(countOf(before, loads), places.length);
  assert.is(countOf(after, new RegExp(`\\(i32\\.const ${flag}\\)`, 'g')), 1, 'the store is left');
  assert.is(countOf(after, /\(nop\)/g) - countOf(before, /\(nop\)/g), places.length * (length - 2));
});

test('addresses of every length are found', () => {
  const code: [number, number[]][] = [
    [0x3f, [0x3f]],
    [0x40, [0xc0, 0x00]],
    [0x2000, [0x80, 0xc0, 0x00]],
    [107960, [0xb8, 0xcb, 0x06]],
  ];
  for (const [flag, leb128] of code) {
    const load = [0x41, ...leb128, 0x2d, 0, 0];
    const other = [0x41, ...leb128, 0x2c, 0, 0];
    const wasm = Uint8Array.from([0, ...load, ...other, ...load]);
    assert.equal(wordsOf(tracepoints(wasm, flag).buffer), [load.length, 1, 1 + 2 * load.length], `${flag}`);
  }
  assert.equal(wordsOf(tracepoints(new Uint8Array(0), 5).buffer), [5]);
});

test.run();
