/** References: handles, counts, and the notifications of a node’s owner. */
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import { lookup, manager, register, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario(
    'register',
    'sending a new object: node, handle 1 at the receiver, BR_INCREFS and BR_ACQUIRE to the owner',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      await a.rw([bc.transaction({ handle: 0, code: 1, ...parcel('name', object.binder(0x1000, 0x1001, 0x17f)) })]);
      await s.dump('state');
      const t = message(sm.done());
      await sm.peek(t.buffer, 36);
      await sm.write(bc.acquire(1));
      await s.dump('state');
      await sm.write(bc.freeBuffer(t.buffer));
      await s.dump('state');
      await sm.rw([bc.reply()]);
      s.want(a.done(), 'NOOP INCREFS ACQUIRE TRANSACTION_COMPLETE REPLY');
      const r = message(a.done());
      await s.dump('state');
      await a.write(bc.increfsDone(0x1000, 0x1001));
      await s.dump('state');
      await a.write(bc.acquireDone(0x1000, 0x1001), bc.freeBuffer(r.buffer));
      await s.dump('state');
      await sm.write(bc.release(1));
      await s.dump('state');
    },
  ),
  scenario(
    'register-again',
    'sending the same object again gives the same handle and no second BR_ACQUIRE',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      await register(sm, a, 0x1000, 0x1001);
      await register(sm, a, 0x2000, 0x2001);
      const h = await register(sm, a, 0x1000, 0x1001, { done: false });
      s.wantNumber(h, 1);
      await s.dump('state');
    },
  ),
  scenario('lookup', 'the manager hands its handle on; the client calls the service', async (s) => {
    const { a, b, bh } = await trio(s);
    s.wantNumber(bh, 1);
    await s.dump('state');
    await b.rw([bc.transaction({ handle: bh, code: 0xbeef, flags: 0x10, data: Buffer.from('question') })]);
    s.want(a.done(), 'NOOP TRANSACTION');
    const t = message(a.done());
    await a.peek(t.buffer, 8);
    await s.dump('transactions');
    await a.rw([bc.freeBuffer(t.buffer), bc.reply({ data: Buffer.from('answer!') })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    const r = message(b.done());
    await b.peek(r.buffer, 7);
    await b.write(bc.freeBuffer(r.buffer));
    await s.dump('state');
    await s.dump('transaction_log');
    await s.dump('stats');
  }),
  scenario('handles-lowest-free', 'handles count 1,2,3 per process and the lowest free one is reused', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    for (let i = 1; i <= 4; i++) await register(sm, a, i * 0x100, i);
    await s.dump(sm);
    await s.signal(sm);
    await sm.write(bc.release(2));
    await s.dump('state');
    await sm.write(bc.release(3));
    await s.dump(sm);
    await sm.read();
    const h = await register(sm, a, 0x900, 9);
    s.wantNumber(h, 2);
    const h2 = await register(sm, a, 0xa00, 10);
    s.wantNumber(h2, 3);
    await s.dump('state');
  }),
  scenario('node-released', 'dropping the last strong and weak refs: BR_RELEASE, BR_DECREFS, node gone', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await register(sm, a, 0x1000, 0x1001);
    await a.loop();
    await s.signal(sm);
    await sm.write(bc.increfs(1));
    await s.dump('state');
    await sm.write(bc.release(1));
    s.want(a.done(), 'NOOP RELEASE');
    await s.dump('state');
    await a.read();
    await sm.write(bc.decrefs(1));
    s.want(a.done(), 'NOOP DECREFS');
    await s.dump('state');
    await sm.read();
    await register(sm, a, 0x1000, 0x1001);
    await s.dump('state');
  }),
  scenario('release-both-at-once', 'strong was the only ref: BR_RELEASE and BR_DECREFS come together', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await register(sm, a, 0x1000, 0x1001);
    await a.loop();
    await s.signal(sm);
    await sm.write(bc.release(1));
    s.want(a.done(), 'NOOP RELEASE DECREFS');
    await s.dump('state');
  }),
  scenario('release-before-done', 'the receiver drops its ref before the owner has answered BR_ACQUIRE', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await register(sm, a, 0x1000, 0x1001, { done: false });
    await s.signal(sm);
    await sm.write(bc.release(1));
    await s.dump('state');
    await a.loop();
    await s.dump('state');
    await s.signal(a);
    await a.write(bc.increfsDone(0x1000, 0x1001));
    await s.dump('state');
    await a.write(bc.acquireDone(0x1000, 0x1001));
    await s.dump('state');
    s.want(await a.read(), 'NOOP RELEASE DECREFS');
    await s.dump('state');
  }),
  scenario('acquire-counts', 'user refcounts nest per handle', async (s) => {
    const { b, bh } = await trio(s);
    await b.write(bc.acquire(bh), bc.acquire(bh), bc.increfs(bh), bc.increfs(bh));
    await s.dump(b);
    await b.write(bc.release(bh), bc.release(bh), bc.release(bh));
    await s.dump('state');
    await b.write(bc.acquire(bh));
    await s.dump('state');
    await b.write(bc.decrefs(bh), bc.decrefs(bh));
    await s.dump('state');
  }),
  scenario('acquire-weak-only', 'BC_ACQUIRE on a ref that has become weak only is refused', async (s) => {
    const { b, bh } = await trio(s);
    await b.write(bc.increfs(bh), bc.release(bh));
    await s.dump('state');
    await b.write(bc.acquire(bh));
    await s.dump('state');
    await b.rw([bc.transaction({ handle: bh })]);
    await b.extendedError();
    await b.write(bc.increfs(bh), bc.decrefs(bh), bc.decrefs(bh));
    await s.dump('state');
    await b.write(bc.decrefs(bh));
    await b.write(bc.increfs(bh));
    await s.dump('state');
  }),
  scenario('refcount-errors', 'bad handles and underflows are ignored (the ioctl returns 0)', async (s) => {
    const { b, bh } = await trio(s);
    await b.write(bc.acquire(77));
    await b.write(bc.increfs(77));
    await b.write(bc.release(77));
    await b.write(bc.decrefs(77));
    await b.write(bc.decrefs(bh));
    await b.write(bc.increfs(bh), bc.release(bh), bc.release(bh), bc.release(bh));
    await s.dump('state');
    await b.write(bc.release(0));
    await b.write(bc.decrefs(0));
    await s.dump('state');
  }),
  scenario(
    'done-errors',
    'BC_INCREFS_DONE / BC_ACQUIRE_DONE: unknown node, wrong cookie, nothing pending',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      await register(sm, a, 0x1000, 0x1001, { done: false });
      await a.write(bc.increfsDone(0x9999, 0x1001));
      await a.write(bc.acquireDone(0x9999, 0x1001));
      await a.write(bc.increfsDone(0x1000, 0x2));
      await a.write(bc.acquireDone(0x1000, 0x2));
      await s.dump(a);
      await a.write(bc.acquireDone(0x1000, 0x1001));
      await a.write(bc.acquireDone(0x1000, 0x1001));
      await s.dump(a);
      await a.write(bc.increfsDone(0x1000, 0x1001), bc.increfsDone(0x1000, 0x1001));
      await s.dump(a);
    },
  ),
  scenario('handle-zero', 'BC_ACQUIRE/BC_INCREFS 0 make a ref to the manager', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await a.write(bc.acquire(0));
    s.wantParked(sm);
    await s.dump('state');
    await a.write(bc.increfs(0), bc.acquire(0));
    await s.dump('state');
    await a.write(bc.release(0), bc.release(0));
    await s.dump('state');
    await a.write(bc.decrefs(0));
    await s.dump('state');
    await a.write(bc.increfs(0));
    await s.dump('state');
  }),
  scenario(
    'handle-zero-errors',
    'the manager may not ref itself (EINVAL); without a manager it is just a bad ref',
    async (s) => {
      const a = await s.start('A');
      await a.write(bc.acquire(0));
      await a.write(bc.release(0));
      await a.setContextMgr();
      await a.rw([bc.enterLooper(), bc.acquire(0), bc.exitLooper()]);
      await a.write(bc.increfs(0));
      await a.write(bc.release(0));
      await a.write(bc.decrefs(0));
      await s.dump('state');
    },
  ),
  scenario(
    'manager-replaced',
    'a ref 0 to a dead manager keeps desc 0; a ref to the new one gets another desc',
    async (s) => {
      const sm = await manager(s);
      const a = await s.start('A');
      await a.write(bc.acquire(0));
      await s.kill(sm);
      await s.dump('state');
      await a.rw([bc.transaction({ handle: 0 })]);
      const sm2 = await manager(s, 'SM2');
      await a.rw([bc.transaction({ handle: 0, code: 3 })]);
      const t = message(sm2.done());
      await sm2.write(bc.freeBuffer(t.buffer), bc.reply());
      await a.write(bc.acquire(0));
      await s.dump('state');
      await a.write(bc.release(0));
      await s.dump('state');
      await a.write(bc.release(0));
      await a.write(bc.acquire(0));
      await s.dump('state');
    },
  ),
  scenario('cookie-mismatch', 'sending a known ptr with another cookie fails the transaction', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await register(sm, a, 0x1000, 0x1001);
    await a.rw([bc.transaction({ handle: 0, ...parcel(object.binder(0x1000, 0x9999)) })]);
    await a.extendedError();
    await s.dump('state');
  }),
  scenario('node-flags', 'the flags of the first sending are the ones that count', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    const b = await s.start('B');
    const h = await register(sm, a, 0x1000, 0x1001, { flags: 0 });
    await register(sm, a, 0x1000, 0x1001, { flags: 0x100, done: false });
    const bh = await lookup(sm, b, h);
    await b.mkfd('memfd', 10, { content: 'hello' });
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(10)) })]);
    await b.extendedError();
  }),
  scenario('handle-home', 'a handle sent to the owner of its node turns back into a binder', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.handle(bh, 0x55), object.weakHandle(bh, 0x66, 0x77)) })]);
    const t = message(a.done());
    await a.peek(t.buffer, 48);
    await s.dump('state');
    await a.write(bc.freeBuffer(t.buffer));
    await s.dump('state');
    await a.write(bc.reply());
  }),
  scenario('handle-onward', "a handle sent to a third process becomes that process's own handle", async (s) => {
    const { sm, a, b, bh } = await trio(s);
    const c = await s.start('C');
    const h2 = await register(sm, c, 0x5000, 0x5001);
    const bh2 = await lookup(sm, b, h2);
    await c.loop();
    s.wantNumber(bh2, 2);
    await b.rw([
      bc.transaction({ handle: bh2, ...parcel(object.handle(bh), object.weakHandle(bh), object.handle(bh2)) }),
    ]);
    const t = message(c.done());
    await c.peek(t.buffer, 72);
    await s.dump('state');
    await c.write(bc.acquire(1), bc.freeBuffer(t.buffer));
    await s.dump(c);
    await c.write(bc.reply());
    // now C calls A directly
    await c.read();
    await c.rw([bc.transaction({ handle: 1, code: 12 })]);
    s.want(a.done(), 'NOOP TRANSACTION');
  }),
  scenario('weak-objects', 'WEAK_BINDER gives a weak ref only: BR_INCREFS, no BR_ACQUIRE; not callable', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await a.rw([bc.transaction({ handle: 0, ...parcel(object.weakBinder(0x1000, 0x1001)) })]);
    const t = message(sm.done());
    await sm.peek(t.buffer, 24);
    await s.dump('state');
    await sm.write(bc.increfs(1), bc.freeBuffer(t.buffer), bc.reply());
    s.want(a.done(), 'NOOP INCREFS TRANSACTION_COMPLETE REPLY');
    await a.write(bc.increfsDone(0x1000, 0x1001));
    await s.dump('state');
    await sm.rw([bc.transaction({ handle: 1 })]);
    await sm.extendedError();
    // strong again
    await a.rw([bc.transaction({ handle: 0, ...parcel(object.binder(0x1000, 0x1001)) })]);
    const t2 = message(await sm.read());
    await sm.write(bc.acquire(1), bc.freeBuffer(t2.buffer), bc.reply());
    s.want(a.done(), 'NOOP ACQUIRE TRANSACTION_COMPLETE REPLY');
    await s.dump('state');
  }),
  scenario('weak-handle-onward', 'HANDLE needs a strong ref at the sender, WEAK_HANDLE does not', async (s) => {
    const { sm, b, bh } = await trio(s);
    await b.write(bc.increfs(bh), bc.release(bh));
    await b.rw([bc.transaction({ handle: 0, ...parcel(object.handle(bh)) })]);
    await b.extendedError();
    await b.rw([bc.transaction({ handle: 0, ...parcel(object.weakHandle(bh)) })]);
    const t = message(sm.done());
    await sm.peek(t.buffer, 24);
    await s.dump('state');
    await sm.write(bc.freeBuffer(t.buffer), bc.reply());
    await s.dump('state');
  }),
  scenario('object-errors', 'handles that do not exist inside a transaction', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.handle(55)) })]);
    await b.extendedError();
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.weakHandle(55)) })]);
    await b.extendedError();
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.handle(0)) })]);
    await b.extendedError();
    await b.write(bc.acquire(0));
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.handle(0)) })]);
    const t = message(a.done());
    await a.peek(t.buffer, 24);
    await s.dump('state');
  }),
  scenario('half-translated', 'a failing object undoes the ones before it', async (s) => {
    const { b, bh } = await trio(s);
    await b.rw([
      bc.transaction({ handle: bh, ...parcel(object.binder(0x7000, 0x7001), object.handle(bh), object.handle(99)) }),
    ]);
    await b.extendedError();
    await s.dump('state');
    await b.read();
    await s.dump('state');
    await s.signal(b);
    await b.rw([
      bc.transaction({
        handle: bh,
        ...parcel(object.weakBinder(0x7100, 1), object.weakHandle(bh), object.weakHandle(99)),
      }),
    ]);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('many-handles', '70 handles: the descriptor bitmap grows past 64; then release and reuse', async (s) => {
    const sm = await s.start('SM');
    await sm.setContextMgr();
    const a = await s.start('A');
    const batch = async (from: number, n: number) => {
      const objs = [];
      for (let i = 0; i < n; i++) objs.push(object.binder(0x1000 + (from + i) * 16, from + i));
      await a.rw([bc.transaction({ handle: 0, ...parcel(...objs) })], 4096);
      const t = message(await sm.read());
      await sm.peek(t.buffer, 24 * n);
      await sm.rw([bc.reply()]);
      return t.buffer;
    };
    const b1 = await batch(0, 35);
    const b2 = await batch(35, 35);
    await s.dump(sm);
    await sm.write(bc.acquire(70), bc.acquire(3), bc.freeBuffer(b1));
    await s.dump(sm);
    const b3 = await batch(100, 5);
    await s.dump(sm);
    await sm.write(bc.release(70), bc.release(3), bc.freeBuffer(b2), bc.freeBuffer(b3));
    await s.dump('state');
    await batch(200, 2);
    await s.dump(sm);
  }),
  scenario('node-work-small-buffer', 'reference commands wait for 76 bytes of room, one node at a time', async (s) => {
    await manager(s);
    const a = await s.start('A');
    await a.write(
      bc.transaction({
        handle: 0,
        flags: 1,
        ...parcel(object.binder(0x1000, 1), object.binder(0x2000, 2), object.binder(0x3000, 3)),
      }),
    );
    await s.dump(a);
    await a.nonblock();
    for (const n of [79, 80, 99, 120, 76, 84, 80]) await a.read(n);
    await s.dump('state');
  }),
  scenario(
    'refs-of-undelivered',
    'objects in a transaction whose target dies first give their refs back',
    async (s) => {
      const sm = await s.start('SM');
      await sm.setContextMgr();
      const a = await s.start('A');
      await a.rw([bc.transaction({ handle: 0, ...parcel(object.binder(0x1000, 0x1001)) })]);
      await s.dump('state');
      await s.kill(sm);
      a.done();
      await s.dump('state');
      await a.read();
      await s.dump('state');
    },
  ),
  scenario('free-buffer-refs', 'freeing a delivered buffer drops the refs its objects hold', async (s) => {
    const sm = await s.start('SM');
    await sm.setContextMgr();
    const a = await s.start('A');
    await a.write(
      bc.transaction({
        handle: 0,
        flags: 1,
        ...parcel(object.binder(0x1000, 1), object.weakBinder(0x2000, 2), object.binder(0x1000, 1)),
      }),
    );
    const t = message(await sm.read());
    await s.dump('state');
    await a.read();
    await a.write(bc.increfsDone(0x1000, 1), bc.acquireDone(0x1000, 1), bc.increfsDone(0x2000, 2));
    await sm.write(bc.freeBuffer(t.buffer));
    await s.dump('state');
    await a.loop();
    await s.dump('state');
  }),
];
