/** The device: open, ioctls, the context manager, poll, and reads without work. */
import * as protocol from '../../../assembly/abi/protocol.ts';
import { ioctlName } from '../../../host/wire/ioctls.ts';
import { bytesOf, u32, u64 } from '../../bytes.ts';
import { MAP, O_NONBLOCK } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import { manager, register, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

/** Every ioctl of the driver, by number. */
const IOCTLS = Object.values(protocol)
  .filter((cmd) => ioctlName(cmd) !== null)
  .sort((a, b) => (a & 0xff) - (b & 0xff));

export default [
  scenario('version', 'BINDER_VERSION; a bad pointer is EINVAL (not EFAULT)', async (s) => {
    const a = await s.proc('A');
    await a.open();
    await a.version();
    await a.version({ arg: 0 });
    await a.version({ arg: 0x60000000 });
    await s.dump('state');
  }),
  scenario('ioctl-unknown', 'unknown and retired ioctl numbers', async (s) => {
    const a = await s.proc('A');
    await a.open();
    await a.ioctl(0x12345678);
    await a.ioctl(protocol.BINDER_SET_IDLE_TIMEOUT, { input: u64(0) });
    await a.ioctl(protocol.BINDER_SET_IDLE_PRIORITY, { input: u32(0) });
    await a.ioctl(0xc0186210); // nr 16 with another size
    await a.ioctl(0xc0306202);
    await a.ioctl(0x5401);
    await a.version();
  }),
  scenario('ioctl-bad-pointer', 'every ioctl that takes a pointer, with a bad one', async (s) => {
    const a = await s.proc('A');
    await a.open();
    for (const n of IOCTLS) {
      if (n === protocol.BINDER_SET_CONTEXT_MGR || n === protocol.BINDER_THREAD_EXIT) continue;
      await a.ioctl(n, { arg: 0 });
      await a.ioctl(n, { arg: 0x60000000 });
    }
    await a.ioctl(protocol.BINDER_THREAD_EXIT, { arg: 0 });
    await a.ioctl(protocol.BINDER_SET_CONTEXT_MGR, { arg: 0 });
    await s.dump('state');
  }),
  scenario('open-close', 'open, dup, close, reopen; procs listed newest first', async (s) => {
    const a = await s.proc('A');
    const b = await s.proc('B');
    await a.open();
    await b.open();
    await s.dump('state');
    await a.open();
    await s.dump('state');
    await a.close(3);
    await s.dump('state');
    await a.close(4);
    await s.dump('state');
    await a.close(4);
    await b.dup(3, -1);
    await b.close(3);
    await s.dump('state');
    await b.version({ fd: 4 });
    await s.dump(b);
    await b.close(4);
    await s.dump('state');
  }),
  scenario('context-manager', 'SET_CONTEXT_MGR: EBUSY, uid check, release on close', async (s) => {
    const a = await s.proc('A');
    const b = await s.proc('B');
    const c = await s.proc('C', { uid: 1000 });
    await a.open();
    await b.open();
    await c.open();
    await a.setContextMgr();
    await a.setContextMgr();
    await b.setContextMgr();
    await b.setContextMgrExt(object.binder(0x77, 0x78));
    await s.dump('state');
    await a.close();
    await s.dump('state');
    await c.setContextMgr();
    await b.setContextMgr();
    await s.dump('state');
    await s.kill(b);
    await s.dump('state');
  }),
  scenario('context-manager-ext', 'SET_CONTEXT_MGR_EXT keeps ptr, cookie and flags', async (s) => {
    const sm = await s.start('SM');
    const a = await s.start('A');
    await sm.setContextMgrExt(object.binder(0xabc0, 0xdef0, 0x113));
    await s.dump('state');
    await sm.loop();
    await a.rw([bc.transaction({ handle: 0, code: 5, data: Buffer.from('hi') })]);
    s.want(sm.done(), 'NOOP TRANSACTION');
    await s.dump('state');
    await sm.write(bc.reply());
    s.want(a.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    await sm.nodeDebugInfo(0);
    await sm.nodeDebugInfo(0xabc0);
  }),
  scenario(
    'first-read-returns',
    'the first ioctl of a thread never blocks in read: looper_need_return is set at birth',
    async (s) => {
      const a = await s.proc('A');
      await a.open();
      await a.mmap();
      s.want(await a.loop(), 'NOOP');
      await s.dump('state');
      s.want(await a.read(), 'parked');
      await s.signal(a);
      const t = await a.spawn();
      s.want(await t.read(), 'NOOP');
      s.want(await t.read(), 'parked');
      await s.dump('state');
    },
  ),
  scenario(
    'interrupt',
    'a signal interrupts a blocked read: EINTR, write_consumed kept, BR_NOOP already stored',
    async (s) => {
      const a = await s.start('A');
      await a.loop();
      await s.signal(a);
      s.want(a.done(), 'EINTR');
      await s.dump('state');
      s.want(await a.read(), 'parked');
      await s.signal(a);
    },
  ),
  scenario('nonblock', 'O_NONBLOCK: EAGAIN with an empty queue, by open flag and by fcntl', async (s) => {
    const sm = await manager(s);
    const a = await s.proc('A');
    await a.open(O_NONBLOCK);
    await a.mmap();
    await a.version();
    s.want(await a.read(), 'EAGAIN');
    s.want(await a.loop(), 'EAGAIN');
    s.want(await a.rw([bc.transaction({ handle: 0, data: Buffer.from('q') })]), 'EAGAIN');
    const t = message(sm.done());
    await s.dump('state');
    await sm.write(bc.freeBuffer(t.buffer), bc.reply());
    s.want(await a.read(), 'NOOP TRANSACTION_COMPLETE REPLY');
    await a.nonblock(false);
    s.want(await a.read(), 'parked');
    await s.signal(a);
    await a.nonblock(true);
    s.want(await a.read(), 'EAGAIN');
    await a.threadExit();
    s.want(await a.read(), 'NOOP');
    s.want(await a.read(), 'EAGAIN');
  }),
  scenario('poll', 'poll: EPOLLIN with work, 0 without; a blocked poll is woken', async (s) => {
    const sm = await s.start('SM');
    await sm.setContextMgr();
    const a = await s.start('A');
    await sm.poll(0);
    await s.dump('state');
    await sm.write(bc.enterLooper());
    await sm.poll(0);
    s.want(await sm.poll(-1), 'parked');
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('1') })]);
    await s.dump('state');
    await sm.poll(0);
    const t = message(await sm.read());
    await sm.poll(0);
    await sm.write(bc.freeBuffer(t.buffer), bc.reply());
    await sm.poll(0);
    await sm.read();
    await sm.poll(0);
    await a.poll(0);
    await a.poll(0, 1);
    await a.poll(0, 4);
  }),
  scenario('poll-fresh-thread', 'a thread whose first contact is poll is readable at once (need_return)', async (s) => {
    const a = await s.proc('A');
    await a.open();
    await a.poll(0);
    await a.version();
    await a.poll(0);
    await s.dump('state');
    await a.threadExit();
    await a.poll(-1);
    await s.dump('state');
  }),
  scenario('poll-proc-work', 'work for the process wakes every polling thread, and each sees EPOLLIN', async (s) => {
    const sm = await s.start('SM');
    await sm.setContextMgr();
    const t1 = await sm.spawn();
    const t2 = await sm.spawn();
    await t1.version();
    await t2.version();
    await t1.poll(-1);
    await t2.poll(-1);
    const a = await s.start('A');
    await a.rw([bc.transaction({ handle: 0, flags: 1, data: Buffer.from('1') })]);
    s.want(await t2.read(), 'NOOP TRANSACTION');
    await t1.poll(0);
    await s.dump('state');
  }),
  scenario('flush', 'closing a duplicate flushes: every thread in a read returns with BR_NOOP', async (s) => {
    const a = await s.start('A');
    const t1 = await a.spawn();
    const t2 = await a.spawn();
    await t1.version();
    await t2.version();
    await t1.loop();
    await t2.loop();
    await a.dup(3, 9);
    await a.close(9);
    s.want(t1.done(), 'NOOP');
    s.want(t2.done(), 'NOOP');
    await s.dump('state');
    s.want(await t1.read(), 'parked');
    await s.dump('state');
    s.want(await a.read(), 'NOOP');
    s.want(await a.read(), 'parked');
  }),
  scenario(
    'close-while-parked',
    'close from another thread: flush wakes the reader; the mapping keeps the proc alive until munmap',
    async (s) => {
      const a = await s.start('A');
      const t1 = await a.spawn();
      await t1.version();
      await t1.loop();
      await a.close();
      t1.done();
      await s.dump('state');
      await t1.read();
      await a.munmap();
      await s.dump('state');
    },
  ),
  scenario(
    'close-unmapped-while-parked',
    'as above without a mapping: the proc goes when the parked ioctl has returned',
    async (s) => {
      const a = await s.proc('A');
      await a.open();
      const t1 = await a.spawn();
      await t1.version();
      await t1.loop();
      await a.close();
      t1.done();
      await s.dump('state');
    },
  ),
  scenario('thread-exit', 'BINDER_THREAD_EXIT forgets the thread; the next ioctl makes a new one', async (s) => {
    const a = await s.start('A');
    await a.write(bc.enterLooper());
    await s.dump('state');
    await a.threadExit();
    await s.dump('state');
    await a.threadExit();
    await s.dump('state');
    s.want(await a.read(), 'NOOP');
    await s.dump('state');
    const t = await a.spawn();
    await t.version();
    await t.texit();
    await s.dump('state');
  }),
  scenario('two-opens', 'one process with two descriptors is two binder procs: it may call itself', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    const t1 = await a.spawn();
    await t1.open(); // fd 4, second proc of the same pid
    await t1.mmap({ addr: MAP + 0x1000000, fd: 4 });
    await t1.version({ fd: 4 });
    await s.dump('state');
    const h = await register(sm, a, 0x2000, 0x2001);
    // second proc looks it up
    await t1.wr({ fd: 4, write: [bc.transaction({ handle: 0, code: 2 })], read: 256 });
    const t = message(sm.done());
    await sm.write(bc.freeBuffer(t.buffer), bc.reply({ ...parcel(object.handle(h)) }));
    await sm.read();
    await sm.read();
    const r = message(t1.done());
    await t1.wr({ fd: 4, write: [bc.acquire(1), bc.freeBuffer(r.buffer)] });
    await s.dump('state');
    await a.loop();
    await t1.wr({ fd: 4, write: [bc.transaction({ handle: 1, code: 77, data: Buffer.from('self') })], read: 256 });
    const q = message(a.done());
    await a.write(bc.freeBuffer(q.buffer), bc.reply({ data: Buffer.from('ok') }));
    s.want(t1.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    await s.dump(a);
  }),
  scenario('two-opens-manager', 'handle 0 from another proc of the same pid as the manager is refused', async (s) => {
    const a = await s.start('A');
    await a.setContextMgr();
    await a.open();
    await a.mmap({ addr: MAP + 0x1000000, fd: 4 });
    await a.version({ fd: 4 });
    await a.wr({ fd: 4, write: [bc.transaction({ handle: 0 })], read: 256 });
    await a.extendedError({ fd: 4 });
    await a.wr({ fd: 4, write: [bc.acquire(0)], read: 0 });
    await s.dump('state');
  }),
  scenario('node-debug-info', 'walking nodes in ptr order', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await register(sm, a, 0x3000, 0x3001);
    await register(sm, a, 0x1000, 0x1001, { done: false });
    await register(sm, a, 0x2000, 0x2001);
    await a.nodeDebugInfo(0);
    await a.nodeDebugInfo(0x1000);
    await a.nodeDebugInfo(0x1fff);
    await a.nodeDebugInfo(0x2000);
    await a.nodeDebugInfo(0x3000);
    await a.nodeDebugInfo(0xffffffffffffffffn);
    await s.signal(sm);
    await sm.nodeDebugInfo(0);
  }),
  scenario(
    'node-info-for-ref',
    'GET_NODE_INFO_FOR_REF: only the manager, only strong refs, only zero fields',
    async (s) => {
      const { sm, b, h } = await trio(s);
      await b.nodeInfoForRef(1);
      await s.signal(sm);
      await sm.nodeInfoForRef(h);
      await sm.nodeInfoForRef(0);
      await sm.nodeInfoForRef(99);
      await sm.ioctl(protocol.BINDER_GET_NODE_INFO_FOR_REF, {
        input: bytesOf(u32(h), u32(1), u32(0), u32(0), u32(0), u32(0)),
        out: 24,
      });
      await sm.ioctl(protocol.BINDER_GET_NODE_INFO_FOR_REF, {
        input: bytesOf(u32(h), u32(0), u32(0), u32(0), u32(0), u32(7)),
        out: 24,
      });
      await sm.write(bc.increfs(h), bc.release(h));
      await sm.nodeInfoForRef(h);
      await s.dump('state');
    },
  ),
  scenario(
    'extended-error',
    'GET_EXTENDED_ERROR: set by failures, cleared by reading, reset by the next transaction',
    async (s) => {
      await manager(s);
      const a = await s.start('A');
      await a.extendedError();
      await a.rw([bc.transaction({ handle: 42 })]);
      await a.extendedError();
      await a.extendedError();
      await a.rw([bc.transaction({ handle: 42 })]);
      await a.rw([bc.transaction({ handle: 0, flags: 1 })]);
      await a.extendedError();
      await a.rw([bc.reply()]);
      await a.extendedError();
      await a.rw([bc.transaction({ handle: 0, offsets: [0], data: Buffer.alloc(8) })]);
      await a.extendedError();
      await s.dump('failed_transaction_log');
    },
  ),
];
