/** Memory beside the driver's: of memory files, anonymous, shared by a fork; and a mapping of the greatest size. */
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
} from '../../../assembly/abi/machine.ts';
import { MAP, type MmapOptions } from '../../calls.ts';
import { bc, type TransactionFields } from '../../commands.ts';
import { findMessage, message } from '../../outcome.ts';
import { lookup, manager, register, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const PAGE = 4096;
const AT = 0x20000000; // where nothing is
const MIB = 1 << 20;
const SYNC = 0x80000; // MAP_SYNC

const ow = (handle: number, fields: TransactionFields = {}) => bc.transaction({ handle, flags: 0x11, ...fields });

export default [
  scenario('memfd-mapped', 'memory from a memfd: shared, private, behind its end, and across a fork', async (s) => {
    const a = await s.start('A');
    await a.mkfd('memfd', 10, { content: 'a page of memory' });
    await a.mmap({ addr: AT, len: 2 * PAGE, prot: 3, flags: MAP_SHARED | MAP_FIXED_NOREPLACE, fd: 10 });
    await a.peek(AT, 20);
    await a.poke(AT + 2, Buffer.from('PAGE'));
    await a.peek(AT + PAGE, 4);
    await a.poke(AT + PAGE, Buffer.from('x'));
    await a.fdinfo(10);
    await a.mmap({ addr: AT + 0x10000, len: PAGE, prot: 3, flags: MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd: 10 });
    await a.peek(AT + 0x10000, 20);
    await a.poke(AT + 0x10000, Buffer.from('private'));
    await a.fdinfo(10);
    await a.mmap({ addr: AT + 0x20000, len: PAGE, prot: 3, flags: MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd: 10 });
    await a.poke(AT + 0x20000, Buffer.from('at once'));
    await a.mmap({
      addr: AT + 0x30000,
      len: PAGE,
      prot: 1,
      flags: MAP_SHARED | MAP_FIXED_NOREPLACE,
      fd: 10,
      off: PAGE,
    });
    await a.peek(AT + 0x30000, 4);
    await a.mmap({ addr: AT + 0x40000, len: PAGE, prot: 1, flags: MAP_SHARED | MAP_FIXED_NOREPLACE, fd: 10 });
    await a.poke(AT + 0x40000, Buffer.from('no'));
    await a.mprotect(AT + 0x40000, PAGE, 3);
    await a.poke(AT + 0x40000, Buffer.from('yes'));
    const b = await a.fork('B');
    await b.poke(AT, Buffer.from('of B'));
    await a.peek(AT, 20);
    await b.peek(AT + 0x10000, 20);
    await b.poke(AT + 0x10000, Buffer.from('B too'));
    await a.peek(AT + 0x10000, 20);
    await a.poke(AT + 0x10000, Buffer.from('A now'));
    await b.peek(AT + 0x10000, 20);
    await b.peek(AT + 0x20000, 20);
    await a.close(10);
    await b.close(10);
    await a.peek(AT, 8);
    await a.munmap(AT, 2 * PAGE);
    await b.peek(AT, 8);
    await s.kill(a);
    await b.peek(AT, 8);
    await b.munmap(AT, PAGE);
    await b.peek(AT, 8);
    await b.peek(AT + 0x10000, 8);
  }),
  scenario('binder-reads-memfd', 'commands, data and answers in memory of a memfd', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.mkfd('memfd', 10, { content: Buffer.alloc(PAGE, 0x61) });
    await b.mmap({ addr: AT, len: 2 * PAGE, prot: 3, flags: MAP_SHARED | MAP_FIXED_NOREPLACE, fd: 10 });
    await b.mmap({ addr: AT + 0x10000, len: 2 * PAGE, prot: 3, flags: MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd: 10 });
    await b.rw([ow(bh, { buffer: AT + PAGE - 8, data_size: 8 })]);
    await a.peek(message(await a.read()).buffer, 8);
    await b.rw([ow(bh, { buffer: AT + PAGE - 4, data_size: 8 })]);
    await b.extendedError();
    await b.wr({ write: [ow(bh, { data: Buffer.from('d') })], read: 64, wbuf: AT + 0x10000, rbuf: AT + 6 });
    await b.peek(AT, 16);
    await b.peek(AT + 0x10000, 16);
    await b.fdinfo(10);
    await b.wr({ read: 0, write: [ow(bh)], arg: AT + 0x10000 + PAGE - 20 });
    await b.wr({ read: 64, write: [ow(bh)], rbuf: AT + PAGE - 4 });
    await s.dump('state');
  }),
  scenario('mmap-refused', 'types, offsets, descriptors and ranges that mmap refuses', async (s) => {
    const a = await s.proc('A');
    await a.open();
    const m = (o: MmapOptions) =>
      a.mmap({ addr: AT, len: PAGE, prot: 1, flags: MAP_PRIVATE | MAP_FIXED_NOREPLACE, ...o });
    await m({ off: 1 });
    await m({ fd: 99 });
    await m({ fd: -1 });
    await m({ flags: MAP_FIXED_NOREPLACE });
    await m({ flags: 4 | MAP_FIXED_NOREPLACE });
    await m({ flags: MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE | SYNC });
    await m({ flags: MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE });
    await a.mkfd('memfd', 10, { content: 'x' });
    await m({ fd: 10, flags: MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE });
    await m({ fd: 10, flags: MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE | SYNC, addr: AT + 0x10000 });
    await m({ fd: 10, flags: MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, addr: AT + 0x10000 });
    await a.mkfd('pipe', 11, { fd2: 12 });
    await m({ fd: 11 });
    await m({ fd: 12 });
    await m({ len: 0, fd: 10 });
    await m({ addr: AT + 1, fd: 10 });
    await m({ addr: AT, fd: 10 });
    await m({ addr: 0x10000000, fd: 10 });
    await m({ addr: 0x10000000, fd: 10, flags: MAP_PRIVATE | MAP_FIXED, prot: 3 });
    await a.peek(0x10000000, 4);
    await a.poke(0x10001000, Buffer.from('arena'));
    await a.peek(0x10000ffe, 8);
    await a.mmap({ addr: 0x10002000, len: 2 * PAGE, prot: 3, flags: MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS, fd: -1 });
    await a.poke(0x10002ffe, Buffer.from('two pages'));
    await a.mmap({ addr: AT + 0x100000, len: PAGE, prot: 3, flags: MAP_PRIVATE | MAP_ANONYMOUS, fd: -1 });
    await a.poke(AT + 0x100000, Buffer.from('hint'));
    await a.mmap({ addr: AT + 0x200123, len: 100, prot: 3, flags: MAP_PRIVATE | MAP_ANONYMOUS, fd: -1 });
    await a.poke(AT + 0x200000, Buffer.from('hint'));
    await a.mmap({
      addr: AT + 0x300000,
      len: PAGE,
      prot: 3,
      flags: MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
      fd: -1,
    });
    await a.poke(AT + 0x300000, Buffer.from('shared'));
    const b = await a.fork('B');
    await b.poke(AT + 0x300000, Buffer.from('SHA'));
    await a.peek(AT + 0x300000, 6);
    await b.poke(AT + 0x100000, Buffer.from('HI'));
    await a.peek(AT + 0x100000, 4);
  }),
  scenario(
    'mmap-more',
    'lengths beyond user space, validated types, and shared memory that a fork brings in',
    async (s) => {
      const a = await s.proc('A');
      await a.open();
      await a.mkfd('memfd', 10, { content: 'x' });
      await a.mkfd('pipe', 11, { fd2: 12 });
      const m = (o: MmapOptions) =>
        a.mmap({ addr: AT, len: PAGE, prot: 3, flags: MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd: 10, ...o });
      await m({ len: 2 ** 48 });
      await m({ len: 2 ** 50, flags: MAP_PRIVATE | MAP_ANONYMOUS, fd: -1 });
      await m({ flags: MAP_SHARED_VALIDATE | MAP_FIXED });
      await a.poke(AT, Buffer.from('through'));
      await a.fdinfo(10);
      await m({ fd: 11 });
      await m({ fd: 11, addr: AT + 1 });
      await m({ fd: 11, addr: AT + 0x10000, len: 0 });
      await a.munmap(0, PAGE);
      await a.peek(AT, 4);
      await a.poke(0x10000000, Buffer.from('gone'));
      await m({ addr: AT + 0x300000, len: 3 * PAGE, flags: MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, fd: -1 });
      await a.poke(AT + 0x301000, Buffer.from('middle'));
      const b = await a.fork('B');
      await b.poke(AT + 0x300000, Buffer.from('first'));
      await a.peek(AT + 0x300000, 6);
      await a.poke(AT + 0x302000, Buffer.from('last'));
      await b.peek(AT + 0x302000, 4);
      await b.peek(AT + 0x301000, 6);
    },
  ),
  scenario('mprotect-and-munmap', 'their errors, and areas that are cut and grow together again', async (s) => {
    const a = await s.proc('A');
    const A = 0x10100000;
    await a.fill(A, 6 * PAGE, 0x61);
    await a.munmap(A + 1, PAGE);
    await a.munmap(A, 0);
    await a.munmap(0x50000000, PAGE);
    await a.mprotect(A + 1, PAGE, 1);
    await a.mprotect(A, 0, 1);
    await a.mprotect(A, 1, 1);
    await a.poke(A, Buffer.from('x'));
    await a.poke(A + PAGE, Buffer.from('x'));
    await a.mprotect(A, PAGE, 0x10);
    await a.mprotect(A, PAGE, 8);
    await a.mprotect(A, PAGE, 0);
    await a.peek(A, 1);
    await a.mprotect(A, PAGE, 3);
    await a.peek(A, 2);
    await a.mprotect(A + 2 * PAGE, 2 * PAGE, 1);
    await a.mprotect(A + 3 * PAGE, PAGE, 3);
    await a.mprotect(A + 3 * PAGE, PAGE, 3);
    await a.poke(A + 3 * PAGE, Buffer.from('y'));
    await a.mprotect(A + 2 * PAGE, PAGE, 7);
    await a.poke(A + 2 * PAGE, Buffer.from('y'));
    await a.munmap(A + 4 * PAGE, PAGE);
    await a.mprotect(A + 3 * PAGE, 3 * PAGE, 1);
    await a.poke(A + 3 * PAGE, Buffer.from('z'));
    await a.poke(A + 5 * PAGE, Buffer.from('z'));
    await a.mprotect(0x50000000, PAGE, 1);
    await a.mmap({
      addr: A + 4 * PAGE,
      len: PAGE,
      prot: 3,
      flags: MAP_PRIVATE | MAP_FIXED_NOREPLACE | MAP_ANONYMOUS,
      fd: -1,
    });
    await a.peek(A + 4 * PAGE, 2);
    await a.mprotect(A, 6 * PAGE, 3);
    await a.fill(A, 6 * PAGE, 0x62);
    await a.munmap(A - PAGE, 2 * PAGE);
    await a.munmap(A + 2 * PAGE, PAGE);
    await a.munmap(A - 2 * PAGE, 8 * PAGE);
    await a.peek(A + 5 * PAGE, 1);
  }),
  scenario('fork-arena', 'memory that a child shares until one of them writes, in every order', async (s) => {
    const a = await s.start('A');
    const A = 0x10100000;
    await a.fill(A, 4 * PAGE, 0x61);
    await a.mprotect(A + 3 * PAGE, PAGE, 1);
    const b = await a.fork('B');
    const c = await b.fork('C');
    await b.poke(A, Buffer.from('B'));
    await a.poke(A, Buffer.from('A'));
    await c.poke(A, Buffer.from('C'));
    for (const p of [a, b, c]) await p.peek(A, 2);
    await s.kill(a);
    await b.poke(A + PAGE, Buffer.from('B'));
    await c.peek(A + PAGE, 2);
    await s.kill(b);
    await c.poke(A + PAGE, Buffer.from('C'));
    await c.mprotect(A + 2 * PAGE, PAGE, 1);
    await c.poke(A + 2 * PAGE, Buffer.from('C'));
    await c.mprotect(A + 2 * PAGE, 2 * PAGE, 3);
    await c.poke(A + 2 * PAGE, Buffer.from('C'));
    await c.poke(A + 3 * PAGE, Buffer.from('C'));
    await c.version();
    await c.peek(A, 2);
  }),
  scenario(
    'mapping-of-four-mib',
    'a mapping of 8 MiB counts as 4 MiB; what fits and what does not, and its half for oneway calls',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A', { map: 8 * MIB });
      const b = await s.start('B');
      const h = await register(sm, a, 0x1000, 0x1001);
      const bh = await lookup(sm, b, h);
      await a.nonblock();
      await b.nonblock();
      const send = async (size: number, flags = 1) => {
        await b.rw([bc.transaction({ handle: bh, flags, buffer: 0x10100000, data_size: size })]);
        await b.extendedError();
        return findMessage(await a.read());
      };
      for (const size of [3 * MIB, 2 * MIB, 2 * MIB - 8, 4096]) {
        const t = await send(size);
        if (!t) continue;
        await s.dump(a);
        await a.peek(Number(t.buffer) + size - 8, 8);
        await a.write(bc.freeBuffer(t.buffer));
      }
      const call = (data_size: number) => bc.transaction({ handle: bh, buffer: 0x10100000, data_size });
      await b.rw([call(4 * MIB + 8)]);
      await b.extendedError();
      // two halves fill it, and then there is no room for a word
      const callers = [b.main, await b.spawn(), await b.spawn()];
      for (const [index, size] of [2 * MIB, 2 * MIB, 8].entries()) {
        await callers[index]?.rw([call(size)]);
        await callers[index]?.extendedError();
      }
      const first = message(await a.read());
      await s.dump('state');
      await a.peek(MAP + 4 * MIB - 4, 8);
      await a.write(bc.freeBuffer(first.buffer), bc.reply());
      await s.dump(a);
      await s.shrink();
      await s.dump(a);
      await s.dump('stats');
    },
  ),
];
