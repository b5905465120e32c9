/** Kernel objects field by field: all of them, what lies at an address, and what changed. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bc, type ClassName, rawChanges } from '../../host/index.ts';
import { sizeOf } from '../../host/inspect/kernelmemory.ts';
import { boot, debugModule, meet } from './machines.ts';

const test = suite('raw objects');
const met = () => meet(boot({ wasm: debugModule }));

test('every kernel object in use is there once, as many as the caches count', () => {
  const { machine } = met();
  const objects = machine.inspect.rawObjects();
  assert.is(objects.length, machine.liveObjects());
  assert.is(new Set(objects.map(({ address }) => address)).size, objects.length);
  const count = (type: ClassName) => objects.filter((object) => object.type === type).length;
  const counted = machine.inspect.objects();
  assert.is(count('Process'), counted.process);
  assert.is(count('Buffer'), counted.binder_buffer);
  assert.is(count('BinderThread'), counted.binder_thread);
});

test('an object by class and address has the fields that its view has, by their names in the guest', () => {
  const { machine } = met();
  const proc = machine.inspect.procs()[0];
  const { fields } = machine.inspect.raw('Proc', proc?.handle as number);
  assert.is(fields.pid, proc?.pid);
  assert.is(fields.process, proc?.process);
  assert.is(fields.isFrozen, false);
});

test('an address leads to its frame, object and field', () => {
  const { machine } = met();
  const { inspect } = machine;
  const handle = inspect.procs()[0]?.handle as number;
  const alloc = inspect.raw('Proc', handle).fields.alloc as number;
  const { kernel } = inspect;
  const place = inspect.at(kernel.object('BinderAlloc', alloc).addressOf('asyncFree') + 3);
  assert.is(place.frame.kind, 'slab');
  assert.equal([place.object?.type, place.object?.address], ['BinderAlloc', alloc]);
  assert.equal([place.field?.name, place.field?.type], ['asyncFree', 'u32']);
  const behind = inspect.at(handle + sizeOf('Proc') + 8);
  assert.equal([behind.object?.address, behind.field], [handle, null]);
  const page = inspect.at((inspect.processes()[0]?.handle as number) & ~4095);
  assert.equal([page.frame.kind, page.object], ['slab', null]);
});

test('a frame that is no slab’s leads to the object that it belongs to', () => {
  const { machine, app, appFd, manager } = met();
  const { inspect } = machine;
  app.writeRead(appFd, [bc.transaction({ handle: 0, data: 'hi' })]);
  const proc = inspect.kernel.object('Proc', inspect.procs().find(({ pid }) => pid === manager.tid)?.handle as number);
  const page = inspect.pages({ handle: proc.linear }).find(({ state }) => state === 'active');
  const place = inspect.at(page?.frame as number);
  assert.equal([place.frame.kind, place.owner], ['binder', { type: 'BinderAlloc', address: proc.alloc.linear }]);
  assert.equal([inspect.at(0x10000).frame.kind, inspect.at(0x10000).owner], ['reserved', null]);
});

test('what is outside of memory, or no class, is refused', () => {
  const { inspect, guest } = boot();
  assert.throws(() => inspect.at(guest.u8.length), /nothing is at 16777216: that is outside/);
  assert.throws(() => inspect.at(0.5), /nothing is at 0.5/);
  assert.throws(() => inspect.raw('Node', guest.u8.length - 8), /no Node can be at 16777208/);
  assert.throws(() => inspect.raw('toString' as ClassName, 0), /the guest has no class "toString"/);
});

test('what changed is told field by field; made and gone objects by their class', () => {
  const { machine, app, appFd } = met();
  const { inspect } = machine;
  const before = inspect.rawObjects();
  assert.equal(rawChanges(before, inspect.rawObjects()), []);
  app.writeRead(appFd, [bc.transaction({ handle: 0, data: 'hi' })]);
  const after = inspect.rawObjects();
  const changes = rawChanges(before, after);
  assert.is(changes.filter(({ kind, type }) => kind === 'made' && type === 'Transaction').length, 1);
  assert.equal(
    rawChanges(after, before).filter(({ kind }) => kind === 'gone').length,
    changes.filter(({ kind }) => kind === 'made').length,
  );
  const { loopers } = inspect.procs().find(({ pid }) => pid === app.tid) ?? {};
  const looper = changes.find(({ address }) => address === loopers?.[0]?.handle);
  assert.is(looper?.kind, 'changed');
  if (looper?.kind !== 'changed') return;
  const stack = looper.fields.find(({ name }) => name === 'stack');
  assert.equal([stack?.before, stack?.after], [0, loopers?.[0]?.stack[0]?.transaction.handle]);
});

test.run();
