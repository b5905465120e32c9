/** Combinations: work whose delivery faults, logs that wrap, processes that die with everything outstanding. */
import { u32 } from '../../bytes.ts';
import { DATA, MAP } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import type { ScriptProcess } from '../../script.ts';
import { lookup, oneway, second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const END = 0x10800000; // end of the arena

export default [
  scenario(
    'callback-object',
    'the listener pattern: a client passes an object, the server calls it oneway later',
    async (s) => {
      const { a, b, bh } = await trio(s);
      const b1 = await b.spawn();
      await b1.version();
      await b1.loop();
      await b.rw([bc.transaction({ handle: bh, code: 1, ...parcel(object.binder(0x8800, 0x8801, 0x100)) })]);
      const t = message(a.done());
      const h = (await a.peek(t.buffer, 24)).bytes.readUInt32LE(8);
      await a.rw([bc.acquire(h), bc.freeBuffer(t.buffer), bc.reply()]);
      s.want(b.done(), 'NOOP INCREFS ACQUIRE TRANSACTION_COMPLETE REPLY');
      await b.write(
        bc.increfsDone(0x8800, 0x8801),
        bc.acquireDone(0x8800, 0x8801),
        bc.freeBuffer(message(b.done()).buffer),
      );
      await a.rw([oneway(h, { code: 2, data: Buffer.from('event') })]);
      const e = message(b1.done());
      await b1.peek(e.buffer, 5);
      await b1.rw([bc.freeBuffer(e.buffer)]);
      await a.rw([bc.release(h)]);
      s.want(b1.done(), 'NOOP RELEASE DECREFS');
      await s.dump('state');
    },
  ),
  scenario('reply-with-object', 'a reply that carries a new object of the server', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    s.want(
      await a.rw([
        bc.freeBuffer(MAP),
        bc.reply({ ...parcel(Buffer.from('name'), object.binder(0x1500, 0x1501, 0x100)) }),
      ]),
      'NOOP INCREFS ACQUIRE TRANSACTION_COMPLETE',
    );
    const r = message(b.done());
    await b.peek(r.buffer, 40);
    await s.dump('state');
    await b.write(bc.acquire(2), bc.freeBuffer(r.buffer));
    await a.write(bc.increfsDone(0x1500, 0x1501), bc.acquireDone(0x1500, 0x1501));
    await a.read();
    s.want(await b.rw([bc.transaction({ handle: 2, code: 7 })]), 'parked');
    s.want(a.done(), 'NOOP TRANSACTION');
    await s.dump('state');
  }),
  scenario(
    'reply-object-fails',
    'a reply whose object cannot be translated: the caller gets BR_FAILED_REPLY, the server BR_TRANSACTION_COMPLETE',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      s.want(
        await a.rw([bc.reply({ ...parcel(object.binder(0x1500, 0x1501), object.handle(77)) })]),
        'NOOP TRANSACTION_COMPLETE',
      );
      s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
      await b.extendedError();
      await a.extendedError();
      await s.dump('state');
    },
  ),
  scenario(
    'nested-dead-chain',
    'B calls A calls C calls B; C dies: A hears only when B answers, then the rest unwinds',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      const c = await s.start('C');
      const ac = await second(sm, c, a, 0xc000, 0xc001);
      const cb = await second(sm, b, c, 0xb000, 0xb001);
      await a.loop();
      await c.loop();
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      await a.rw([bc.transaction({ handle: ac, code: 2 })]);
      await c.rw([bc.transaction({ handle: cb, code: 3 })]);
      s.want(b.done(), 'NOOP TRANSACTION_COMPLETE TRANSACTION');
      await s.dump('state');
      await s.kill(c);
      s.wantParked(a);
      await s.dump('state');
      s.want(await b.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
      s.want(a.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
      await s.dump('state');
      s.want(await b.read(), 'parked');
      s.want(await a.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
      s.want(b.done(), 'NOOP REPLY');
      await s.dump('state');
    },
  ),
  scenario('read-faults', 'each kind of work whose delivery faults: what is lost and what stays', async (s) => {
    const { b, bh } = await trio(s, { park: false });
    const fr = (t: ScriptProcess, room = 4) => t.wr({ read: 256, rbuf: END - room });
    // BR_FAILED_REPLY
    await b.write(bc.transaction({ handle: 99 }));
    s.want(await fr(b), 'EFAULT');
    await b.nonblock();
    s.want(await b.read(), 'EAGAIN');
    await s.dump(b);
    // BR_INCREFS / BR_ACQUIRE: cut after the command, after the pointer, after BR_INCREFS
    for (const [i, room] of [4, 8, 20, 24, 28].entries()) {
      await b.write(oneway(bh, parcel(object.binder(0x5000 + 16 * i, i))));
      await fr(b, room);
      await s.dump(b);
      await b.read();
      await b.read();
    }
    await s.dump('state');
  }),
  scenario('read-faults-notifications', 'death and freeze notifications whose delivery faults', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const fr = (t: ScriptProcess, room = 4) => t.wr({ read: 256, rbuf: END - room });
    await s.signal(sm);
    await b.nonblock();
    await b.write(bc.requestFreeze(bh, 1));
    await fr(b, 4);
    await s.dump(b);
    await b.read();
    await b.write(bc.freezeDone(1), bc.clearFreeze(bh, 1));
    await fr(b, 8);
    await b.read();
    await b.write(bc.requestDeath(bh, 2), bc.clearDeath(bh, 2));
    await fr(b, 8);
    await b.read();
    await s.dump('stats');
    await b.write(bc.requestDeath(bh, 3));
    await s.kill(a);
    await fr(b, 8);
    await s.dump(b);
    await b.read();
    await b.write(bc.deadBinderDone(3));
    await s.dump(b);
  }),
  scenario('reply-delivery-faults', "the caller's read faults on BR_REPLY", async (s) => {
    const { a, b, bh } = await trio(s);
    await b.wr({ write: [bc.transaction({ handle: bh, data: Buffer.from('q') })], read: 256, rbuf: END - 8 });
    await a.rw([bc.freeBuffer(MAP), bc.reply({ data: Buffer.from('answer') })]);
    b.done();
    await s.dump('state');
    await b.nonblock();
    await b.read();
    await s.dump('stats');
  }),
  scenario(
    'freeze-two-procs-partial',
    'two procs of one pid, one busy: EAGAIN, but the idle one stays frozen',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await a.open();
      await a.mmap({ addr: MAP + 0x1000000, fd: 4 });
      await a.version({ fd: 4 });
      await b.rw([oneway(bh, { code: 1 })]);
      const c = await s.start('C');
      await c.freeze(a, 1);
      await c.frozenInfo(a);
      s.want(await b.rw([bc.transaction({ handle: bh, code: 2 })]), 'parked');
      await s.dump('state');
      await c.freeze(a, 0);
      await c.frozenInfo(a);
    },
  ),
  scenario('log-wraps', 'more than 32 transactions: the log keeps the last 32', async (s) => {
    const { b, bh } = await trio(s);
    for (let i = 0; i < 6; i++)
      await b.wr({
        write: Array.from({ length: 6 }, (_, k) => oneway(bh, { code: 6 * i + k, data: Buffer.alloc(k) })),
      });
    for (let i = 0; i < 34; i++) await b.wr({ write: [bc.transaction({ handle: 50 + i, flags: i & 1 })], read: 256 });
    await s.dump('transaction_log');
    await s.dump('failed_transaction_log');
  }),
  scenario('flags-pass-through', 'code and flags arrive as sent, all 32 bits', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, code: 0xffffffff, flags: 0xfffffffe, data: Buffer.from('x') })]);
    await s.dump('transactions');
    await a.rw([bc.freeBuffer(MAP), bc.reply({ code: 0x80000000, flags: 0xffffffff })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
  }),
  scenario(
    'free-wakes-other',
    'freeing a oneway buffer in a write-only ioctl hands the next oneway to a waiting thread',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      await a1.version();
      await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }));
      const t = message(await a.read());
      await a1.loop();
      await a.write(bc.freeBuffer(t.buffer));
      s.want(a1.done(), 'NOOP TRANSACTION');
    },
  ),
  scenario(
    'free-and-read',
    'freeing and reading in one ioctl: the caller takes the next oneway itself, the woken thread finds nothing',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      const a2 = await a.spawn();
      await a1.version();
      await a2.version();
      await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }));
      const t = message(await a.read());
      await a1.loop();
      await a2.loop();
      s.want(await a.rw([bc.freeBuffer(t.buffer)]), 'NOOP TRANSACTION');
      s.wantParked(a2);
      await s.dump('stats');
      const q = message(a.done());
      await a.write(bc.freeBuffer(q.buffer));
      await b.write(oneway(bh, { code: 3 }));
      s.want(a2.done(), 'NOOP TRANSACTION');
    },
    { racy: true },
  ),
  scenario(
    'spawn-looper-flush',
    'flush wakes three threads; who is asked to spawn',
    async (s) => {
      const a = await s.start('A');
      for (let i = 0; i < 3; i++) {
        const t = await a.spawn();
        await t.version();
        await t.loop();
      }
      await a.setMaxThreads(5);
      await a.dup(3, 9);
      await a.close(9);
      await s.dump('stats');
      await s.dump('state');
    },
    { racy: true },
  ),
  scenario('kill-everything', 'four processes with everything outstanding die one after the other', async (s) => {
    const { sm, a, b, h, bh } = await trio(s, { park: false });
    const c = await s.start('C');
    const ch = await lookup(sm, c, h);
    const ah = await second(sm, b, a, 0x8000, 0x8001);
    const c8 = await second(sm, b, c, 0x8000, 0x8001, { done: false });
    await b.write(
      bc.requestDeath(bh, 1),
      bc.requestFreeze(bh, 2),
      oneway(bh),
      oneway(bh, parcel(object.binder(0x8100, 1))),
    );
    await c.write(bc.requestDeath(ch, 3), oneway(ch), oneway(c8));
    await a.write(bc.requestDeath(ah, 4), oneway(ah));
    const b1 = await b.spawn();
    await b1.version();
    await b1.rw([bc.transaction({ handle: bh, data: Buffer.from('call') })]);
    await s.dump('state');
    await s.kill(a);
    await s.dump('state');
    await s.kill(sm);
    await s.dump('state');
    await s.kill(b);
    await s.dump('state');
    await s.kill(c);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario(
    'dead-node-keeps-handle',
    'a handle to a dead node can be passed on, ref-counted and released',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      const c = await s.start('C');
      const ch = await second(sm, c, b, 0xc000, 0xc001);
      await s.kill(a);
      await c.loop();
      await b.rw([oneway(ch, parcel(object.handle(bh), object.weakHandle(bh)))]);
      const t = message(c.done());
      await c.peek(t.buffer, 48);
      await s.dump('state');
      s.want(
        await c.rw([bc.acquire(1), bc.freeBuffer(t.buffer), bc.transaction({ handle: 1, flags: 1 })]),
        'NOOP DEAD_REPLY',
      );
      await b.write(bc.release(bh));
      await s.dump('state');
      await c.rw([bc.requestDeath(1, 5)]);
      await c.write(bc.release(1));
      await s.dump('state');
      await s.kill(sm);
      await s.dump('state');
    },
  ),
  scenario('fda-in-reply', 'an fd array in a reply; the client frees the buffer', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await a.mkfd('memfd', 10, { content: 'A10' });
    await a.poke(DATA, u32(10), u32(10));
    await a.loop();
    await b.rw([bc.transaction({ handle: bh, flags: 0x10 })]);
    await a.rw([
      bc.replySg({
        buffers_size: 8,
        ...parcel('12345678', object.ptr({ buffer: DATA, length: 8 }), object.fda({ num: 2, parent: 0, off: 0 })),
      }),
    ]);
    const r = message(b.done());
    await b.peek(r.buffer, 8 + 80 + 16 + 8);
    await b.fdinfo(4);
    await b.fdinfo(5);
    s.want(await b.rw([bc.freeBuffer(r.buffer)]), 'NOOP'); // the FDA makes this ioctl return
    await b.fdinfo(4);
    await b.fdinfo(5);
    // without TF_ACCEPT_FDS
    await a.read();
    await b.rw([bc.transaction({ handle: bh })]);
    await a.rw([
      bc.replySg({
        buffers_size: 8,
        ...parcel('12345678', object.ptr({ buffer: DATA, length: 8 }), object.fda({ num: 2, parent: 0, off: 0 })),
      }),
    ]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
  }),
  scenario(
    'binder-fd',
    "passing the binder descriptor itself: ioctls through it act on the sender's proc",
    async (s) => {
      const { sm, a, b, bh } = await trio(s);
      await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(3)) })]);
      await a.peek(MAP, 24);
      await a.version({ fd: 4 });
      await s.dump('state');
      await a.mmap({ fd: 4, addr: MAP + 0x1000000 });
      await a.rw([bc.reply()]);
      await a.wr({ fd: 4, write: [bc.transaction({ handle: 0, flags: 1, code: 5 })], read: 256 });
      s.want(sm.done(), 'NOOP TRANSACTION');
      await s.dump('state');
      await a.close(4);
      await s.dump('state');
    },
  ),
  scenario('oneway-self-order', 'oneways and a call from one thread to one node: the call may overtake', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.wr({
      write: [oneway(bh, { code: 1 }), oneway(bh, { code: 2 }), bc.transaction({ handle: bh, code: 3 })],
      read: 256,
    });
    await s.dump('state');
    const t1 = message(await a.read());
    const t3 = message(await a.read());
    await a.write(bc.freeBuffer(t1.buffer));
    await s.dump('state');
    await a.rw([bc.freeBuffer(t3.buffer), bc.reply()]);
    const t2 = message(await a.read());
    await a.write(bc.freeBuffer(t2.buffer));
    if (!b.parked) await b.read();
  }),
  scenario(
    'node-dies-with-pending-oneway',
    'all refs to a node go while a oneway to it waits: the transaction keeps it alive',
    async (s) => {
      const { sm, a, b, h, bh } = await trio(s, { park: false });
      await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }));
      await b.write(bc.release(bh));
      await s.signal(sm);
      await sm.write(bc.release(h));
      await s.dump('state');
      const t1 = message(await a.read());
      await a.write(bc.freeBuffer(t1.buffer));
      await s.dump('state');
      const t2 = message(await a.read());
      await a.write(bc.freeBuffer(t2.buffer));
      await s.dump('state');
      s.want(await a.read(), 'NOOP RELEASE DECREFS');
      await s.dump('state');
    },
  ),
  scenario(
    'weak-node-work',
    'weak and strong references arriving before the owner has answered the first commands',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgr();
      const a = await s.start('A');
      await a.write(oneway(0, parcel(object.weakBinder(0x1000, 1))));
      await a.write(oneway(0, parcel(object.binder(0x1000, 1))));
      await s.dump(a);
      s.want(await a.read(), 'NOOP TRANSACTION_COMPLETE INCREFS ACQUIRE TRANSACTION_COMPLETE');
      const t1 = message(await sm.read());
      await sm.write(bc.freeBuffer(t1.buffer));
      await s.dump('state');
      const t2 = message(await sm.read());
      await sm.write(bc.freeBuffer(t2.buffer));
      await s.dump('state');
      await a.write(bc.increfsDone(0x1000, 1));
      await s.dump('state');
      await a.write(bc.acquireDone(0x1000, 1));
      await s.dump('state');
      s.want(await a.read(), 'NOOP RELEASE DECREFS');
    },
  ),
  scenario(
    'acquire-from-weak-node',
    'a strong ref from a node the owner holds only weakly goes through the process list',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgr();
      const a = await s.start('A');
      const b = await s.start('B');
      await a.write(oneway(0, parcel(object.weakBinder(0x1000, 1))));
      await a.read();
      await a.write(bc.increfsDone(0x1000, 1));
      const t1 = message(await sm.read());
      await sm.write(bc.increfs(1), bc.freeBuffer(t1.buffer));
      await sm.write(bc.acquire(1)); // refused: no strong ref exists
      await s.dump('state');
      // sending it on as a strong handle is refused too, weakly it works
      await b.rw([bc.transaction({ handle: 0 })]);
      await sm.read();
      await sm.write(bc.reply({ ...parcel(object.weakHandle(1)) }));
      await b.write(bc.increfs(1));
      await s.dump('state');
    },
  ),
  scenario('large-stream', '100 commands in one write', async (s) => {
    const { b, bh } = await trio(s);
    const cmds = [];
    for (let i = 0; i < 50; i++) cmds.push(bc.acquire(bh), bc.increfs(bh));
    await b.wr({ write: cmds });
    await s.dump(b);
    const back = [];
    for (let i = 0; i < 50; i++) back.push(bc.release(bh), bc.decrefs(bh));
    await b.wr({ write: back });
    await s.dump(b);
  }),
];
