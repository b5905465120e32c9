/** BINDER_WRITE_READ itself: sizes, what was consumed, pointers that fault. */
import { bytesOf, u32 } from '../../bytes.ts';
import { bc } from '../../commands.ts';
import { message } from '../../outcome.ts';
import { manager } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario('wr-empty', 'BINDER_WRITE_READ with nothing to do', async (s) => {
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
