/** Each pattern of build.js for what is rarely called names a function of the guest: after a rename the build would inline it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('rare');
const root = join(import.meta.dirname, '../../..');

/** The patterns of the list in build.js, where `*` stands for anything. */
function rarePatterns(text: string): string[] {
  const list = /const RARE = \[([^\]]*)\]/.exec(text)?.[1] ?? '';
  return [...list.matchAll(/'([^']+)'/g)].flatMap(([, pattern]) => pattern ?? []);
}

/** Names of a module's functions: subsection 1 of its name section. */
function functionNames(wasm: Uint8Array<ArrayBuffer>): string[] {
  const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(wasm), 'name');
  const bytes = new Uint8Array(section ?? new ArrayBuffer(0));
  let at = 0;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < bytes.length) {
    const id = number();
    const size = number();
    if (id !== 1) at += size;
    else {
      return Array.from({ length: number() }, () => {
        number(); // the function's index
        const end = number() + at;
        const name = new TextDecoder().decode(bytes.slice(at, end));
        at = end;
        return name;
      });
    }
  }
  return [];
}

const unmatched = (patterns: string[], names: string[]) =>
  patterns.filter((pattern) => {
    const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^$(){}|\\/[\]]/g, '\\$&'));
    const expression = new RegExp(`^${parts.join('.*')}$`);
    return !names.some((name) => expression.test(name));
  });

const names = functionNames(new Uint8Array(readFileSync(join(root, 'build/debug.wasm'))));

test('every pattern matches a function', () => {
  const patterns = rarePatterns(readFileSync(join(root, 'build.js'), 'utf8'));
  assert.ok(patterns.includes('*Slowly') && patterns.length > 10);
  assert.equal(unmatched(patterns, names), []);
});

test('a pattern that matches none is found', () => {
  const made = ["const RARE = ['*Slowly',", "  'assembly/driver/refs/gone',", "  'assembly/nowhere/*'];"].join('\n');
  assert.equal(unmatched(rarePatterns(made), names), ['assembly/driver/refs/gone', 'assembly/nowhere/*']);
});

test.run();
