/** Mappings: valid and invalid ones, what is readable in them, munmap and fork. */
import { DATA, MAP, MAP_SIZE } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { message } from '../../outcome.ts';
import { manager } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
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
];
