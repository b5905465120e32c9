/** `binderlab init`: what an editor needs. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from './binderlab.ts';

const TSC = join(import.meta.dirname, '../../../node_modules/typescript-native/bin/tsc');

const test = suite('init');
const folder = new Folder();
test.after(() => folder.remove());

test('a folder without a package gets a tsconfig.json that leads to the types', () => {
  const { code, stdout } = folder.run(['init', 'scripts']);
  assert.is(code, 0);
  assert.match(stdout, /^scripts\/tsconfig\.json: /);
  const { compilerOptions } = JSON.parse(readFileSync(join(folder.path, 'scripts/tsconfig.json'), 'utf8'));
  const { paths } = compilerOptions as { paths: Record<string, [string]> };
  assert.equal(Object.keys(paths), ['binderlab', 'binderlab/protocol', 'binderlab/errno']);
  const declarations = (name: string) =>
    readFileSync(resolve(folder.path, 'scripts', paths[name]?.[0] as string), 'utf8');
  assert.match(declarations('binderlab'), 'Machine');
  assert.match(declarations('binderlab/protocol'), 'TF_ONE_WAY');
  assert.match(declarations('binderlab/errno'), 'EINVAL');
});

test('with it a compiler accepts scripts that import each other', () => {
  folder.run(['init', 'both']);
  folder.write(
    'both/work.ts',
    "import type { Machine } from 'binderlab';\nexport default (machine: Machine) => machine.check();\n",
  );
  folder.write(
    'both/test.ts',
    "import { explore } from 'binderlab';\nimport script from './work.ts';\nawait explore(script);\n",
  );
  const { status, stdout } = spawnSync(process.execPath, [TSC, '-p', join(folder.path, 'both')], { encoding: 'utf8' });
  assert.is(stdout, '');
  assert.is(status, 0);
});

test('one that is there stays as it is, and what it needs is told', () => {
  folder.write('tsconfig.json', '{}');
  const { code, stderr } = folder.run(['init']);
  assert.is(code, 1);
  assert.match(stderr, /^binderlab: tsconfig\.json is there already; it needs "paths": \{"binderlab":/);
  assert.is(readFileSync(join(folder.path, 'tsconfig.json'), 'utf8'), '{}');
});

test('the constants are there for a script that lies anywhere', () => {
  folder.write(
    'constants.ts',
    `import { BC_ENTER_LOOPER, BINDER_VERSION, TF_ONE_WAY } from 'binderlab/protocol';
import { EINVAL } from 'binderlab/errno';
import { EPOLLET, O_NONBLOCK, PROT_READ } from 'binderlab';
export default () => console.log(BC_ENTER_LOOPER, BINDER_VERSION, TF_ONE_WAY, EINVAL, EPOLLET, O_NONBLOCK, PROT_READ);
`,
  );
  const { code, stdout } = folder.run(['run', 'constants.ts']);
  assert.is(code, 0);
  assert.is(stdout, '25356 3221512713 1 22 2147483648 2048 1\n');
});

test("the package's own examples and recordings are found from anywhere", () => {
  assert.match(folder.run(['run', 'examples/first-call.ts']).stdout, /^services: greeter, manager$/m);
  assert.is(folder.run(['replay', 'test/conformance/hand/oneway.jsonl.gz']).code, 0);
  assert.is(folder.run(['run', 'examples/none.ts']).code, 2);
});

test.run();
