/** Calls whose caller or target exits, or cannot be served. */
import { DATA, MAP } from '../../calls.ts';
import { bc, type TransactionFields } from '../../commands.ts';
import { second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario('bad-target', 'no manager, unknown handle, the manager calling itself', async (s) => {
    const a = await s.start('A');
    await a.rw([bc.transaction({ handle: 0 })]);
    await a.extendedError();
    await a.rw([bc.transaction({ handle: 0, flags: 1 })]);
    await a.rw([bc.transaction({ handle: 1 })]);
    await a.extendedError();
    await a.rw([bc.transaction({ handle: 0xffffffff, flags: 1 })]);
    await a.setContextMgr();
    await a.rw([bc.transaction({ handle: 0 })]);
    await a.extendedError();
    await s.dump('failed_transaction_log');
    await s.dump('state');
  }),
  scenario('target-upper-bits', 'only the low 32 bits of target are the handle', async (s) => {
    const { a, b } = await trio(s);
    await b.rw([bc.transaction({ target: 0x1234567800000001n, code: 6 })]);
    s.want(a.done(), 'NOOP TRANSACTION');
  }),
  scenario('stop-on-error', 'a failed transaction stops the stream; the rest is not consumed', async (s) => {
    const { b, bh } = await trio(s);
    await b.wr({ write: [bc.transaction({ handle: 42 }), bc.enterLooper(), bc.transaction({ handle: bh, flags: 1 })] });
    await s.dump('state');
    await b.wr({ write: [bc.enterLooper()] });
    await s.dump('state');
    s.want(await b.read(), 'NOOP FAILED_REPLY');
    await b.wr({ write: [bc.enterLooper()] });
    await s.dump('state');
  }),
  scenario('target-dies-before-reading', 'BR_DEAD_REPLY when the target dies with the call queued', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('hello') })]);
    await s.dump('state');
    await s.kill(a);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    await s.dump('state');
    s.want(await b.rw([bc.transaction({ handle: bh })]), 'NOOP DEAD_REPLY');
    await b.extendedError();
    s.want(await b.rw([bc.transaction({ handle: bh, flags: 1 })]), 'NOOP DEAD_REPLY');
  }),
  scenario('target-dies-in-call', 'BR_DEAD_REPLY when the target dies while serving', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('hello') })]);
    await s.kill(a);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    await s.dump('state');
    await b.extendedError();
  }),
  scenario('target-closes-in-call', 'the target closes its descriptor and mapping while serving', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('hello') })]);
    await a.close();
    await s.dump('state');
    await a.munmap();
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    await s.dump('state');
  }),
  scenario('target-thread-exits', 'BINDER_THREAD_EXIT by the serving thread: BR_DEAD_REPLY', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('hello') })]);
    await a.threadExit();
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    await s.dump('state');
    await a.write(bc.freeBuffer(MAP));
    await s.dump('state');
  }),
  scenario('caller-dies', 'the caller dies before the reply', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('hello') })]);
    await s.kill(b);
    await s.dump('state');
    s.want(await a.rw([bc.reply({ data: Buffer.from('late') })]), 'NOOP TRANSACTION_COMPLETE');
    await a.extendedError();
    await s.dump('state');
    await s.dump('failed_transaction_log');
  }),
  scenario('caller-thread-exits', 'the calling thread exits (BINDER_THREAD_EXIT) before the reply', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.transaction({ handle: bh, data: Buffer.from('hello') }));
    await b.threadExit();
    await s.dump('state');
    s.want(await a.rw([bc.reply({ data: Buffer.from('late') })]), 'NOOP TRANSACTION_COMPLETE');
    await s.dump('state');
    await b.read();
  }),
  scenario(
    'caller-killed-while-queued',
    'the caller dies while its call is still queued: it is delivered with sender_pid 0',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await b.rw([bc.transaction({ handle: bh, data: Buffer.from('hello') })]);
      await s.kill(b);
      await s.dump('state');
      await a.loop();
      await s.dump('state');
      await a.rw([bc.reply()]);
      await s.dump('state');
    },
  ),
  scenario('nested-middle-dies', 'B calls A calls C; A dies: B hears only when C replies', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const c = await s.start('C');
    const ac = await second(sm, c, a, 0xc000, 0xc001);
    await a.loop();
    await c.loop();
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await a.rw([bc.transaction({ handle: ac, code: 2 })]);
    await s.kill(a);
    s.wantParked(b); // no reply yet: A's top of stack was an outgoing call
    await s.dump('state');
    s.want(await c.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    await s.dump('state');
  }),
  scenario('nested-leaf-dies', 'B calls A calls C; C dies: only A sees BR_DEAD_REPLY', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const c = await s.start('C');
    const ac = await second(sm, c, a, 0xc000, 0xc001);
    await a.loop();
    await c.loop();
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await a.rw([bc.transaction({ handle: ac, code: 2 })]);
    await s.kill(c);
    s.want(a.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    await a.rw([bc.reply()]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
  }),
  scenario('data-errors', 'bad data and offsets pointers and sizes', async (s) => {
    const { b, bh } = await trio(s);
    const t = async (o: TransactionFields) => {
      await b.rw([bc.transaction({ handle: bh, ...o })]);
      await b.extendedError();
    };
    await t({ buffer: 0x60000000, data_size: 8 });
    await t({ buffer: 0x10800000 - 4, data_size: 8 });
    await t({ data: Buffer.from('12345678'), offsetsPtr: 0x60000000, offsets_size: 8 });
    await t({ data: Buffer.from('12345678'), offsetsPtr: DATA, offsets_size: 4 });
    await t({ data: Buffer.from('12345678'), offsetsPtr: DATA, offsets_size: 12 });
    await t({ buffer: DATA, data_size: 0xffffffffffffffffn });
    await t({ buffer: DATA, data_size: 0xfffffffffffffff8n });
    await t({ buffer: DATA, data_size: 0x7fffffffffffffffn, offsetsPtr: DATA, offsets_size: 0x8000000000000000n });
    await t({ buffer: DATA, data_size: 8, offsetsPtr: DATA, offsets_size: 0xfffffffffffffff8n });
    await t({ buffer: DATA, data_size: 2 << 20 });
    await s.dump('failed_transaction_log');
    await s.dump('state');
    await s.dump('stats');
  }),
];
