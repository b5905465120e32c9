/** Each rule of the house catches what it is there for, in a made-up house; and the house itself holds them all. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as rules from './rules.ts';
import { readSource, type Source } from './source.ts';

const root = join(import.meta.dirname, '../../..');

/** All TypeScript files below the folders of the house. */
const sourcesOfTheProject: Source[] = ['assembly', 'host', 'bench', 'test', 'examples', 'oracle'].flatMap((folder) => {
  if (statSync(join(root, folder), { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => `${folder}/${file.replaceAll('\\', '/')}`)
    .map((path) => readSource(path, readFileSync(join(root, path), 'utf8')));
});

const made = (files: Record<string, string>) => Object.entries(files).map(([path, text]) => readSource(path, text));

const house = suite('house');
for (const [name, rule] of Object.entries(rules)) {
  house(name, () => assert.equal(rule(sourcesOfTheProject), []));
}
house('is not empty', () => assert.ok(sourcesOfTheProject.length > 10));
house.run();

const test = suite('rules');

test('a file may import lower ranks, files left of it, and the shared numbers', () => {
  const sources = made({
    'assembly/mem/table.ts': `import { a } from './pte.ts';\nimport { b } from '../lib/list';\nimport { c } from '../abi/machine';`,
    'host/machine.ts': `import { a } from './os/process.ts';\nimport type { b } from '../assembly/abi/errno.ts';`,
  });
  assert.equal(rules.importsPointDown(sources), []);
});

test('an import of a higher rank is caught', () => {
  const sources = made({
    'assembly/mem/space.ts': `// spaces\nimport { a } from '../driver/objects';`,
    'host/os/process.ts': `export { Machine } from '../machine.ts';`,
    'host/guest/guest.ts': `type M = import('../machine.ts').Machine;`,
    'host/index.ts': `await import('./cli/main.ts');`,
  });
  assert.equal(rules.importsPointDown(sources), [
    'assembly/mem/space.ts:2: imports assembly/driver/objects.ts, which has a higher rank',
    'host/os/process.ts:1: imports host/machine.ts, which has a higher rank',
    'host/guest/guest.ts:1: imports host/machine.ts, which has a higher rank',
    'host/index.ts:1: imports host/cli/main.ts, which has a higher rank',
  ]);
});

test('an import to the right in an arrow, or of a neighbour of the same rank, is caught', () => {
  const sources = made({
    'assembly/mem/frames.ts': `import { a } from './space';`,
    'assembly/mapping/kmap.ts': `import { a } from './index';`,
    'host/inspect/state.ts': `import { a } from '../trace/journal.ts';`,
  });
  assert.equal(rules.importsPointDown(sources), [
    'assembly/mem/frames.ts:1: imports assembly/mem/space.ts, which is to the right of it',
    'assembly/mapping/kmap.ts:1: imports assembly/mapping/index.ts, which is to the right of it',
    'host/inspect/state.ts:1: imports host/trace/journal.ts, which has the same rank',
  ]);
});

test('a command knows what all commands share, and no other command; the benchmarks know none', () => {
  const sources = made({
    'host/cli/step/step.ts': `import { a } from '../script.ts';\nimport { b } from '../run/run.ts';`,
    'host/cli/script.ts': `import { a } from './run/run.ts';\nimport { b } from './usage.ts';`,
    'host/cli/usage.ts': `import { a } from './help.ts';`,
    'host/cli/commands.ts': `import { a } from './step/step.ts';`,
    'bench/limits.ts': `import { a } from '../host/cli/usage.ts';\nimport { b } from './results.ts';`,
  });
  assert.equal(rules.importsPointDown(sources), [
    'host/cli/step/step.ts:2: imports host/cli/run/run.ts, which has the same rank',
    'host/cli/script.ts:1: imports host/cli/run/run.ts, which has a higher rank',
    'host/cli/usage.ts:1: imports host/cli/help.ts, which is to the right of it',
    'bench/limits.ts:1: imports host/cli/usage.ts, which has a higher rank',
  ]);
});

test('guest and host share nothing but numbers', () => {
  const sources = made({
    'assembly/index.ts': `import { a } from '../host/machine';`,
    'host/machine.ts': `import { a } from '../assembly/mem/frames.ts';\nimport { b } from '../examples/call.ts';`,
    'host/guest/guest.ts': `import { a } from '../../build/layout.ts';`,
    'assembly/inspect.ts': `import { a } from '../build/layout';`,
  });
  assert.equal(rules.importsPointDown(sources), [
    'assembly/index.ts:1: imports host/machine.ts; guest and host share only assembly/abi/',
    'host/machine.ts:1: imports assembly/mem/frames.ts; guest and host share only assembly/abi/',
    'host/machine.ts:2: imports examples/call.ts, which is outside of the house',
    'assembly/inspect.ts:1: imports build/layout.ts, which is outside of the house',
  ]);
});

test('a file without a place is caught', () => {
  assert.equal(rules.everyFileHasItsPlace(made({ 'assembly/odd.ts': '', 'assembly/mem/heap.ts': '' })), [
    'assembly/odd.ts: has no rank; give it one in test/structure/house.ts',
    'assembly/mem/heap.ts: is not in the arrow of its folder; place it in test/structure/house.ts',
  ]);
});

test('a cycle is caught whole', () => {
  const sources = made({
    'host/sim/a.ts': `import './b.ts';`,
    'host/sim/b.ts': `import './c.ts';`,
    'host/sim/c.ts': `import './a.ts';`,
  });
  assert.equal(rules.noCycles(sources), ['cycle: host/sim/a.ts -> host/sim/b.ts -> host/sim/c.ts -> host/sim/a.ts']);
});

test('an import of nothing is caught', () => {
  assert.equal(rules.importsExist(made({ 'test/a.ts': `import './b.ts';` })), [
    'test/a.ts:1: test/b.ts does not exist',
  ]);
});

test('node in the core, and any file in an example, is caught', () => {
  const sources = made({
    'host/machine.ts': `import { readFileSync } from 'node:fs';`,
    'host/cli/main.ts': `import { readFileSync } from 'node:fs';`,
    'examples/call.ts': `import { Machine } from 'binderlab';\nimport { b } from '../host/machine.ts';`,
  });
  assert.equal(rules.packagesStayWhereTheyBelong(sources), ['host/machine.ts:1: imports node:fs']);
  assert.equal(rules.examplesStandAlone(sources), ['examples/call.ts:2: imports host/machine.ts']);
});

test('the oracle is known to nobody but its tests', () => {
  const sources = made({
    'host/machine.ts': `import { a } from '../oracle/kernel.ts';`,
    'test/oracle/session.test.ts': `import { a } from '../../oracle/session.ts';`,
    'test/structure/rules.ts': `import { a } from '../../oracle/session.ts';`,
    'oracle/kernel.ts': `import { a } from './session.ts';\nimport { b } from '../host/machine.ts';`,
  });
  assert.equal(rules.oracleStandsApart(sources), [
    'host/machine.ts:1: imports oracle/kernel.ts',
    'test/structure/rules.ts:1: imports oracle/session.ts',
  ]);
});

test('names that say nothing, and barrels, are caught', () => {
  assert.equal(
    rules.namesSaySomething(made({ 'host/sim/utils.ts': '', 'host/sim/index.ts': '', 'host/index.ts': '' })),
    ['host/sim/utils.ts: the name does not say what the file owns', 'host/sim/index.ts: is a barrel'],
  );
});

test('a file that does not introduce itself, or is too long, is caught', () => {
  const sources = made({
    'host/machine.ts': 'export {};\n'.repeat(501),
    'host/cli/main.ts': '#!/usr/bin/env node\n/** Main. */',
  });
  assert.equal(rules.filesIntroduceThemselves(sources), ['host/machine.ts: does not begin with a comment']);
  assert.equal(rules.filesStaySmall(sources), ['host/machine.ts: 501 lines; more than 500 are more than one noun']);
});

test('state outside of linear memory is caught', () => {
  const text = `const a = 1;\nexport let b = 2;\nclass C {\n  static readonly d: i32 = 3;\n  static e: i32 = 4;\n}\nfunction f(): void {\n  let g = 5;\n}`;
  assert.equal(rules.guestHasNoMutableGlobals(made({ 'assembly/task/wait.ts': text, 'host/machine.ts': text })), [
    'assembly/task/wait.ts:2: b is a mutable global',
    'assembly/task/wait.ts:5: e is a mutable global',
  ]);
});

test('raw memory above the bottom, and growth anywhere, is caught', () => {
  const text = `function f(): void {\n  store<u8>(1, load<u8>(2));\n  memory.grow(1);\n}`;
  assert.equal(rules.rawMemoryStaysLow(made({ 'assembly/driver/work.ts': text, 'assembly/mem/pte.ts': text })), [
    'assembly/driver/work.ts:2: calls store',
    'assembly/driver/work.ts:2: calls load',
    'assembly/driver/work.ts:3: calls memory.grow',
    'assembly/mem/pte.ts:3: calls memory.grow',
  ]);
});

test('a spelling of the host’s in the guest is caught', () => {
  const text = `class A {\n  b: u32; // why\n  // above\n  c: u32;\n}\nconst d = e as u32;\nif (d === 1 || f == null || f != null) g = <u32>d;`;
  assert.equal(rules.guestSpeaksOneDialect(made({ 'assembly/task/wait.ts': text, 'host/machine.ts': text })), [
    'assembly/task/wait.ts:4: a comment above a field',
    'assembly/task/wait.ts:6: x as u32',
    'assembly/task/wait.ts:7: ===',
    'assembly/task/wait.ts:7: == null',
  ]);
});

test('an export of the guest that only a test imports is caught', () => {
  const sources = made({
    'assembly/lib/list.ts':
      'export function a(): void {}\nexport function b(): void {}\nexport const c = 1;\nconst d = 2;',
    'assembly/mem/pte.ts': `import { a as first } from '../lib/list';`,
    'test/guest/list.test.ts': `import { b, c } from '../../assembly/lib/list';`,
  });
  assert.equal(rules.guestExportsAreImported(sources), [
    'assembly/lib/list.ts:2: exports b, which nothing but tests imports',
    'assembly/lib/list.ts:3: exports c, which nothing but tests imports',
  ]);
});

test('an export of the host that nothing imports is caught', () => {
  const sources = made({
    'host/wire/words.ts': 'export const a = 1;\nexport const b = 2;\nexport interface C {}\nexport class D {}',
    'host/wire/hex.ts': 'export function e() {}',
    'host/wire/text.ts': 'export const f = 1;\nexport const g = 2;',
    'host/os/call.ts': `import { a } from '../wire/words.ts';\nimport * as text from '../wire/text.ts';\nconst x = text.f;`,
    'host/cli/main.ts': `await import('../wire/hex.ts');`,
    'test/wire/words.test.ts': `import type { D } from '../../host/wire/words.ts';`,
  });
  assert.equal(rules.hostExportsAreImported(sources), [
    'host/wire/words.ts:2: exports b, which nothing imports',
    'host/wire/words.ts:3: exports C, which nothing imports',
    'host/wire/text.ts:2: exports g, which nothing imports',
  ]);
});

test('a path of somebody’s machine is caught', () => {
  const slash = '/';
  const text = `import './work.ts';\n// driver/work refs/work\nconst a = '${slash}tmp/x';\n// see ${slash}work/y, ..${slash}shared`;
  assert.equal(rules.pathsAreRelative(made({ 'host/machine.ts': text })), [
    `host/machine.ts:3: names ${slash}tmp/`,
    `host/machine.ts:4: names ${slash}work/`,
  ]);
});

test('a long function, and one with many parameters, are caught', () => {
  const long = `function long() {\n${'  call();\n'.repeat(69)}}`;
  const sources = made({
    'host/a.ts': `${long}\nfunction many(a, b, c, d, e, f, g) {}\nfunction few(a, b, c, d, e, f) {}`,
    'host/b.ts': 'class A { constructor(readonly a, readonly b, c, d, e, f, g, private h) {} }',
    'test/c.ts': long,
  });
  assert.equal(rules.functionsStaySmall(sources), [
    'host/a.ts:1: long has 71 lines',
    'host/a.ts:72: many has 7 parameters',
  ]);
});

test('a type name that two files export is caught, but for those that guest and host share', () => {
  const sources = made({
    'assembly/task/process.ts': 'export class Process {}\nclass Own {}\nexport class Frame {}',
    'host/os/process.ts': 'export class Process {}\ninterface Own {}\nexport type Frame = number;',
    'bench/scene.ts': 'export interface Frame {}\nexport enum Process {}',
  });
  assert.equal(rules.typeNamesAreUnique(sources), [
    'host/os/process.ts:3: Frame is also a type of assembly/task/process.ts',
    'bench/scene.ts:1: Frame is also a type of host/os/process.ts',
    'bench/scene.ts:2: Process is also a type of host/os/process.ts',
  ]);
});

test.run();
