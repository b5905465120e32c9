/**
 * Scripts that are wrong by construction, from the number of each: they throw at import, export something else, throw what is no
 * error, or give calls of the API values of other types. Calls come many to a file, since a file takes longer than a call.
 */

import type { Dice } from '../../host/fuzz/dice.ts';
import { pageText } from '../pages.ts';

/** Values of any type, as source text. */
const VALUES: readonly string[] = [
  ...['undefined', 'null', 'true', '0', '-1', '1.5', '7', '4096', '2 ** 31', '2 ** 53', 'NaN', 'Infinity', '-0', '5n'],
  ...[`''`, `'a'`, `'app'`, `'x'.repeat(5000)`, `'__proto__'`, `Symbol('s')`, '/a/', 'new Date(0)', '{}', '[]', '[[]]'],
  ...['[1, 2]', '[undefined]', '{ length: -1 }', '{ length: 2 ** 40 }', 'Object.create(null)', 'new Map()', '() => {}'],
  ...[
    'function* () {}',
    'function* () { yield 1; }',
    'async () => {}',
    'class {}',
    'new Uint8Array(9)',
    'new ArrayBuffer(8)',
  ],
  ...['new Proxy({}, { get() { throw new Error("trap"); } })', '{ get what() { throw new Error("getter"); } }', 'fd'],
  ...[
    'new Error("a value")',
    'machine',
    'process',
    'thread',
    'Promise.resolve(1)',
    'globalThis',
    '{ uid: "x", pid: {} }',
  ],
  ...[
    '{ toString() { throw 1; } }',
    '{ valueOf: 3 }',
    'new (class extends Array {})(3)',
    'BigInt(2 ** 62)',
    'JSON',
    'Reflect',
  ],
];

/** What may be thrown, as source text. */
const THROWN: readonly string[] = [
  ...VALUES.filter((value) => !['fd', 'machine', 'process', 'thread'].includes(value)),
  ...['Object.assign(new Error("m"), { stack: 5 })', 'Object.assign(new Error("m"), { stack: undefined })'],
  ...['Object.assign(new Error("m"), { message: {} })', 'Object.assign(new Error("m"), { name: 7 })'],
  ...[
    'Object.assign(new Error("m"), { cause: new Error("c") })',
    'new AggregateError([1])',
    'Object.create(Error.prototype)',
  ],
  ...[
    'Object.defineProperty(new Error("m"), "stack", { get() { throw new Error("in stack"); } })',
    'new DOMException("d")',
  ],
  ...[
    'new Proxy(new Error("m"), {})',
    'Object.freeze(new RangeError("r"))',
    'new Error("x".repeat(100000))',
    'new Error("")',
  ],
];

/** The objects of a script whose methods it calls, and where the reference of the API has their names. */
export const OBJECTS: readonly string[] = [
  'machine',
  'process',
  'thread',
  'thread.sys',
  'sim',
  'machine.inspect',
  'bc',
  'sys',
];

/** Names in the reference of the API: the others are not for scripts. */
const PUBLIC: ReadonlySet<string> = new Set(
  [...pageText('docs/api.md').matchAll(/^\s+(?:readonly )?(\w+)(?:\(|<|: \()/gm)].map(([, name = '']) => name),
);

/** Methods of an object of a script that the reference has. */
export function methodsOf(object: object): string[] {
  const names = new Set<string>();
  for (let one = object; one !== Object.prototype && one !== null; one = Object.getPrototypeOf(one)) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(one))) {
      if (typeof value === 'function' && name !== 'constructor' && PUBLIC.has(name)) names.add(name);
    }
  }
  return [...names].sort();
}

/** A script that fails before it is given a machine, or is none. */
export function wrongImport(dice: Dice): string {
  const thrown = dice.of(THROWN);
  return dice.of([
    () => `const helper = 1;\nthrow ${thrown};\nexport default () => {};\n`,
    () => `function inner() {\n  throw ${thrown};\n}\ninner();\nexport default () => {};\n`,
    () => `await Promise.reject(${thrown});\nexport default () => {};\n`,
    () => `const process = 1, thread = 2, machine = 3, fd = 4;\nexport default ${dice.of(VALUES)};\n`,
    () => `export const ${dice.of(['main', 'run', 'script'])} = () => {};\n`,
    () => `import { ${dice.of(['Machin', 'nothing', 'default'])} } from 'binderlab';\nexport default () => {};\n`,
    () => `import '${dice.of(['./nowhere.ts', 'binderlab/nothing', 'no-such-package', 'node:nothing', ''])}';\n`,
    () => `export default () => { throw ${thrown}; };\n`,
    () => `export default async () => {\n  await null;\n  throw ${thrown};\n};\n`,
    () =>
      `export default (machine) => machine.${dice.of(['boot', 'spwan', 'process.main', 'x.y', 'spawn'])}(${dice.of(VALUES.slice(0, 40))});\n`.replace(
        /\b(fd|thread|process)\b\);/,
        '1);',
      ),
    () =>
      dice.of([
        '',
        ' ',
        '\0',
        '\ufeff',
        'export default',
        '{',
        '#!/bin/sh\n',
        'export default 1; export default 2;',
        '"\\u{110000}"',
      ]),
  ])();
}

const FILE_HEAD = `import { bc, sys } from 'binderlab';\nexport default (machine, number) => CASES[number](machine);\nconst CASES = [\n`;

/** A script with wrong calls, one of which it makes, by number. @param methods Names of methods, by object. */
export function wrongCalls(dice: Dice, count: number, methods: Readonly<Record<string, readonly string[]>>): string {
  const cases = Array.from({ length: count }, () => wrongCase(dice, methods));
  return `${FILE_HEAD}${cases.join('')}];\n`;
}

function wrongCase(dice: Dice, methods: Readonly<Record<string, readonly string[]>>): string {
  const object = dice.of(OBJECTS);
  const args = Array.from({ length: dice.below(5) }, () => dice.of(VALUES)).join(', ');
  const call = `${object}.${dice.of(methods[object] as readonly string[])}(${args})`;
  const act = object === 'sys' ? `yield* ${call}` : call;
  const program = `sim.process('program', function* () {\n      ${dice.of([act, act, `yield ${dice.of(VALUES)}`, `yield* sys.open(); throw ${dice.of(THROWN)}`])};\n    });\n    sim.run({ turnsMax: 10000 });`;
  const body = object === 'sys' || dice.chance(0.2) ? program : `${call};\n    sim.run({ turnsMax: 10000 });`;
  return `  (machine) => {
    const process = machine.spawn('app');
    const thread = process.main;
    const fd = thread.open();
    const sim = machine.simulate();
    void [fd, thread, sim];
    ${body}
  },
`;
}
