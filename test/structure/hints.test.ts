/** The builds for speed tell the engine which branches are rarely taken. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { engineFlags } from '../../host/wasm/engine.ts';

const test = suite('hints');
const root = join(import.meta.dirname, '../../..');
const { hinted } = (await import(join(root, 'hints.js'))) as {
  hinted(text: string, isRare: (name: string) => boolean): string;
};
const UNLIKELY = '(@metadata.code.branch_hint "\\00")';
const LIKELY = '(@metadata.code.branch_hint "\\01")';

/** @param lines A function's body. @returns The hint of each `if`, in order. */
function hintsOf(...lines: string[]): string[] {
  const text = hinted(lines.join('\n'), (name) => name.startsWith('rare'));
  return text
    .split('\n')
    .filter((line) => line.includes('(if'))
    .map((line) => line.slice(0, line.indexOf('(if')).trim());
}

const branch = (then: string[], otherwise: string[] = []): string[] => [
  ' (if',
  '  (local.get $0)',
  '  (then',
  ...then.map((line) => `   ${line}`),
  '  )',
  ...(otherwise.length > 0 ? ['  (else', ...otherwise.map((line) => `   ${line}`), '  )'] : []),
  ' )',
];
const RARE = ['(call $rare/one', ' (local.get $0)', ')'];
const OFTEN = ['(call $often/one', ' (local.get $0)', ')'];
const ERROR = ['(return', ' (i32.const -14)', ')'];

test('an arm that calls a rare function is unlikely', () => {
  assert.equal(hintsOf(...branch(RARE)), [UNLIKELY]);
  assert.equal(hintsOf(...branch(OFTEN, RARE)), [LIKELY]);
  assert.equal(hintsOf(...branch(OFTEN)), ['']);
  assert.equal(hintsOf(...branch(RARE, RARE)), [''], 'one of them is taken');
});

test('an arm that returns an error is unlikely', () => {
  assert.equal(hintsOf(...branch(ERROR)), [UNLIKELY]);
  assert.equal(hintsOf(...branch(['(return', ' (i32.const 14)', ')'])), ['']);
});

test('an arm is not rare for what a branch inside of it does', () => {
  const inner = branch(RARE).map((line) => line.slice(1));
  assert.equal(hintsOf(...branch([...inner, ...OFTEN])), ['', UNLIKELY]);
  assert.equal(hintsOf(...branch([...inner, ...RARE])), [UNLIKELY, UNLIKELY]);
});

test('text without branches stays as it is', () => {
  const text = '(module\n (func $a\n  (nop)\n )\n)\n';
  assert.is(
    hinted(text, () => true),
    text,
  );
});

for (const build of ['release', 'bench', 'profile']) {
  test(`${build}.wasm has hints`, () => {
    const wasm = new WebAssembly.Module(readFileSync(join(root, `build/${build}.wasm`)));
    const [section] = WebAssembly.Module.customSections(wasm, 'metadata.code.branch_hint');
    assert.ok(section !== undefined && section.byteLength > 1000);
  });
}

test('this engine knows the flags for it', () => {
  const { status, stderr } = spawnSync(process.execPath, [...engineFlags(), '-e', '0'], { encoding: 'utf8' });
  assert.is(status, 0, stderr);
});

test.run();
