/** The layout: what the host knows of the guest is what the guest is, and another guest is refused. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { CLASSES, DIGEST } from '../../build/layout.ts';
import { Machine } from '../../host/index.ts';
import { isClassName, type KernelObject } from '../../host/inspect/kernelmemory.ts';
import { boot, meet } from './machines.ts';

const test = suite('layout');
const bytesOf = (build: string): Buffer => readFileSync(join(import.meta.dirname, `../../../build/${build}.wasm`));

for (const build of ['release', 'debug', 'profile', 'bench']) {
  test(`${build}.wasm has the layout that the host knows`, () => {
    const [section] = WebAssembly.Module.customSections(new WebAssembly.Module(bytesOf(build)), 'layout');
    assert.is(Buffer.from(section as ArrayBuffer).toString(), DIGEST);
  });
}

test('a guest with another layout is refused', () => {
  const wasm = Buffer.from(bytesOf('release'));
  const at = wasm.indexOf(DIGEST);
  assert.ok(at > 0);
  wasm.write('0123456789ab', at);
  const refused = new RegExp(
    `another build of binderlab: its layout is 0123456789ab, and this host knows ${DIGEST.slice(0, 12)}`,
  );
  assert.throws(() => Machine.boot({ wasm }), refused);
});

test('a wasm file that is no guest is refused', () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  assert.throws(() => Machine.boot({ wasm: empty }), /this wasm module is no binderlab guest/);
  assert.throws(() => Machine.boot({ wasm: bytesOf('test') }), /this wasm module is no binderlab guest/);
});

test('a class or field that the guest does not have is a type error', () => {
  const kernel = boot().inspect.kernel;
  // @ts-expect-error no class has this name
  assert.throws(() => kernel.object('Proc_', 0));
  const context = kernel.array(kernel.roots.contexts, 'BinderContext', 1)[0] as KernelObject<'BinderContext'>;
  // @ts-expect-error no field has this name
  assert.is(context.managerId, undefined);
  // @ts-expect-error a field of 64 bits is a bigint
  const uid: number = context.managerUid;
  assert.is(uid, -1n as unknown);
  // @ts-expect-error a list is linked by a field of its objects
  assert.throws(() => kernel.list(kernel.roots.procs, 'Proc', 'siblingNext'));
});

test('an object is read as the guest reads it: pointers, lists, trees, 64 bits and signs', () => {
  const { machine, app } = meet(boot());
  const { kernel } = machine.inspect;
  const procs = kernel.list(kernel.roots.procs, 'Proc', 'procsNext');
  assert.equal(
    procs.map(({ process }) => process.pid),
    machine.inspect.procs().map(({ pid }) => pid),
  );
  const proc = procs[0] as KernelObject<'Proc'>;
  assert.is(proc.process.pid, app.tid);
  assert.is(proc.alloc.vma?.start, proc.alloc.userBase);
  assert.is(kernel.tree(proc.threads, 'BinderThread', 'rbParent')[0]?.proc.linear, proc.linear);
  assert.is(kernel.roots.driver.lastId, 1);
  const context = kernel.array(kernel.roots.contexts, 'BinderContext', 2)[1] as KernelObject<'BinderContext'>;
  assert.is(context.manager, null);
  assert.is(context.managerUid, -1n);
});

test('every type of a field can be read', () => {
  const types = Object.values(CLASSES).flatMap(({ fields }) =>
    Object.values(fields).map(([, type]: [number, string]) => type),
  );
  const plain = new Set(types.filter((type) => !isClassName(type.replace(' | null', ''))));
  assert.equal([...plain].sort(), ['bool', 'i32', 'i64', 'u16', 'u32', 'u64', 'u8', 'usize']);
});

test('no field is hidden by what every object has', () => {
  const own = new Set<string>(['source', 'linear', 'addressOf', 'constructor']);
  const hidden = Object.values(CLASSES).flatMap(({ fields }) => Object.keys(fields).filter((name) => own.has(name)));
  assert.equal(hidden, []);
});

test.run();
