/** What views show, against what a script knows it did. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BR_OK } from '../../assembly/abi/protocol.ts';
import { BinderlabError, bc, type ProcView, type UsedBufferView } from '../../host/index.ts';
import { boot, meet } from './machines.ts';

const test = suite('views');
const NO_REPLY = 1;
const PAGE = 4096;
const MAPPING = 1040384;

/** The proc of a process that has one. */
function procOf(procs: readonly ProcView[], pid: number): ProcView {
  const found = procs.filter((proc) => proc.pid === pid);
  assert.is(found.length, 1);
  return found[0] as ProcView;
}

test('an empty machine', () => {
  const { inspect } = boot();
  assert.equal(inspect.processes(), []);
  assert.equal(inspect.procs(), []);
  assert.equal(inspect.deadNodes(), []);
  assert.equal(inspect.lru(), []);
  assert.equal(inspect.transactionLog(), []);
  assert.equal(inspect.stats(), { words: {}, objects: {} });
  assert.equal(
    inspect.contexts().map(({ name, manager, managerUid }) => [name, manager, managerUid]),
    ['binder', 'hwbinder', 'vndbinder'].map((name) => [name, null, null]),
  );
  assert.equal(inspect.objects(), {});
});

test('frames of all kinds sum up to the memory, and the free ones are free', () => {
  const machine = boot();
  meet(machine);
  const free = machine.freeFrames();
  const frames = machine.inspect.frames();
  const total = Object.values(frames).reduce((sum, count) => sum + count, 0);
  assert.is(total, (16 * 1024 * 1024) / PAGE);
  assert.is(frames.free, free);
  assert.is(machine.inspect.frame(0)?.kind, 'reserved');
  assert.is(machine.inspect.frame(16 * 1024 * 1024), null);
  const objects = machine.inspect.objects();
  assert.is(
    Object.values(objects).reduce((sum, count) => sum + count, 0),
    machine.liveObjects(),
  );
  assert.is(objects.binder_proc, 2);
});

test('a process: threads, descriptors, areas', () => {
  const machine = boot();
  const { managerFd } = meet(machine);
  const [first, second] = machine.inspect.processes();
  assert.equal([first?.pid, second?.pid], [1000, 2000]);
  const parked = first?.threads[0]?.parked;
  assert.is(parked?.in, 'read');
  assert.is(parked?.timeoutMs, null);
  const looper = procOf(machine.inspect.procs(), 1000).loopers[0];
  assert.is(parked?.at, looper?.handle);
  assert.is(looper?.waiter, 1000);
  assert.is(second?.threads[0]?.parked, null);

  assert.equal(
    first?.descriptors.map(({ fd, kind, cloexec }) => [fd, kind, cloexec]),
    [
      [0, 'null', false],
      [1, 'null', false],
      [2, 'null', false],
      [managerFd, 'binder', true],
    ],
  );
  const binder = first?.descriptors[3]?.binder;
  assert.equal(binder, { proc: procOf(machine.inspect.procs(), 1000).handle, device: 0 });

  const [arena, mapping] = first?.vmas ?? [];
  assert.equal([arena?.start, arena?.end, arena?.access], [0x10000000n, 0x10800000n, 'rw-p']);
  assert.equal([mapping?.start, mapping?.end, mapping?.access], [0x70000000n, 0x70000000n + BigInt(MAPPING), 'r--p']);
  assert.equal([mapping?.backing, mapping?.mayWrite, mapping?.dontCopy], ['pages', false, true]);
  assert.equal(machine.inspect.vmas({ pid: 1000 }), first?.vmas);
});

test('a call under way stands on two stacks', () => {
  const machine = boot();
  const { manager, app, appFd } = meet(machine);
  app.writeRead(appFd, [bc.transaction({ handle: 0, code: 7, data: new Uint8Array(5000) })]);
  assert.ok(app.parked);
  assert.not.ok(manager.parked);

  const { inspect } = machine;
  const server = procOf(inspect.procs(), 1000);
  const client = procOf(inspect.procs(), 2000);
  const [incoming] = server.loopers[0]?.stack ?? [];
  const [outgoing] = client.loopers[0]?.stack ?? [];
  assert.equal([incoming?.role, outgoing?.role], ['incoming', 'outgoing']);
  assert.equal(incoming?.transaction, outgoing?.transaction);
  const call = incoming?.transaction;
  assert.equal(call?.from, { pid: 2000, tid: 2000 });
  assert.equal(call?.to, { proc: server.handle, pid: 1000, tid: 1000 });
  assert.equal([call?.code, call?.needReply], [7, true]);
  assert.equal(
    client.loopers[0]?.todo.map((work) => work.type),
    ['TRANSACTION_COMPLETE'],
  );

  const [used, rest] = inspect.buffers(server) as [UsedBufferView, UsedBufferView];
  assert.equal([used.offset, used.dataSize, used.active, used.pid], [0, 5000, true, 2000]);
  assert.is(used.handle, call?.buffer?.handle);
  assert.is(used.size + rest.size, MAPPING);
  assert.equal(
    inspect.freeBuffers(server).map(({ offset }) => offset),
    [rest.offset],
  );
  const pages = inspect.pages(server);
  assert.is(pages.length, MAPPING / PAGE);
  assert.equal(
    pages.slice(0, 3).map(({ state }) => state),
    ['active', 'active', 'none'],
  );
});

test('pages lead where page tables do, under both addresses', () => {
  const machine = boot({ strategy: 'vmalloc' });
  const { manager, app, appFd } = meet(machine);
  app.writeRead(appFd, [bc.transaction({ handle: 0, data: Uint8Array.of(1, 2, 3, 4) })]);
  const { inspect } = machine;
  const [page] = inspect.pages(procOf(inspect.procs(), 1000));
  assert.is(page?.userAddress, 0x70000000);
  const user = inspect.walk(manager.home, 0x70000002);
  const kernel = inspect.walk('kernel', (page?.kernelAddress ?? 0n) + 2n);
  assert.is(user?.level, 3);
  assert.is(user?.linear, (page?.frame ?? 0) + 2);
  assert.is(kernel?.linear, user?.linear);
  assert.is(machine.guest.u8[user?.linear ?? 0], 3);
  assert.is(user?.descriptor, user?.descriptors[2]);
  assert.is(Number((user?.descriptor ?? 0n) & 0xfffff000n), page?.frame);
  assert.is((user?.descriptor ?? 0n) & 1n, 1n);
  assert.equal(inspect.frame(page?.frame ?? 0)?.kind, 'binder');
  assert.equal(
    inspect.leaves(manager.home, 0x70000000, 0x70000000 + MAPPING).map(({ address }) => address),
    [0x70000000n],
  );
  assert.equal(inspect.walk(manager.home, 0x70001000)?.linear, null);
  assert.equal(inspect.walk(manager.home, 2 ** 39), null);
  assert.is(inspect.walk(manager.home, 0x60000000)?.level, 2);
  assert.is(inspect.walk(manager.home, 0x5000000000)?.level, 1);
  const kmap = boot();
  meet(kmap);
  assert.equal(kmap.inspect.vmas('kernel'), []);
  assert.is(inspect.vmas('kernel').length, 2);
});

test('objects: the owner has a node, the other one a ref', () => {
  const machine = boot();
  const { manager, managerFd, app, appFd } = meet(machine);
  const object = { type: 'binder', ptr: 0x1000n, cookie: 0xffffffff_00000001n } as const;
  app.writeRead(appFd, [bc.transaction({ handle: 0, flags: NO_REPLY, objects: [object] })]);
  manager.writeRead(managerFd, [bc.acquire(1), bc.requestDeathNotification(1, 0xabcdn)], { readSize: 0 });

  const client = procOf(machine.inspect.procs(), 2000);
  const server = procOf(machine.inspect.procs(), 1000);
  const [node] = client.nodes;
  const [ref] = server.refs;
  assert.equal([node?.ptr, node?.cookie, node?.dead], [0x1000n, 0xffffffff_00000001n, false]);
  assert.equal(node?.refs, [ref]);
  assert.equal([ref?.desc, ref?.strong, ref?.node.handle, ref?.pid], [1, 2, node?.handle, 1000]);
  assert.equal([ref?.death, ref?.freeze], [0xabcdn, null]);
  assert.equal(machine.inspect.contexts()[0]?.manager?.handle, server.nodes[0]?.handle);

  machine.process('app').kill();
  const [dead] = machine.inspect.deadNodes();
  assert.equal([dead?.handle, dead?.dead, dead?.refs.length], [node?.handle, true, 1]);
  assert.ok(procOf(machine.inspect.procs(), 1000).refs[0]?.node.dead);
  assert.throws(
    () => machine.inspect.buffers(client),
    (error: unknown) => {
      return error instanceof BinderlabError && /that binder proc is gone/.test(error.message);
    },
  );
  assert.throws(() => machine.inspect.walk({ pid: 2000 }, 0), /no process of pid 2000 is alive/);
});

test('oneways wait at the node, freed pages on the LRU', () => {
  const machine = boot();
  const { manager, managerFd, app, appFd } = meet(machine);
  const oneway = bc.transaction({ handle: 0, flags: NO_REPLY, data: new Uint8Array(8) });
  app.writeRead(appFd, [oneway, oneway, oneway], { readSize: 0 });
  const server = procOf(machine.inspect.procs(), 1000);
  assert.ok(server.nodes[0]?.hasAsyncTransaction);
  assert.is(server.nodes[0]?.asyncTodo.length, 2);
  assert.is(server.mapping.asyncFree, MAPPING / 2 - 24);
  assert.equal(machine.inspect.lru(), []);
  for (let i = 0; i < 3; i++) {
    const [buffer] = machine.inspect.buffers(server).filter((each) => !each.free && each.allowUserFree);
    manager.writeRead(managerFd, [bc.freeBuffer(0x70000000 + (buffer?.offset ?? 0))], { readSize: 0 });
    if (i < 2) manager.writeRead(managerFd, []);
  }
  assert.equal(
    machine.inspect.lru().map(({ index, pid, state }) => [index, pid, state]),
    [[0, 1000, 'lru']],
  );
});

test('counts and logs', () => {
  const machine = boot();
  const { app, appFd } = meet(machine);
  app.writeRead(appFd, [bc.transaction({ handle: 9 })]);
  app.writeRead(appFd, [bc.transaction({ handle: 0, code: 3, data: new Uint8Array(4) })]);
  const { inspect } = machine;
  assert.is(inspect.stats().words.BC_TRANSACTION, 2);
  assert.equal(inspect.stats().objects.proc, { active: 2, total: 2 });
  assert.equal(inspect.stats(procOf(inspect.procs(), 2000)).objects, {});
  const [failed, call] = inspect.transactionLog();
  assert.equal(inspect.failedTransactionLog(), [failed]);
  assert.equal([failed?.complete, failed?.targetHandle, failed?.returnErrorParam], [true, 9, -22]);
  assert.equal([call?.type, call?.dataSize, call?.to.pid], ['call', 4n, 1000]);
  const [looper] = procOf(inspect.procs(), 2000).loopers;
  assert.equal(looper?.extendedError, { id: call?.id, command: BR_OK, param: 0 });
});

test('addresses that nobody has lead nowhere', () => {
  const { inspect, guest } = boot();
  for (const linear of [-1, guest.u8.length, Number.NaN]) assert.is(inspect.frame(linear), null);
  assert.is(inspect.walk('kernel', -1n), null);
  assert.equal(inspect.leaves('kernel', 0n, 1n << 64n), []);
});

test.run();
