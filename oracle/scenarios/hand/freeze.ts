/** Freezing of processes, and freeze notifications. */
import { MAP } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { findMessage } from '../../outcome.ts';
import { lookup, oneway, second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario(
    'freeze',
    'frozen: calls get BR_FROZEN_REPLY, oneways BR_TRANSACTION_PENDING_FROZEN; then thaw',
    async (s) => {
      const { sm, a, b, bh } = await trio(s);
      await s.signal(sm);
      await sm.freeze(a, 1);
      await sm.frozenInfo(a);
      s.want(await b.rw([bc.transaction({ handle: bh, code: 1 })]), 'NOOP FROZEN_REPLY');
      await b.extendedError();
      await sm.frozenInfo(a);
      s.want(await b.rw([oneway(bh, { code: 2 })]), 'NOOP TRANSACTION_PENDING_FROZEN');
      await b.extendedError();
      await sm.frozenInfo(a);
      await s.dump('state');
      await sm.freeze(a, 0);
      await sm.frozenInfo(a);
      s.want(await b.rw([bc.transaction({ handle: bh, code: 3 })]), 'parked');
      await s.dump('failed_transaction_log');
    },
  ),
  scenario(
    'freeze-no-waiter',
    'the frozen process has no waiting thread: oneways queue in the process list',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      await s.signal(sm);
      await sm.freeze(a, 1);
      for (let i = 0; i < 3; i++) await b.rw([oneway(bh, { code: i })]);
      await s.dump('state');
      await sm.frozenInfo(a);
      await sm.freeze(a, 1);
      await sm.frozenInfo(a);
      await sm.freeze(a, 0);
      s.want(await a.read(), 'NOOP TRANSACTION');
    },
  ),
  scenario('freeze-busy', 'a process with transactions outstanding cannot be frozen: EAGAIN', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    await s.signal(sm);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await sm.freeze(a, 1);
    await sm.frozenInfo(a);
    await a.read();
    await sm.freeze(a, 1);
    await a.rw([bc.reply()]);
    await sm.freeze(a, 1);
    await sm.frozenInfo(a);
    await sm.freeze(b, 1);
    await s.dump('state');
  }),
  scenario('freeze-busy-oneway', 'a queued oneway counts as outstanding, a delivered one does not', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    await s.signal(sm);
    await b.write(oneway(bh, { code: 1 }));
    await sm.freeze(a, 1);
    await a.read();
    await sm.freeze(a, 1);
  }),
  scenario('freeze-caller', 'a process waiting for a reply cannot be frozen', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(sm);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await sm.freeze(b, 1);
    await sm.frozenInfo(b);
    await a.write(bc.reply());
    await sm.freeze(b, 1);
    await sm.frozenInfo(b);
  }),
  scenario(
    'freeze-timeout-drains',
    'with a timeout the freezer sleeps until the last transaction is done',
    async (s) => {
      const { sm, a, b, bh } = await trio(s);
      await s.signal(sm);
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      s.want(await sm.freeze(a, 1, 30000), 'parked');
      const c = await s.start('C');
      await c.frozenInfo(a);
      await a.write(bc.reply());
      await s.dump('state');
      await c.frozenInfo(a);
    },
  ),
  scenario('freeze-timeout-expires', 'the timeout runs out: EAGAIN and not frozen', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(sm);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    s.want(await sm.freeze(a, 1, 100), 'parked');
    await s.await(sm, 5000);
    await sm.frozenInfo(a);
    await sm.freeze(a, 1, 30000);
    await s.signal(sm);
    await sm.frozenInfo(a);
  }),
  scenario(
    'freeze-ends-with-its-process',
    'thawed and idle meanwhile, so the end of the freezer freezes, and notifies its other thread, which ends too',
    async (s) => {
      const { sm, a, b, h, bh } = await trio(s, { park: false });
      const c = await s.start('C');
      const ch = await lookup(sm, c, h);
      await s.signal(sm);
      await c.rw([bc.transaction({ handle: ch, code: 1 })]);
      s.want(await a.read(), 'NOOP TRANSACTION');
      const reader = await b.spawn();
      await reader.loop();
      await b.write(bc.requestFreeze(bh, 0xf1));
      s.want(await reader.read(), 'NOOP FROZEN_BINDER');
      await reader.write(bc.freezeDone(0xf1));
      await reader.read();
      s.want(await b.freeze(a, 1, 30000), 'parked');
      await sm.freeze(a, 0);
      s.want(reader.done(), 'NOOP FROZEN_BINDER');
      await reader.write(bc.freezeDone(0xf1));
      s.want(await reader.read(), 'parked');
      await a.write(bc.reply());
      await s.dump('state');
      await s.kill(b);
      await s.dump('state');
      await sm.frozenInfo(a);
      await sm.freeze(a, 0);
      await s.dump('state');
    },
  ),
  scenario('freeze-errors', 'unknown pid, freezing oneself', async (s) => {
    const a = await s.start('A');
    await a.freeze(7777, 1);
    await a.frozenInfo(7777);
    await a.freeze(7777, 0);
    await a.freeze(a, 1);
    await a.frozenInfo(a);
    await a.freeze(a, 0);
    const b = await s.proc('B');
    await a.freeze(b, 1);
    await b.open();
    await a.freeze(b, 1);
    await s.kill(b);
    await a.freeze(b, 0);
    await a.frozenInfo(b);
  }),
  scenario(
    'freeze-update-txn',
    'TF_UPDATE_TXN: a newer oneway replaces the one waiting in a frozen process',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      await s.signal(sm);
      const u = (code: number, data: string, f = 0) => oneway(bh, { code, flags: 0x41 | f, data: Buffer.from(data) });
      await sm.freeze(a, 1);
      await b.rw([u(1, 'first')]);
      await s.dump('state');
      await b.rw([u(1, 'second')]);
      await s.dump('state');
      await b.rw([u(1, 'third')]);
      await s.dump('state');
      await b.rw([u(2, 'other code')]);
      await b.rw([u(1, 'fourth', 0x10)]);
      await b.rw([oneway(bh, { code: 1, data: Buffer.from('plain') })]);
      await b.rw([u(1, 'fifth')]);
      await s.dump('state');
      await sm.freeze(a, 0);
      await b.rw([u(1, 'sixth')]);
      await s.dump('state');
      for (let i = 0; i < 7; i++) {
        const t = findMessage(await a.read());
        if (t === undefined) break;
        await a.peek(t.buffer, 10);
        await a.write(bc.freeBuffer(t.buffer));
      }
      await s.dump('state');
      await s.dump('stats');
    },
  ),
  scenario('freeze-update-objects', 'the replaced transaction gives back the refs of its objects', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    await s.signal(sm);
    await sm.freeze(a, 1);
    await b.rw([oneway(bh, { flags: 0x41 })]);
    await b.rw([oneway(bh, { flags: 0x41, ...parcel(object.binder(0x7000, 0x7001)) })]);
    await s.dump('state');
    await b.rw([oneway(bh, { flags: 0x41, ...parcel(object.binder(0x7100, 0x7101)) })]);
    await s.dump('state');
    await b.read();
    await s.dump('state');
  }),
  scenario('freeze-own-calls', 'a frozen process may still call, reply and be killed', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(sm);
    const c = await s.start('C');
    await c.freeze(b, 1);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await a.rw([bc.freeBuffer(MAP), bc.reply({ data: Buffer.from('x') })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    await c.freeze(a, 1);
    await b.rw([oneway(bh, { code: 2 })]);
    await s.kill(a);
    await b.read();
    await s.dump('state');
  }),
  scenario('freeze-two-procs', 'both procs of one pid are frozen together', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    await s.signal(sm);
    await a.open();
    await sm.freeze(a, 1);
    await sm.frozenInfo(a);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await sm.frozenInfo(a);
    await sm.freeze(a, 0);
    await sm.frozenInfo(a);
  }),
  scenario('freeze-notification', 'request, freeze, thaw, done, clear', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(sm);
    await b.write(bc.requestFreeze(bh, 0xf1));
    await s.dump(b);
    await b.loop();
    await s.dump(b);
    await b.write(bc.freezeDone(0xf1));
    await s.dump(b);
    await b.read();
    await sm.freeze(a, 1);
    s.want(b.done(), 'NOOP FROZEN_BINDER');
    await b.write(bc.freezeDone(0xf1));
    await b.read();
    await sm.freeze(a, 0);
    s.want(b.done(), 'NOOP FROZEN_BINDER');
    await b.write(bc.freezeDone(0xf1));
    await b.write(bc.clearFreeze(bh, 0xf1));
    s.want(await b.read(), 'NOOP CLEAR_FREEZE_NOTIFICATION_DONE');
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario(
    'freeze-notification-frozen-at-request',
    'requesting on a frozen process reports frozen at once',
    async (s) => {
      const { sm, a, b, bh } = await trio(s);
      await s.signal(sm);
      await sm.freeze(a, 1);
      s.want(await b.rw([bc.requestFreeze(bh, 0xf1)]), 'NOOP FROZEN_BINDER');
      await s.dump(b);
    },
  ),
  scenario('freeze-notification-resend', 'changes while unread or unacknowledged', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(sm);
    await b.write(bc.requestFreeze(bh, 0xf1));
    await sm.freeze(a, 1); // still unread: state is updated in place
    s.want(await b.read(), 'NOOP FROZEN_BINDER');
    await sm.freeze(a, 0); // unacknowledged: resend after done
    await s.dump(b);
    await b.write(bc.freezeDone(0xf1));
    s.want(await b.read(), 'NOOP FROZEN_BINDER');
    await sm.freeze(a, 1);
    await sm.freeze(a, 0); // and back again: resend stays set
    await s.dump(b);
    await b.write(bc.freezeDone(0xf1));
    await s.dump(b);
    await b.read();
    await b.write(bc.freezeDone(0xf1));
    await s.dump(b);
  }),
  scenario('freeze-notification-clear-states', 'clear while unread, while unacknowledged, and after', async (s) => {
    const { sm, b, bh } = await trio(s);
    await s.signal(sm);
    await b.write(bc.requestFreeze(bh, 1), bc.clearFreeze(bh, 1));
    await s.dump(b);
    s.want(await b.read(), 'NOOP CLEAR_FREEZE_NOTIFICATION_DONE');
    await b.write(bc.requestFreeze(bh, 2));
    s.want(await b.read(), 'NOOP FROZEN_BINDER');
    await b.write(bc.clearFreeze(bh, 2));
    await s.dump(b);
    await b.write(bc.freezeDone(2));
    s.want(await b.read(), 'NOOP CLEAR_FREEZE_NOTIFICATION_DONE');
    await b.write(bc.requestFreeze(bh, 3));
    await b.rw([]);
    await b.write(bc.freezeDone(3));
    await b.write(bc.clearFreeze(bh, 3), bc.requestFreeze(bh, 4));
    await s.dump(b);
    await b.read(1024);
    await s.dump(b);
    await s.dump('stats');
  }),
  scenario('freeze-notification-errors', 'unlike death notifications these return EINVAL', async (s) => {
    const { sm, b, bh } = await trio(s);
    await s.signal(sm);
    await b.write(bc.requestFreeze(99, 1));
    await b.write(bc.clearFreeze(99, 1));
    await b.write(bc.clearFreeze(bh, 1));
    await b.write(bc.freezeDone(1));
    await b.write(bc.requestFreeze(bh, 1));
    await b.write(bc.requestFreeze(bh, 2));
    await b.write(bc.clearFreeze(bh, 2));
    await b.wr({ write: [bc.enterLooper(), bc.freezeDone(1), bc.exitLooper()], read: 256, rconsumed: 4 });
    await s.dump('state');
    await b.read();
    await b.write(bc.freezeDone(2));
    await b.write(bc.freezeDone(1));
    await s.dump('state');
  }),
  scenario('freeze-notification-dead', 'the watched process dies; requesting on a dead node', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(sm);
    await b.write(bc.requestFreeze(bh, 1));
    await b.read();
    await b.write(bc.freezeDone(1));
    await s.kill(a);
    await s.dump('state');
    await b.write(bc.clearFreeze(bh, 1));
    await b.read();
    await b.write(bc.requestFreeze(bh, 2));
    await s.dump('state');
    await b.write(bc.clearFreeze(bh, 2));
    await b.read();
    await s.dump('stats');
  }),
  scenario(
    'freeze-notification-ref-dropped',
    'dropping the ref, and dying, with notifications outstanding',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      await s.signal(sm);
      await sm.read();
      const b2 = await second(sm, a, b, 0x1100, 3);
      await s.signal(sm);
      await b.write(bc.requestFreeze(bh, 1), bc.requestFreeze(b2, 2));
      await b.read();
      await s.dump(b);
      await b.write(bc.release(bh));
      await s.dump(b);
      await b.write(bc.release(b2));
      await s.dump(b);
      await s.dump('stats');
      await a.read();
    },
  ),
  scenario(
    'freeze-notification-watcher-dies',
    'the watcher dies with a delivered, unacknowledged notification',
    async (s) => {
      const { sm, a, b, bh } = await trio(s);
      await s.signal(sm);
      await b.write(bc.requestFreeze(bh, 1));
      await b.read();
      await s.kill(b);
      await s.dump('state');
      await s.dump('stats');
      await sm.freeze(a, 1);
    },
  ),
];
