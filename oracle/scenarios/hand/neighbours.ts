/** Neighbours of faults that were found in emulators: similar mistakes in other places. */
import { TF_ONE_WAY } from '../../../assembly/abi/protocol.ts';
import { DATA, MAP } from '../../calls.ts';
import { bc, type ScatterFields } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import type { Script, ScriptProcess } from '../../script.ts';
import { lookup, manager, oneway, second, trio } from '../handshakes.ts';
import { SELINUX_CONTEXT, scenario } from '../scenario.ts';

const BAD = 0x60000000;

/** None of the threads is parked afterwards. */
async function awake(s: Script, ...processes: ScriptProcess[]): Promise<void> {
  for (const process of processes) if (process.parked) await s.signal(process);
}

const scattered = (handle: number, fields: ScatterFields) => bc.transactionSg({ handle, flags: TF_ONE_WAY, ...fields });

export default [
  scenario(
    'failed-message-keeps-counts',
    'messages and replies that fail at every early place, right behind ones with many objects: no count changes',
    async (s) => {
      const { a, b, bh } = await trio(s);
      const objects = [1, 2, 3, 4].map((k) => object.binder(0x7000 + 16 * k, 0x7001 + 16 * k, 0x100));
      await b.rw([bc.transaction({ handle: bh, code: 1, ...parcel(...objects) })]);
      message(a.done());
      await a.write(bc.acquire(2), bc.acquire(3), bc.acquire(4), bc.acquire(5));
      await s.dump(a);
      await s.dump('state');
      const many = parcel(object.handle(2), object.handle(3), object.handle(4), object.handle(5));
      // replies of A that fail early come back as failed calls; B calls again each time
      for (const bad of [
        { ...many, offsets_size: 31 },
        { ...many, offsetsPtr: BAD, offsets_size: 32 },
        { ...many, buffer: BAD, data_size: 96 },
        { ...many, offsets: [0, 24, 48, 100] },
        { ...many, offsets: [0, 24, 24, 72] },
        { ...parcel(object.handle(2), object.handle(3), object.handle(77), object.handle(5)) },
      ]) {
        await a.rw([bc.reply({ ...bad })]);
        await b.extendedError();
        await s.dump('state');
        if (a.parked) await s.signal(a);
        await b.rw([bc.transaction({ handle: bh, code: 2, ...many, ...parcel(...objects) })]);
        if (!a.parked) await a.read();
      }
      await a.write(bc.replySg({ ...many, buffers_size: 12 }));
      await s.dump('state');
      await s.dump('stats');
      await s.dump('failed_transaction_log');
    },
  ),
  scenario(
    'failed-sg-behind-objects',
    'scatter-gather messages that fail before and in the middle of their objects, behind one that went out',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await b.poke(DATA, 'scatter and gather, sixty-four bytes of it, more or less of them');
      const ok = parcel(
        object.binder(0x7100, 0x7101, 0x100),
        object.ptr({ buffer: DATA, length: 40 }),
        object.binder(0x7200, 0x7201, 0x100),
      );
      await b.write(scattered(bh, { ...ok, buffers_size: 40 }));
      await s.dump('state');
      for (const bad of [
        { ...ok, buffers_size: 41 },
        { ...ok, buffers_size: 32 },
        { ...ok, buffers_size: 40, offsets_size: 20 },
        { ...ok, buffers_size: 40, offsetsPtr: BAD },
        {
          ...parcel(
            object.binder(0x7100, 0x7101, 0x100),
            object.ptr({ buffer: BAD, length: 40 }),
            object.binder(0x7200, 0x7201, 0x100),
          ),
          buffers_size: 40,
        },
        {
          ...parcel(
            object.binder(0x7100, 0x7101, 0x100),
            object.ptr({ buffer: DATA, length: 40, flags: 1, parent: 1 }),
          ),
          buffers_size: 40,
        },
        { ...parcel(object.binder(0x7100, 0x7999, 0x100), object.binder(0x7200, 0x7201, 0x100)), buffers_size: 8 },
      ]) {
        await b.rw([scattered(bh, bad)]);
        await b.extendedError();
        await s.dump('state');
      }
      await a.loop();
      const t = message(a.done());
      await a.peek(t.buffer, 160);
      await a.rw([bc.freeBuffer(t.buffer)]);
      await s.dump('state');
    },
  ),
  scenario(
    'stream-under-its-own-message',
    'commands, their data, and binder_write_read in one another: each is read once',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      // the returns overwrite the commands
      const w = b.main.wbuf;
      await b.wr({
        write: [
          oneway(bh, { data: Buffer.from('one') }),
          bc.acquire(bh),
          bc.release(bh),
          oneway(bh, { data: Buffer.from('two') }),
        ],
        read: 256,
        rbuf: w,
      });
      await b.peek(w, 96);
      // ... over binder_write_read, from its middle on
      await b.wr({ write: [oneway(bh, { data: Buffer.from('three') })], read: 256, rbuf: b.main.arg + 16 });
      await b.peek(b.main.arg, 80);
      // ... over binder_write_read, from before it
      await b.wr({ write: [oneway(bh, { data: Buffer.from('four') })], read: 256, rbuf: b.main.arg - 8 });
      await b.peek(b.main.arg - 8, 80);
      // binder_write_read as its own data and offsets
      await b.wr({
        write: [oneway(bh, { buffer: b.main.arg, data_size: 48, offsetsPtr: b.main.arg + 40, offsets_size: 8 })],
      });
      await b.extendedError();
      // the stream as its own data
      await b.wr({ write: [oneway(bh, { buffer: w, data_size: 68 })] });
      await s.dump('state');
      await a.loop();
      for (let k = 0; k < 6; k++) {
        if (a.parked) break;
        const t = message(a.done());
        await a.peek(t.buffer, 72);
        await a.rw([bc.freeBuffer(t.buffer)]);
      }
    },
  ),
  scenario(
    'two-files-of-one-process',
    'a process that opened the device twice sends what lies in one mapping into another, and into the same one',
    async (s) => {
      const sm = await manager(s);
      const p = await s.start('P');
      const fd2 = (await p.open()).ret;
      await p.mmap({ addr: 0x71000000, len: 65536, fd: fd2 });
      await p.version({ fd: fd2 });
      const t2 = await p.spawn();
      await t2.version({ fd: fd2 });
      // the second file gives the manager an object, the first one gets it
      await t2.wr({
        fd: fd2,
        write: [bc.transaction({ handle: 0, code: 1, ...parcel(object.binder(0x5000, 0x5001, 0x100)) })],
        read: 256,
      });
      const reg = message(sm.done());
      const h = (await sm.peek(reg.buffer, 24)).bytes.readUInt32LE(8);
      await sm.write(bc.acquire(h), bc.freeBuffer(reg.buffer), bc.reply({}));
      await sm.read();
      await sm.read();
      await t2.wr({ fd: fd2, write: [bc.freeBuffer(0x71000000)] });
      const ph = await lookup(sm, p, h);
      const size = 5000;
      await p.fill(DATA, size, 0x41);
      await p.poke(DATA + 4090, 'over the page');
      await p.write(oneway(ph, { buffer: DATA, data_size: size }));
      // the data is in the mapping that it goes to: 8, 100 and 4096 bytes before the target
      const places = [
        [8, 72],
        [8, 8],
        [100, 256],
        [4, 64],
        [4096, 4200],
        [3, 80],
        [1, 40],
      ] as const;
      for (const [back, len] of places) {
        await p.peek(0x71000000 + 5000, 8);
        await p.write(oneway(ph, { buffer: 0x71000000 + 5000 - back, data_size: len }));
        await p.extendedError();
        await s.dump(p);
      }
      await p.peek(0x71000000, 8192);
      await p.peek(0x71002000, 8192);
      await s.dump('state');
    },
  ),
  scenario(
    'pieces-of-a-mapping',
    'mprotect and munmap of parts, with messages and the shrinker in between',
    async (s) => {
      const { a, b, bh } = await trio(s, { serverMap: 65536, park: false });
      const send = async (len: number) => {
        await b.fill(DATA, len, 0x55);
        await b.write(oneway(bh, { buffer: DATA, data_size: len }));
      };
      await a.loop();
      await send(9000);
      const t = message(a.done());
      await a.write(bc.freeBuffer(t.buffer));
      await a.mprotect(MAP + 4096, 4096, 0);
      await s.dump('stats');
      await s.shrink();
      await s.dump('stats');
      await a.peek(MAP + 4096, 4);
      await send(14000);
      await b.extendedError();
      await s.dump('state');
      await a.mprotect(MAP + 4096, 4096, 1);
      await send(14000);
      await b.extendedError();
      await s.shrink();
      await s.dump('stats');
      await a.munmap(MAP + 32768, 32768);
      await send(100);
      await b.extendedError();
      await s.shrink();
      await s.dump('stats');
      await a.mmap({ addr: MAP + 32768, len: 4096, prot: 3, flags: 0x100022, fd: -1 });
      await s.shrink();
      await s.dump('stats');
      await a.munmap(MAP, 32768);
      await s.shrink();
      await s.dump('stats');
      await s.dump('state');
    },
  ),
  scenario(
    'mmap-refusals',
    'which of several mistakes mmap tells: type, rights, validated flags, offset, place',
    async (s) => {
      const a = await s.start('A');
      await a.mkfd('memfd', 10, { content: 'file' });
      await a.mkfd('pipe', 11, { fd2: 12 });
      await a.mkfd('null', 13);
      for (const fd of [3, 10, 11, 12, 13, 99, 1]) {
        for (const [prot, flags] of [
          [1, 0x12],
          [3, 0x11],
          [2, 0x11],
          [1, 0x13],
          [3, 0x13],
          [1, 0x100013],
          [1, 0x80003],
          [1, 0x10],
          [3, 0x14],
          [0, 0x11],
          [5, 0x12],
          [1, 0x100002],
        ]) {
          await a.mmap({ addr: 0x50000000, len: 4096, prot, flags, fd });
          await a.munmap(0x50000000, 4096);
        }
      }
      for (const o of [
        { off: 8, fd: 99 },
        { len: 0, fd: 99 },
        { len: 0, fd: 11, flags: 0x11, prot: 3 },
        { addr: 0x10000000, fd: 11, flags: 0x100002 },
        { addr: 0x10000001, fd: 11, flags: 0x12 },
        { addr: 0x7fffffffffff000 % 2 ** 47, fd: 11, flags: 0x12 },
        { off: 1 << 30, fd: 10, flags: 0x11 },
        { len: 0, fd: 3 },
        { addr: 0x10000000, prot: 3, fd: 3 },
      ]) {
        await a.mmap({ addr: 0x50000000, len: 4096, prot: 1, flags: 0x12, ...o });
      }
      await s.dump('state');
    },
  ),
  scenario(
    'dropped-and-what-follows',
    'descriptors find no place: what the same read tells behind the dropped message',
    async (s) => {
      const { a, b, bh, sm } = await trio(s, { park: false });
      await b.mkfd('memfd', 10, { content: 'x' });
      await a.rlimit(4);
      const drop = () => oneway(bh, { flags: 0x11, ...parcel(object.fd(10)) });
      // dropped, then a node that is new to its owner, a second one, and a node that goes
      await b.write(drop());
      await a.wr({
        write: [oneway(0, { ...parcel(object.binder(0x9000, 0x9001, 0x100), object.binder(0x9010, 0x9011, 0x100)) })],
      });
      await s.dump('state');
      await a.read();
      await awake(s, a);
      await a.read();
      await awake(s, a);
      await a.write(
        bc.increfsDone(0x9000, 0x9001),
        bc.acquireDone(0x9000, 0x9001),
        bc.increfsDone(0x9010, 0x9011),
        bc.acquireDone(0x9010, 0x9011),
      );
      await s.dump('state');
      // dropped twice, then a message without descriptors
      await b.write(drop());
      await b.write(drop());
      await b.write(oneway(bh, { data: Buffer.from('text') }));
      await a.read();
      await awake(s, a);
      await s.dump('state');
      // dropped after a node that goes: the manager releases its handles
      if (sm.parked) await s.signal(sm);
      else {
        const t = message(sm.done());
        if (t) await sm.write(bc.freeBuffer(t.buffer));
      }
      await s.dump('state');
      await b.write(drop());
      await a.read();
      await awake(s, a);
      await s.dump('state');
      await a.rlimit(64);
      await b.write(drop());
      await a.read();
      await awake(s, a);
      await a.fdinfo(4);
      await s.dump('state');
    },
  ),
  scenario('dropped-call-and-reply', 'descriptors find no place in a call and in a reply', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.mkfd('memfd', 10, { content: 'x' });
    await a.mkfd('memfd', 10, { content: 'y' });
    await a.rlimit(4);
    await a.loop();
    const c = await b.spawn();
    await b.rw([bc.transaction({ handle: bh, flags: 0x10, ...parcel(object.fd(10)) })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
    await b.extendedError();
    await s.dump('state');
    await b.rw([bc.transaction({ handle: bh, flags: 0x10, data: Buffer.from('ask') })]);
    const t = message(a.done());
    await c.rlimit(4);
    await a.rw([bc.freeBuffer(t.buffer), bc.reply({ ...parcel(object.fd(10)) })]);
    await s.dump('state');
    await b.extendedError();
    await s.dump('state');
  }),
  scenario(
    'child-acts-through-the-file',
    'a forked child sends and registers through its parent’s file, as another uid, while the parent lives and after',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      const f = await a.fork('F');
      await f.setuid(1007);
      await f.mkfd('memfd', 10, { content: 'child' });
      await f.rw([
        bc.transaction({ handle: 0, code: 1, flags: 0x10, ...parcel(object.binder(0x9100, 0x9101, 0x100)) }),
      ]);
      const t = message(sm.done());
      await sm.peek(t.buffer, 32);
      await s.dump('state');
      await sm.write(bc.acquire(1), bc.freeBuffer(t.buffer), bc.reply({ data: Buffer.from('to the child') }));
      await sm.read();
      await f.read();
      const r = message(f.done());
      await f.peek(r.buffer, 12);
      await a.peek(r.buffer, 12);
      await s.kill(a);
      await s.dump('state');
      await f.rw([oneway(0, { data: Buffer.from('after') })]);
      await f.setContextMgr();
      await s.dump('state');
      await s.kill(sm);
      await f.setContextMgr();
      await f.extendedError();
      await f.threadExit();
      await s.dump('state');
      await f.mmap({ addr: 0x72000000, len: 8192 });
      await f.close();
      await s.dump('state');
    },
  ),
  scenario(
    'secctx-of-the-opener',
    'a child’s message through its parent’s file, with the parent alive and dead',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgrExt(object.binder(0x10, 0x20, 0x1000));
      await sm.loop();
      const a = await s.start('A');
      const f = await a.fork('F');
      await f.rw([oneway(0, { data: Buffer.from('alive') })]);
      const t = message(sm.done());
      await sm.peek(t.buffer, 24);
      await sm.rw([bc.freeBuffer(t.buffer)]);
      await s.kill(a);
      await f.write(bc.transactionSg({ handle: 0, flags: 1, data: Buffer.from('dead'), buffers_size: 8 }));
      const t2 = message(sm.done());
      await sm.peek(t2.buffer, 24);
      await s.dump('state');
    },
    { secctx: SELINUX_CONTEXT },
  ),
  scenario(
    'equal-holes',
    'buffers of equal and of nearly equal sizes, freed crosswise: which hole is taken',
    async (s) => {
      const { a, b, bh, sm } = await trio(s, { serverMap: 32768, park: false });
      const two = await second(sm, a, b, 0x1100, 0x1101);
      const three = await second(sm, a, b, 0x1200, 0x1201);
      const handles = [bh, two, three] as const;
      const pick = (k: number) => handles[k % 3] ?? bh;
      await a.loop();
      const held: number[] = [];
      const sizes = [64, 64, 72, 64, 128, 64, 72, 4096, 64, 4088, 72, 64, 136, 72, 64, 4096, 8, 8, 64, 1000, 1000, 64];
      let k = 0;
      for (const n of sizes) {
        // calls, each answered at once, whose buffers the server keeps
        await b.rw([bc.transaction({ handle: pick(k++), buffer: DATA, data_size: n })]);
        held.push(message(a.done()).buffer);
        await a.rw([bc.reply({})]);
        const r = message(b.done());
        await b.write(bc.freeBuffer(r.buffer));
        if (!a.parked) await a.read();
      }
      await s.dump(a);
      const order = [1, 4, 7, 10, 13, 2, 16, 19, 5, 8];
      if (a.parked) await s.signal(a);
      for (const at of order) await a.write(bc.freeBuffer(held[at] ?? 0));
      await s.dump(a);
      for (const n of [64, 56, 72, 64, 4000, 8, 100, 64, 1000, 120]) {
        await b.write(oneway(pick(n), { buffer: DATA, data_size: n }));
        await s.dump(a);
      }
    },
  ),
];
