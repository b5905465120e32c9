/** Calls and replies, nested, queued, and their receivers. */
import { DATA, MAP } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import type { Script } from '../../script.ts';
import { lookup, manager, register, second, type Trio, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

/** The server has a handle to an object of the client, too. */
async function mutual(s: Script): Promise<Trio & { ah: number }> {
  const three = await trio(s, { park: false });
  return { ...three, ah: await second(three.sm, three.b, three.a, 0x8000, 0x8001) };
}

export default [
  scenario('call-reply', 'a call seen from every side, with dumps in between', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([
      bc.transaction({
        handle: bh,
        code: 1,
        cookie: 0x1234,
        flags: 0x10,
        sender_pid: 7,
        sender_euid: 8,
        data: Buffer.from('abcdefgh'),
      }),
    ]);
    await s.dump('state');
    const t = message(a.done());
    await a.write(bc.reply({ code: 99, flags: 0x8, cookie: 5, data: Buffer.from('12345') }));
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    await s.dump('state');
    s.want(await a.read(), 'NOOP TRANSACTION_COMPLETE');
    await a.write(bc.freeBuffer(t.buffer));
    await b.write(bc.freeBuffer(message(b.done()).buffer));
    await s.dump('state');
    await s.dump('transaction_log');
  }),
  scenario(
    'call-write-then-read',
    'write and read in separate ioctls: BR_TRANSACTION_COMPLETE stays deferred',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.write(bc.transaction({ handle: bh, data: Buffer.from('x') }));
      await s.dump('state');
      s.want(await b.read(), 'parked');
      await a.write(bc.reply());
      s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    },
  ),
  scenario('oneway', 'oneway: BR_TRANSACTION_COMPLETE at once, sender_pid 0 at the receiver', async (s) => {
    const { a, b, bh } = await trio(s);
    s.want(
      await b.rw([bc.transaction({ handle: bh, code: 4, flags: 1, data: Buffer.from('async') })]),
      'NOOP TRANSACTION_COMPLETE',
    );
    const t = message(a.done());
    await s.dump('state');
    await a.write(bc.freeBuffer(t.buffer));
    await s.dump('state');
    await a.rw([bc.reply()]);
    await a.extendedError();
  }),
  scenario('nested-callback', 'A calls back into B while B waits: the same thread of B gets it', async (s) => {
    const { a, b, bh, ah } = await mutual(s);
    const b1 = await b.spawn();
    await b1.version();
    await b1.loop(); // a pool thread of B is waiting too, and must not be chosen
    await a.loop();
    await b.rw([bc.transaction({ handle: bh, code: 1, data: Buffer.from('one') })]);
    const t1 = message(a.done());
    await a.rw([bc.transaction({ handle: ah, code: 2, data: Buffer.from('two') })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE TRANSACTION');
    const t2 = message(b.done());
    await s.dump('state');
    await b.rw([bc.freeBuffer(t2.buffer), bc.reply({ data: Buffer.from('re:two') })]);
    s.want(a.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    s.want(await b.read(), 'parked');
    await a.write(bc.freeBuffer(t1.buffer), bc.reply({ data: Buffer.from('re:one') }));
    await s.dump('state');
    s.want(b.done(), 'NOOP REPLY');
    s.want(await a.read(), 'NOOP TRANSACTION_COMPLETE');
  }),
  scenario('recursion-deep', 'four levels of mutual calls on two threads', async (s) => {
    const { a, b, bh, ah } = await mutual(s);
    await a.loop();
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await a.rw([bc.transaction({ handle: ah, code: 2 })]);
    await b.rw([bc.transaction({ handle: bh, code: 3 })]);
    await a.rw([bc.transaction({ handle: ah, code: 4 })]);
    await s.dump('state');
    await b.rw([bc.reply({ code: 4 })]);
    await a.rw([bc.reply({ code: 3 })]);
    await b.rw([bc.reply({ code: 2 })]);
    await s.dump('state');
    await a.rw([bc.reply({ code: 1 })]);
    await s.dump('state');
  }),
  scenario('triangle', "B calls A, A calls C, C calls B: B's waiting thread serves it", async (s) => {
    const { sm, a, b, bh } = await mutual(s);
    const c = await s.start('C');
    const ac = await second(sm, c, a, 0xc000, 0xc001);
    const hb = await register(sm, b, 0x8000, 0x8001, { done: false });
    const cb = await lookup(sm, c, hb);
    await a.loop();
    await c.loop();
    const b1 = await b.spawn();
    await b1.version();
    await b1.loop();
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await a.rw([bc.transaction({ handle: ac, code: 2 })]);
    await c.rw([bc.transaction({ handle: cb, code: 3 })]);
    await s.dump('state');
    await b.rw([bc.reply()]);
    await c.rw([bc.reply()]);
    await a.rw([bc.reply()]);
    await s.dump('state');
  }),
  scenario(
    'oneway-inside-call',
    'a oneway sent back during a call goes to a pool thread, not to the waiting caller',
    async (s) => {
      const { a, b, bh, ah } = await mutual(s);
      await a.loop();
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      await a.rw([bc.transaction({ handle: ah, code: 2, flags: 1 })]);
      await s.dump('state');
      await a.rw([bc.reply()]);
      await s.dump('state');
      s.want(await b.read(), 'NOOP TRANSACTION');
    },
  ),
  scenario(
    'nested-queued',
    'a callback queued to a thread that is not reading blocks its next sync call',
    async (s) => {
      const { a, b, bh, ah } = await mutual(s);
      await a.loop();
      await b.write(bc.transaction({ handle: bh, code: 1 }), bc.transaction({ handle: 0, code: 9, flags: 1 }));
      s.want(await b.read(), 'NOOP TRANSACTION_COMPLETE TRANSACTION_COMPLETE');
      await a.rw([bc.transaction({ handle: ah, code: 2 })]);
      await s.dump('state');
      s.want(await b.rw([bc.transaction({ handle: bh, code: 3 })]), 'NOOP TRANSACTION');
      s.want(await b.read(), 'NOOP FAILED_REPLY');
      await b.extendedError();
      await s.dump('failed_transaction_log');
      s.want(await b.rw([bc.transaction({ handle: bh, code: 3, flags: 1 })]), 'NOOP TRANSACTION_COMPLETE');
    },
  ),
  scenario(
    'second-call-while-waiting',
    'a thread with an outstanding call may not start another (bad transaction stack)',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.write(bc.transaction({ handle: bh, code: 1 }));
      await b.write(bc.transaction({ handle: bh, code: 2 }));
      await b.extendedError();
      s.want(await b.read(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
      await s.dump('state');
      await b.write(bc.transaction({ handle: bh, code: 3, flags: 1 }));
      await b.read();
      await a.write(bc.reply());
      await b.read();
      await s.dump('failed_transaction_log');
    },
  ),
  scenario('two-calls-one-write', 'two calls in one stream: the second fails and stops the stream', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, code: 1 }), bc.transaction({ handle: bh, code: 2 }), bc.enterLooper()]);
    await s.dump('state');
    await a.write(bc.reply());
    await b.read();
    await s.dump('state');
  }),
  scenario('reply-without-call', 'BC_REPLY with an empty stack', async (s) => {
    const a = await s.start('A');
    await a.rw([bc.reply({ data: Buffer.from('x') })]);
    await a.extendedError();
    await a.rw([bc.replySg({ data: Buffer.from('x') })]);
    await s.dump('failed_transaction_log');
    await s.dump('state');
  }),
  scenario('reply-to-own-call', 'BC_REPLY while the top of the stack is an outgoing call', async (s) => {
    const { b, bh } = await trio(s);
    await b.write(bc.transaction({ handle: bh, code: 1 }));
    await b.write(bc.reply());
    await b.extendedError();
    await b.read();
    await s.dump('state');
  }),
  scenario('reply-from-other-thread', 'a thread that did not receive the call cannot answer it', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const a1 = await a.spawn();
    await a1.version();
    await a.loop();
    await b.rw([bc.transaction({ handle: bh })]);
    await a1.rw([bc.reply()]);
    await a1.extendedError();
    await a.write(bc.reply());
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
  }),
  scenario('zero-length', 'empty transactions still get distinct buffers of 8 bytes', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const b1 = await b.spawn();
    await b.rw([bc.transaction({ handle: bh })]);
    await b1.version();
    await b1.rw([bc.transaction({ handle: bh, buffer: 0xdead0000, offsetsPtr: 0xdead0000 })]);
    await a.loop();
    const a1 = await a.spawn();
    await a1.version();
    await a1.loop();
    await s.dump('state');
    await a.write(bc.reply());
    await a1.write(bc.reply({ buffer: 0xdead0000 }));
    await s.dump('state');
    b.done();
    b1.done();
  }),
  scenario(
    'data-padding',
    'data sizes that are not multiples of 8, and what lies between data and offsets',
    async (s) => {
      const { a, b, bh } = await trio(s);
      for (const n of [1, 3, 7, 8, 9, 13]) {
        await b.write(bc.transaction({ handle: bh, flags: 1, data: Buffer.alloc(n, 0x61) }));
        const t = message(a.done());
        await a.peek(t.buffer, 32);
        await a.write(bc.freeBuffer(t.buffer));
        await b.read();
        await a.read();
      }
      await b.write(bc.transaction({ handle: bh, flags: 1, ...parcel(object.handle(bh), 'xyz') }));
      const t = message(a.done());
      await a.peek(t.buffer, 48);
      await s.dump('state');
    },
  ),
  scenario('data-large', '100 KiB call across many pages', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.fill(DATA, 102400, 0x5a);
    await b.poke(DATA + 4090, '0123456789abcdef');
    await b.rw([bc.transaction({ handle: bh, buffer: DATA, data_size: 102400 })]);
    const t = message(a.done());
    await a.peek(Number(t.buffer) + 4088, 20);
    await a.peek(Number(t.buffer) + 102392, 16);
    await s.dump('stats');
    await a.write(bc.freeBuffer(t.buffer), bc.reply({ buffer: DATA, data_size: 65536 }));
    await s.dump('stats');
    await b.peek(message(b.done()).buffer, 16);
  }),
  scenario('clear-buf', 'TF_CLEAR_BUF zeroes the buffer when it is freed; without it old bytes stay', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.transaction({ handle: bh, flags: 1, data: Buffer.from('keep-this-text') }));
    let t = message(a.done());
    await a.write(bc.freeBuffer(t.buffer));
    await a.peek(t.buffer, 32);
    await a.read();
    await b.write(bc.transaction({ handle: bh, flags: 0x21, data: Buffer.from('wipe-this-too') }));
    t = message(a.done());
    await a.peek(t.buffer, 32);
    await a.write(bc.freeBuffer(t.buffer));
    await a.peek(t.buffer, 32);
    await b.read();
    await a.read();
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('q') })]);
    await a.write(bc.reply({ flags: 0x20, data: Buffer.from('secret reply') }));
    const r = message(b.done());
    await b.write(bc.freeBuffer(r.buffer));
    await b.peek(r.buffer, 16);
  }),
  scenario('waiting-threads-lifo', 'of several waiting threads the one that parked last is woken', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const a1 = await a.spawn();
    const a2 = await a.spawn();
    await a1.version();
    await a2.version();
    await a.loop();
    await a1.loop();
    await a2.loop();
    for (let i = 0; i < 3; i++) {
      await b.write(bc.transaction({ handle: bh, code: i, flags: 1 }));
      await s.dump('stats');
    }
    await s.dump('state');
    const got = a2.done();
    await a2.write(bc.freeBuffer(message(got).buffer));
    await s.dump('state');
  }),
  scenario(
    'sync-calls-spread',
    'three clients, two server threads: two served at once, the third queues',
    async (s) => {
      const { sm, a, b, h, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      await a1.version();
      await a.loop();
      await a1.loop();
      const c = await s.start('C');
      const d = await s.start('D');
      const ch = await lookup(sm, c, h);
      const dh = await lookup(sm, d, h);
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      await c.rw([bc.transaction({ handle: ch, code: 2 })]);
      await d.rw([bc.transaction({ handle: dh, code: 3 })]);
      await s.dump('state');
      s.want(await a.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
      s.want(await a.read(), 'NOOP TRANSACTION');
      s.want(await a1.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
      s.want(await a1.read(), 'parked');
      await s.dump('state');
    },
  ),
  scenario('one-transaction-per-read', 'a read returns at most one transaction; the rest waits', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const b2 = await second(sm, a, b, 0x1100, 0x1101);
    await b.write(bc.transaction({ handle: bh, flags: 1, code: 1 }), bc.transaction({ handle: b2, flags: 1, code: 2 }));
    await s.dump('state');
    s.want(await a.read(1024), 'NOOP TRANSACTION');
    s.want(await a.read(1024), 'NOOP TRANSACTION');
    s.want(await b.read(), 'NOOP TRANSACTION_COMPLETE TRANSACTION_COMPLETE');
  }),
  scenario(
    'busy-thread-takes-no-proc-work',
    'a thread inside a call does not pick up work for the process',
    async (s) => {
      const { a, b, bh, ah } = await mutual(s);
      const b1 = await b.spawn();
      await b1.version();
      await a.loop();
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      await b1.write(bc.transaction({ handle: bh, code: 2, flags: 1 }));
      await b1.read();
      await s.dump('state');
      await a.rw([bc.transaction({ handle: ah, code: 3 })]); // waits for B's reply
      await s.dump('state');
      await b.rw([bc.reply()]);
      s.want(a.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
      s.want(await a.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
      s.want(await a.read(), 'NOOP TRANSACTION');
    },
  ),
  scenario('uid', 'sender_euid is that of the sending process, at the time of sending', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A', { uid: 1000 });
    await a.rw([bc.transaction({ handle: 0, code: 1, sender_euid: 12345 })]);
    await sm.rw([bc.freeBuffer(MAP), bc.reply()]);
    await sm.read();
    await a.rw([bc.transaction({ handle: 0, code: 2, flags: 1 })]);
    const b = await s.start('B');
    await b.setuid(4242);
    await sm.read();
    await b.rw([bc.transaction({ handle: 0, code: 3 })]);
    await s.dump('transactions');
  }),
];
