import * as protocol from '../../../assembly/abi/protocol.ts';
import { ioctlName } from '../../../host/kernel/ioctls.ts';
import { bytesOf, u32, u64 } from '../../bytes.ts';
import { DATA, MAP, MAP_SIZE, O_NONBLOCK } from '../../calls.ts';
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
  scenario('mmap-basic', 'the mapping: SIGBUS where no page is installed, SIGSEGV on write and outside', async (s) => {
    const a = await s.start('A');
    await s.dump('stats');
    await a.peek(MAP, 16);
    await a.peek(MAP + MAP_SIZE - 1, 1);
    await a.peek(MAP + MAP_SIZE, 1);
    await a.poke(MAP, 'x');
    const sm = await manager(s);
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('0123456789abcdef') })]);
    const t = message(sm.done());
    await sm.peek(t.buffer, 16);
    await sm.peek(MAP, 4096);
    await sm.peek(MAP, 4097);
    await sm.poke(t.buffer, 'x');
    await s.dump('stats');
  }),
  scenario('mmap-errors', 'writable, second, and protected mappings', async (s) => {
    const a = await s.proc('A');
    await a.open();
    await a.mmap({ prot: 3 });
    await a.mmap({ prot: 2 });
    await a.mmap({ prot: 1, len: 0 });
    await a.mmap({ prot: 1, flags: 0x100001, len: 65536 }); // MAP_SHARED
    await a.mmap({ addr: MAP + 0x1000000, len: 65536 });
    await a.mprotect(MAP, 4096, 3);
    await a.mprotect(MAP, 4096, 0);
    await a.mprotect(MAP, 4096, 1);
    await a.munmap(MAP, 65536);
    await a.mmap({ len: 65536 });
    await s.dump('stats');
    const b = await s.proc('B');
    await b.open();
    await b.mmap({ prot: 0, len: 8192 });
    await b.peek(MAP, 4);
    await b.mmap({ addr: MAP + 0x100000, len: 8192 });
  }),
  scenario('mmap-unaligned-length', 'lengths are rounded up to whole pages', async (s) => {
    const a = await s.start('A', { map: 5000 });
    const b = await s.start('B');
    await a.setContextMgr();
    await s.dump('stats');
    await b.write(bc.transaction({ handle: 0, data_size: 8192, buffer: DATA }));
    await b.extendedError();
    await a.read();
    await s.dump('stats');
    await s.dump('state');
  }),
  scenario(
    'mmap-fork',
    'a forked child cannot map or see the mapping, but its ioctls are threads of the parent proc',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      const c = await a.fork('C');
      await c.peek(MAP, 4);
      await c.mmap({ addr: MAP, len: 65536 });
      await c.version();
      await s.dump('state');
      await c.rw([bc.transaction({ handle: 0, code: 9, data: Buffer.from('kid!') })]);
      const t = message(sm.done());
      await s.dump('state');
      await sm.write(bc.freeBuffer(t.buffer), bc.reply({ data: Buffer.from('back') }));
      const r = message(c.done());
      await c.peek(r.buffer, 4);
      await a.peek(r.buffer, 4);
      await c.write(bc.freeBuffer(r.buffer));
      await a.loop();
      await c.close(); // flush: the parent's parked thread returns
      await s.dump('state');
      await s.kill(c);
      await s.dump('state');
    },
  ),
  scenario('mmap-none', 'a target that never mapped: ESRCH, BR_DEAD_REPLY', async (s) => {
    const sm = await s.proc('SM');
    await sm.open();
    await sm.setContextMgr();
    const a = await s.start('A');
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('x') })]);
    await a.extendedError();
    await a.rw([bc.transaction({ handle: 0, flags: 1, data: Buffer.from('x') })]);
    await a.extendedError();
    await s.dump('failed_transaction_log');
    // and a caller that never mapped cannot get a reply
    const sm2 = await s.proc('B');
    await sm2.open();
    await sm2.version();
    await sm.mmap();
    await sm.loop();
    await sm2.rw([bc.transaction({ handle: 0, data: Buffer.from('y') })]);
    await sm.write(bc.reply({ data: Buffer.from('z') }));
    await sm.read();
    await sm2.extendedError();
    await sm.extendedError();
    await s.dump('failed_transaction_log');
  }),
  scenario('munmap', 'after munmap the target is as good as dead; mapping again is EBUSY', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('one') })]);
    const t = message(sm.done());
    await sm.munmap();
    await sm.write(bc.freeBuffer(t.buffer), bc.reply());
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('two') })]);
    await a.extendedError();
    await sm.mmap();
    await sm.peek(MAP, 4);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('munmap-partial', 'unmapping part of the mapping closes a vma and stops new buffers', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await a.write(bc.transaction({ handle: 0, flags: 1, data: Buffer.from('one') }));
    await sm.munmap(MAP + 0x80000, 0x1000);
    await a.rw([bc.transaction({ handle: 0, flags: 1, data: Buffer.from('two') })]);
    await a.extendedError();
    await sm.peek(MAP, 3);
    await s.dump('state');
  }),
  scenario('mmap-5m-clamp', 'a 5 MiB mapping is used only up to 4 MiB', async (s) => {
    const sm = await s.start('SM', { map: 5 << 20 });
    await sm.setContextMgr();
    const a = await s.start('A');
    await s.dump('stats');
    await a.write(bc.transaction({ handle: 0, data_size: (4 << 20) + 8, buffer: DATA - 0x400000 }));
    await a.extendedError();
    await a.read();
    await a.write(bc.transaction({ handle: 0, data_size: 4 << 20, buffer: DATA - 0x400000 }));
    await sm.loop(0x100);
    await s.dump('stats');
    await s.dump('state');
    await sm.peek(MAP + (4 << 20), 1);
    await sm.peek(MAP + (4 << 20) - 1, 1);
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
  scenario(
    'thread-exit',
    'protocol.BINDER_THREAD_EXIT forgets the thread; the next ioctl makes a new one',
    async (s) => {
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
    },
  ),
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
  scenario('wr-empty', 'protocol.BINDER_WRITE_READ with nothing to do', async (s) => {
    const a = await s.start('A');
    await a.wr({});
    await a.wr({ wconsumed: 5, rconsumed: 7 });
    await a.wr({ wbuf: 0, rbuf: 0 });
  }),
  scenario('wr-efault', 'bad pointers in and around BINDER_WRITE_READ', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await a.wr({ arg: 0, read: 256 });
    await a.wr({ write: [bc.enterLooper()], wbuf: 0x60000000 });
    await a.wr({ write: [bc.enterLooper()], wbuf: 0x60000000, read: 256, rconsumed: 3 });
    // a stream that runs off the end of the arena
    await a.wr({ write: [bc.enterLooper(), bc.acquire(0)], wbuf: 0x10800000 - 8 });
    await a.wr({ write: [bc.enterLooper(), bc.freeBuffer(0x70000000)], wbuf: 0x10800000 - 8 });
    await a.wr({
      write: [bc.enterLooper(), bc.transaction({ handle: 0, buffer: 0, data_size: 0 })],
      wbuf: 0x10800000 - 40,
    });
    await a.wr({ read: 256, rbuf: 0x60000000 });
    await a.wr({
      write: [bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abc') })],
      read: 256,
      rbuf: 0x60000000,
    });
    await s.dump('state');
    s.want(await a.read(), 'NOOP TRANSACTION_COMPLETE');
    // the argument block is read-only after the call: not tested; a read buffer that ends early
    await a.wr({
      write: [bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abc') })],
      read: 256,
      rbuf: 0x10800000 - 4,
    });
    await s.dump('state');
    await a.poll(0);
    await sm.read();
  }),
  scenario('wr-efault-delivery', 'a transaction whose delivery faults is failed back to its sender', async (s) => {
    const sm = await s.start('SM');
    await sm.setContextMgr();
    const a = await s.start('A');
    await sm.wr({ write: [bc.enterLooper()], read: 256, rbuf: 0x10800000 - 4 });
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('abc') })]);
    await a.extendedError();
    await s.dump('state');
    await sm.wr({ read: 256, rbuf: 0x10800000 - 8 });
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('abc') })]);
    await sm.wr({ read: 256, rbuf: 0x10800000 - 8 });
    await a.rw([bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abc') })]);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('wr-consumed', 'write_consumed and read_consumed are honoured as starting points', async (s) => {
    const a = await s.start('A');
    await a.wr({ write: [bc.exitLooper(), bc.enterLooper()], wconsumed: 4 });
    await s.dump('state');
    await a.wr({ write: [bc.exitLooper()], wconsumed: 4 });
    await a.wr({ write: [bc.exitLooper()], wconsumed: 8 });
    await s.dump('state');
    await a.wr({ write: [bc.transaction({ handle: 42 })], read: 256, rconsumed: 8 });
    await a.wr({ write: [bc.transaction({ handle: 42 })], read: 256, rconsumed: 300 });
    await a.wr({ read: 256 });
  }),
  scenario('wr-short-stream', 'a command or payload cut by write_size is read past the end', async (s) => {
    const a = await s.start('A');
    await a.wr({ write: [bc.enterLooper()], wsize: 1 });
    await s.dump('state');
    await a.wr({ write: [bc.exitLooper(), bc.raw(Buffer.from([0x0c]))], wsize: 5 });
    await a.wr({ write: [bc.freeBuffer(0x1234)], wsize: 4 });
    await a.wr({ write: [bc.transaction({ handle: 42 })], wsize: 20 });
    await a.read();
  }),
  scenario('wr-unknown-command', 'unknown commands: EINVAL, what came before stays done', async (s) => {
    const a = await s.start('A');
    await a.wr({ write: [bc.raw(u32(0))] });
    await a.wr({ write: [bc.enterLooper(), bc.raw(u32(0xdeadbeef)), bc.exitLooper()], read: 256, rconsumed: 9 });
    await s.dump('state');
    await a.wr({ write: [bc.raw(u32(0x630b + 100))] });
    await a.wr({ write: [bc.raw(bytesOf(u32(0x40406300), Buffer.alloc(60)))] });
    await a.wr({ write: [bc.raw(bytesOf(u32(0x40046300), u32(1)))] });
    await s.dump('stats');
  }),
  scenario('bc-not-supported', 'BC_ATTEMPT_ACQUIRE and BC_ACQUIRE_RESULT are EINVAL', async (s) => {
    const a = await s.start('A');
    await a.write(bc.attemptAcquire(1, 1));
    await a.write(bc.acquireResult(0));
    await a.rw([bc.enterLooper(), bc.attemptAcquire(1, 1), bc.exitLooper()]);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario(
    'small-read-buffer',
    'read_size below 80 returns only BR_NOOP while work waits; below 4 it writes past the end',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      await a.write(bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abc') }));
      for (const n of [4, 8, 12, 76, 79]) await a.read(n);
      s.want(await a.read(80), 'NOOP TRANSACTION_COMPLETE');
      const t = message(sm.done());
      await sm.write(bc.freeBuffer(t.buffer));
      await a.write(bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abd') }));
      await a.read(1);
      await a.poll(0);
      await a.write(bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abe') }));
      await a.read(3);
      await a.read(84);
      await s.dump('state');
    },
  ),
  scenario('small-read-parks', 'a tiny read buffer still sleeps until work arrives', async (s) => {
    const sm = await s.start('SM');
    await sm.setContextMgr();
    const a = await s.start('A');
    s.want(await sm.rw([bc.enterLooper()], 4), 'parked');
    await a.write(bc.transaction({ handle: 0, flags: 1, data: Buffer.from('abc') }));
    s.want(sm.done(), 'NOOP');
    await s.dump('state');
    s.want(await sm.read(72), 'NOOP');
    s.want(await sm.read(80), 'NOOP TRANSACTION');
  }),
];
