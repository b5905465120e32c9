/** The guest's runtime refuses every allocation when it is compiled, and lets pass what needs none. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('heap');
const root = resolve(import.meta.dirname, '../../..');

/** The part of asc's interface that is used here; asc's own types bring AssemblyScript's globals over node's. */
interface Compiler {
  main(
    options: string[],
    files: { readFile(name: string, baseDir: string): string | null; writeFile(): void },
  ): Promise<{ error: Error | null; stderr: { toString(): string } }>;
}
const asc: string = 'assemblyscript/asc';
const { main }: Compiler = await import(asc);

/** Compiles a program as the guest is compiled. Answers with what asc says against it, or with ''. */
async function complaints(program: string): Promise<string> {
  const { error, stderr } = await main(
    ['program.ts', '--baseDir', root, '--target', 'debug', '--outFile', 'program.wasm'],
    {
      readFile: (name, baseDir) => {
        if (name === 'program.ts') return program;
        const path = resolve(baseDir, name);
        return existsSync(path) ? readFileSync(path, 'utf8') : null;
      },
      writeFile: () => {},
    },
  );
  return error === null ? '' : stderr.toString();
}

const allocations = {
  'an array': 'export function f(): i32 { return new Array<i32>(4).length; }',
  'an array literal': 'export function f(a: i32): i32 { return [a].length; }',
  'an object': 'class A { b: i32 = 0; }\nexport function f(): i32 { return new A().b; }',
  'an unmanaged object': '@unmanaged class A { b: i32; }\nexport function f(): i32 { return new A().b; }',
  'a string': "export function f(a: i32): i32 { return ('a' + a.toString()).length; }",
  'a template string': `export function f(a: i32): i32 { return \`a\${a}\`.length; }`,
  'a typed array': 'export function f(): i32 { return new Uint8Array(4)[0]; }',
  'a map': 'export function f(): i32 { return new Map<i32, i32>().size; }',
  'a block of the heap': 'export function f(): usize { return heap.alloc(4); }',
};
for (const [name, program] of Object.entries(allocations)) {
  test(`${name} does not compile`, async () => assert.match(await complaints(program), 'the guest has no heap'));
}

test('unmanaged classes over static memory, and the texts of asserts, compile', async () => {
  const program = [
    '@unmanaged class A { b: u32; next: A | null; }',
    'const a = changetype<A>(memory.data(offsetof<A>(), 8));',
    "if (offsetof<A>('next') != 4) ERROR('layout');",
    "export function f(b: u32): u32 { assert(b != 3, 'b is three'); a.b += b; a.next = a; return a.b; }",
  ];
  assert.is(await complaints(program.join('\n')), '');
});

test('a static assert that does not hold stops the build', async () => {
  const program = "@unmanaged class A { b: u32; }\nif (offsetof<A>() != 8) ERROR('A is not 8 bytes');\n";
  assert.match(await complaints(program), 'A is not 8 bytes');
});

test.run();
