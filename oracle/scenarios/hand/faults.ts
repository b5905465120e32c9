/** Arguments, results and messages on bad pages, on two pages, or on read-only ones. */
import {
  BINDER_FREEZE,
  BINDER_GET_EXTENDED_ERROR,
  BINDER_GET_FROZEN_INFO,
  BINDER_GET_NODE_DEBUG_INFO,
  BINDER_GET_NODE_INFO_FOR_REF,
  BINDER_SET_MAX_THREADS,
  BINDER_VERSION,
  BINDER_WRITE_READ,
} from '../../../assembly/abi/protocol.ts';
import { bytesOf, type Chunk, u32, u64 } from '../../bytes.ts';
import { MAP } from '../../calls.ts';
import { bc, type TransactionFields } from '../../commands.ts';
import { type ObjectBytes, object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import type { ScriptProcess } from '../../script.ts';
import { trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const PAGE = 4096;
const END = 0x10800000; // end of the arena
const EDGE = 0x10200000; // a page boundary in the middle of the arena

const ow = (handle: number, fields: TransactionFields = {}) => bc.transaction({ handle, flags: 0x11, ...fields });

/** 8 bytes come first, since an object at offset 0 counts as nothing to be fixed up in. */
const sg = (handle: number, size: number, items: readonly ObjectBytes[], fields: TransactionFields = {}) =>
  bc.transactionSg({ handle, buffers_size: size, ...parcel('headhead', ...items), ...fields });

export default [
  scenario(
    'answer-into-mapping',
    'the argument of an ioctl lies in a received buffer, which the driver may not write to',
    async (s) => {
      const { a, b, bh } = await trio(s);
      const get = async (...data: Chunk[]) => {
        await b.rw([ow(bh, { data: bytesOf(...data) })]);
        const t = message(a.done());
        return t.buffer;
      };
      const again = () => a.loop();
      let at = await get(u32(1000), u32(0), u32(0));
      await a.ioctl(BINDER_GET_FROZEN_INFO, { arg: at, out: 12 });
      await a.ioctl(BINDER_VERSION, { arg: at, out: 4 });
      await a.ioctl(BINDER_SET_MAX_THREADS, { arg: at, out: 4 });
      await a.ioctl(BINDER_GET_EXTENDED_ERROR, { arg: at, out: 12 });
      await a.write(bc.freeBuffer(at));
      await again();
      at = await get(u64(0), u64(0), u32(0), u32(0));
      await a.ioctl(BINDER_GET_NODE_DEBUG_INFO, { arg: at, out: 24 });
      await a.ioctl(BINDER_FREEZE, { arg: at, out: 12 });
      await a.ioctl(BINDER_GET_NODE_INFO_FOR_REF, { arg: at, out: 24 });
      await a.write(bc.freeBuffer(at));
      await again();
      // struct binder_write_read itself: the commands run, and the consumed counts are lost
      await s.signal(a);
      await a.poke(EDGE, bytesOf(u32(0x400c630e /* BC_REQUEST_DEATH_NOTIFICATION */), u32(99), u64(1)));
      await again();
      at = await get(u64(16), u64(0), u64(EDGE), u64(256), u64(0), u64(EDGE + 0x100));
      await a.nonblock();
      await a.ioctl(BINDER_WRITE_READ, { arg: at, out: 48 });
      await a.peek(EDGE + 0x100, 64);
      await s.dump('state');
      await a.extendedError();
      await a.nonblock();
      await a.read();
      await a.write(bc.freeBuffer(at));
      await s.dump('stats');
    },
  ),
  scenario(
    'node-info-into-mapping',
    'the manager asks about a ref, with the question in a received message',
    async (s) => {
      const { sm, b, h } = await trio(s);
      await b.rw([ow(0, { data: bytesOf(u32(h), u32(0), u32(0), u32(0), u32(0), u32(0)) })]);
      const t = message(sm.done());
      await sm.ioctl(BINDER_GET_NODE_INFO_FOR_REF, { arg: t.buffer, out: 24 });
      await sm.write(bc.freeBuffer(t.buffer));
      await sm.nodeInfoForRef(h);
    },
  ),
  scenario(
    'write-read-on-two-pages',
    'struct binder_write_read across a page boundary; then its second half may only be read',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const arg = EDGE - 24;
      await b.wr({ write: [ow(bh)], read: 256, arg });
      await a.wr({ read: 256, arg: EDGE - 4 });
      await a.write(bc.freeBuffer(MAP));
      await b.poke(EDGE, bytesOf(u64(256), u64(0), u64(b.main.rbuf)));
      await b.poke(EDGE - 24, bytesOf(u64(0), u64(0), u64(0)));
      await b.mprotect(EDGE, PAGE, 1);
      await b.write(ow(bh));
      await b.ioctl(BINDER_WRITE_READ, { arg, out: 48 });
      await b.peek(b.main.rbuf, 16);
      await a.read();
      await s.dump('state');
      await b.mprotect(EDGE, PAGE, 0);
      await b.ioctl(BINDER_WRITE_READ, { arg, out: 24 });
      await b.ioctl(BINDER_VERSION, { arg: EDGE - 2, out: 2 });
      await b.ioctl(BINDER_GET_NODE_DEBUG_INFO, { arg: EDGE - 12, out: 12 });
      await b.mprotect(EDGE, PAGE, 3);
      await b.version({ arg: EDGE - 2 });
      await b.ioctl(BINDER_GET_NODE_DEBUG_INFO, { arg: EDGE - 12, input: Buffer.alloc(24), out: 24 });
    },
  ),
  scenario('words-on-two-pages', 'answers that cross a page boundary, at every kind of place', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const at = (who: ScriptProcess, k: number) => who.wr({ read: 256, rbuf: EDGE - k });
    for (const k of [1, 2, 3, 5, 6, 7, 9, 13, 15, 17, 19, 23, 27, 40]) {
      await b.write(ow(bh, { data: bytesOf('k', u32(k)) }));
      const o = await at(a, k);
      await a.write(bc.freeBuffer(message(o).buffer));
      await at(b, k);
    }
    await a.nonblock();
    await b.nonblock();
    for (const k of [2, 6, 10, 14, 18, 22, 26, 30, 34, 38]) {
      await b.write(ow(bh, parcel(object.binder(0x5000 + 16 * k, k))));
      await at(b, k);
      await at(b, k);
      const o = await at(a, k);
      await a.write(bc.freeBuffer(message(o).buffer));
      await at(b, k);
      await at(b, k);
      await b.write(bc.increfsDone(0x5000 + 16 * k, k), bc.acquireDone(0x5000 + 16 * k, k));
      await at(b, k);
      await at(b, k);
    }
    await s.dump('state');
  }),
  scenario('read-faults-nodes', 'BR_ACQUIRE, BR_RELEASE and BR_DECREFS, each at a bad page', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.nonblock();
    const fr = (who: ScriptProcess, room: number) => who.wr({ read: 256, rbuf: END - room });
    for (const [i, room] of [4, 8, 16, 24, 28, 36].entries()) {
      const ptr = 0x6000 + 16 * i;
      // the weak reference first: then the strong one comes alone
      await b.rw([ow(bh, parcel(object.weakBinder(ptr, i)))]);
      await b.write(bc.increfsDone(ptr, i));
      await b.write(ow(bh, parcel(object.binder(ptr, i))));
      await b.read(4);
      await fr(b, room);
      await s.dump(b);
      await b.read();
      await b.write(bc.acquireDone(ptr, i));
      let o = await a.read();
      await a.write(bc.freeBuffer(message(o).buffer));
      o = await a.read();
      await a.write(bc.freeBuffer(message(o).buffer));
      await fr(b, room);
      await s.dump(b);
      await b.read();
      await b.read();
    }
    await s.dump('state');
  }),
  scenario('read-faults-new-node', 'BR_INCREFS and BR_ACQUIRE at a bad page, cut at every word', async (s) => {
    const { b, bh } = await trio(s, { park: false });
    await b.nonblock();
    for (const [i, room] of [4, 8, 16, 24, 28, 36, 44, 48].entries()) {
      await b.write(ow(bh, parcel(object.binder(0x5000 + 16 * i, i))));
      await b.wr({ read: 256, rbuf: END - room });
      await s.dump(b);
      await b.read();
      await b.read();
    }
    await s.dump('state');
  }),
  scenario('read-faults-frozen', 'BR_FROZEN_BINDER at a bad page: its word fits, what follows does not', async (s) => {
    const { b, bh } = await trio(s, { park: false });
    await b.nonblock();
    for (const room of [4, 8, 12, 16, 20]) {
      await b.write(bc.requestFreeze(bh, 0x100 + room));
      await b.wr({ read: 256, rbuf: END - room });
      await s.dump(b);
      await b.read();
      await b.write(bc.freezeDone(0x100 + room));
      await b.write(bc.clearFreeze(bh, 0x100 + room));
      await b.wr({ read: 256, rbuf: END - room });
      await b.read();
    }
    await s.dump('state');
  }),
  scenario(
    'spawn-looper-at-bad-page',
    'the page of the first word becomes read-only while its thread sleeps',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      await a1.setMaxThreads(3);
      await a.wr({ write: [bc.enterLooper()], read: 256, rbuf: EDGE - 4 });
      await a1.mprotect(EDGE - PAGE, PAGE, 1);
      await b.rw([bc.transaction({ handle: bh, data: Buffer.from('call') })]);
      await a1.mprotect(EDGE - PAGE, PAGE, 3);
      await a.peek(EDGE - 4, 80);
      await s.dump(a);
      await a.write(bc.freeBuffer(MAP), bc.reply());
      await a.wr({ read: 256, rbuf: EDGE - 4 });
      await s.dump('state');
    },
  ),
  scenario(
    'answer-page-goes-while-parked',
    'the read buffer, or the argument, vanishes while its thread sleeps',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      await a.wr({ write: [bc.enterLooper()], read: 256, rbuf: EDGE });
      await a1.mprotect(EDGE, PAGE, 0);
      await b.rw([ow(bh, { data: Buffer.from('one') })]);
      await a1.mprotect(EDGE, PAGE, 3);
      await s.dump(a);
      await a.nonblock();
      await a.read();
      await a.write(bc.freeBuffer(MAP));
      await a.nonblock(false);
      await a.wr({ read: 256, rbuf: EDGE });
      await a1.munmap(EDGE, PAGE);
      await b.rw([ow(bh, { data: Buffer.from('two') })]);
      if (!a.parked) await a.write(bc.freeBuffer(MAP));
      if (!a.parked) await a.wr({ read: 256, arg: EDGE + PAGE });
      await a1.munmap(EDGE + PAGE, PAGE);
      await b.rw([ow(bh, { data: Buffer.from('three') })]);
      await s.dump('state');
    },
  ),
  scenario(
    'complete-at-bad-page',
    'BR_TRANSACTION_COMPLETE and the answer to a failed call at a bad page',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await b.nonblock();
      await b.write(ow(bh));
      await b.wr({ read: 256, rbuf: END - 4 });
      await b.read();
      await b.wr({ write: [ow(bh)], read: 256, rbuf: END });
      await b.read();
      await b.wr({ write: [ow(bh)], read: 256, rbuf: END - 2 });
      await b.read();
      await b.wr({ write: [bc.transaction({ handle: bh })], read: 256, rbuf: END - 8 });
      await s.kill(a);
      await b.wr({ read: 256, rbuf: END - 8 });
      await b.read();
      await b.read();
      await s.dump('state');
    },
  ),
  scenario(
    'reply-lost-at-bad-page',
    'the caller has no number for a descriptor in the reply; the word for it meets a bad page',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await s.signal(a);
      await a.mkfd('memfd', 10, { content: 'x' });
      await a.read();
      await b.rlimit(4);
      for (const room of [4, 8, 12]) {
        await b.write(bc.transaction({ handle: bh, flags: 0x10, data: Buffer.from('q') }));
        const t = message(a.done());
        await a.rw([bc.freeBuffer(t.buffer), bc.reply({ ...parcel(object.fd(10)) })]);
        await b.wr({ read: 256, rbuf: END - room });
        await s.dump('state');
        await b.nonblock();
        await b.read();
        await b.nonblock(false);
        if (!a.parked) await a.read();
      }
      await s.dump('stats');
    },
  ),
  scenario(
    'reply-finds-no-descriptor',
    'the caller has no number left for a descriptor in the reply, and then a bad page too',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await s.signal(a);
      await a.mkfd('memfd', 10, { content: 'x' });
      await a.read();
      await b.rlimit(4);
      for (const rbuf of [b.main.rbuf, END - 4]) {
        await b.write(bc.transaction({ handle: bh, flags: 0x10, data: Buffer.from('q') }));
        const t = message(a.done());
        await a.rw([bc.freeBuffer(t.buffer), bc.reply({ ...parcel(object.fd(10)) })]);
        if (!a.parked) await a.read();
        await s.dump('transactions');
        await b.wr({ read: 256, rbuf });
        await s.dump('state');
        await b.nonblock();
        await b.read();
        await b.nonblock(false);
      }
      await s.dump('stats');
    },
  ),
  scenario('gap-between-objects-bad', 'the bytes between two objects lie on a bad page', async (s) => {
    const { b, bh } = await trio(s);
    await b.nonblock();
    const o = parcel(object.binder(0x7000, 1)).data;
    await b.poke(EDGE - 64, o);
    await b.poke(EDGE + PAGE, o);
    await b.munmap(EDGE, PAGE);
    const size = 64 + PAGE + 64;
    await b.rw([bc.transaction({ handle: bh, flags: 1, buffer: EDGE - 64, data_size: size, offsets: [0, 64 + PAGE] })]);
    await b.extendedError();
    await b.read();
    await b.rw([bc.transaction({ handle: bh, flags: 1, buffer: EDGE - 64, data_size: size, offsets: [0] })]);
    await b.extendedError();
    await b.read();
    await s.dump('state');
    await s.dump('failed_transaction_log');
  }),
  scenario('sg-bad-page-before-fixup', 'a buffer whose bytes before a pointer cannot be read', async (s) => {
    const { b, bh } = await trio(s);
    await b.fill(END - 8, 8, 0x22);
    await b.rw([
      sg(bh, 64, [
        object.ptr({ buffer: END - 8, length: 32 }),
        object.ptr({ buffer: EDGE, length: 16, flags: 1, parent: 0, off: 16 }),
      ]),
    ]);
    await b.extendedError();
    await b.rw([
      sg(bh, 64, [
        object.ptr({ buffer: END - 8, length: 32 }),
        object.ptr({ buffer: EDGE, length: 16, flags: 1, parent: 0, off: 8 }),
        object.ptr({ buffer: EDGE, length: 16, flags: 1, parent: 0, off: 24 }),
      ]),
    ]);
    await b.extendedError();
    await b.rw([sg(bh, 64, [object.ptr({ buffer: END, length: 32 })])]);
    await b.extendedError();
    await s.dump('state');
  }),
  scenario('fda-at-bad-page', 'the numbers of an array of descriptors cannot be read', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.mkfd('memfd', 10, { content: 'x' });
    await b.poke(END - 4, bytesOf(u32(10)));
    await b.rw([
      sg(bh, 64, [object.ptr({ buffer: END - 4, length: 16 }), object.fda({ num: 3, parent: 0, off: 0 })], {
        flags: 0x10,
      }),
    ]);
    await b.extendedError();
    await b.rw([
      sg(bh, 64, [object.ptr({ buffer: END - 4, length: 16 }), object.fda({ num: 1, parent: 0, off: 0 })], {
        flags: 0x10,
      }),
    ]);
    await b.extendedError();
    await b.rw([
      sg(bh, 64, [object.ptr({ buffer: END - 4, length: 4 }), object.fda({ num: 1, parent: 0, off: 0 })], {
        flags: 0x10,
      }),
    ]);
    await a.fdinfo(4);
    await s.dump('state');
  }),
];
