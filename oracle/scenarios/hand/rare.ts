/** What programs rarely do: fixups out of order, failures after failures, messages that replace some and not others. */
import { bc, type TransactionFields } from '../../commands.ts';
import { type ObjectBytes, object, parcel } from '../../objects.ts';
import { findMessage, message } from '../../outcome.ts';
import { lookup, second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const EDGE = 0x10200000; // a page boundary in the middle of the arena

/** 8 bytes come first, since an object at offset 0 counts as nothing to be fixed up in. */
const sg = (handle: number, size: number, items: readonly ObjectBytes[], fields: TransactionFields = {}) =>
  bc.transactionSg({ handle, buffers_size: size, ...parcel('headhead', ...items), ...fields });

export default [
  scenario(
    'sg-fixups-out-of-order',
    'a fixup in a grandparent behind one in a parent, so that they do not come in the order of their places',
    async (s) => {
      const { a, b, bh } = await trio(s);
      const [p1, p2, c, d] = [EDGE, EDGE + 0x100, EDGE + 0x200, EDGE + 0x300];
      for (const [i, at] of [p1, p2, c, d].entries()) await b.fill(at, 32, 0x11 * (i + 1));
      const all = [
        object.ptr({ buffer: p1, length: 32 }),
        object.ptr({ buffer: p2, length: 32, flags: 1, parent: 0, off: 0 }),
        object.ptr({ buffer: c, length: 16, flags: 1, parent: 1, off: 8 }),
        object.ptr({ buffer: d, length: 16, flags: 1, parent: 0, off: 8 }),
      ];
      await b.rw([sg(bh, 96, all)]);
      const t = findMessage(a.done());
      if (t) {
        await a.peek(t.buffer, 8 + 160 + 32 + 96);
        await a.rw([bc.freeBuffer(t.buffer), bc.reply()]);
      } else await b.extendedError();
      await s.dump('state');
    },
  ),
  scenario('failure-behind-failure', 'a second call fails before the thread has read of the first one', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const c = await s.start('C');
    const ch = await second(sm, c, b, 0x1200, 2);
    await b.write(bc.transaction({ handle: bh }));
    await s.kill(a);
    await b.write(bc.transaction({ handle: ch }));
    await s.dump('state');
    await s.kill(c);
    await s.dump('state');
    await b.nonblock();
    await b.read();
    await b.read();
    await s.dump('stats');
  }),
  scenario(
    'freeze-update-mixed',
    'TF_UPDATE_TXN beside messages that differ in code, flags, object or sender',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      const c = await s.start('C');
      const b2 = await second(sm, a, b, 0x1100, 3);
      const ch = await second(sm, a, c, 0x1300, 5);
      await b.freeze(a);
      const up = (h: number, data: string, o = {}) =>
        bc.transaction({ handle: h, flags: 0x41, code: 7, data: Buffer.from(data), ...o });
      await b.rw([up(bh, 'first')]);
      await b.rw([up(bh, 'waits')]);
      await b.rw([up(b2, 'other object')]);
      await b.rw([up(bh, 'other code', { code: 8 })]);
      await b.rw([up(bh, 'other flags', { flags: 0x51 })]);
      await c.rw([up(ch, 'of C')]);
      await c.rw([up(ch, 'of C again')]);
      await s.dump('state');
      await b.rw([up(bh, 'waits no more')]);
      await b.rw([up(b2, 'other object, again')]);
      await s.dump('state');
      await b.freeze(a, 0);
      for (let i = 0; i < 9; i++) {
        const o = await a.read();
        if (findMessage(o) === undefined) break;
        await a.peek(message(o).buffer, 24);
        await a.write(bc.freeBuffer(message(o).buffer));
        if (i > 6) await a.nonblock();
      }
    },
  ),
  scenario(
    'freeze-update-two-senders',
    'two processes send to one object: TF_UPDATE_TXN replaces only its own',
    async (s) => {
      const { sm, a, b, h, bh } = await trio(s, { park: false });
      const c = await s.start('C');
      await c.write(bc.increfs(0));
      const ch = await lookup(sm, c, h);
      await b.freeze(a);
      const up = (handle: number, data: string) =>
        bc.transaction({ handle, flags: 0x41, code: 7, data: Buffer.from(data) });
      await b.rw([up(bh, 'b one')]);
      await b.rw([up(bh, 'b two')]);
      await c.rw([up(ch, 'c one')]);
      await c.rw([up(ch, 'c two')]);
      await b.rw([up(bh, 'b three')]);
      await s.dump('state');
      await b.freeze(a, 0);
      for (let i = 0; i < 3; i++) {
        const o = await a.read();
        if (findMessage(o) === undefined) break;
        await a.peek(message(o).buffer, 8);
        await a.write(bc.freeBuffer(message(o).buffer));
      }
      await s.dump('state');
    },
  ),
  scenario('freeze-1100-files', 'a process with 1100 open files of the driver freezes as one', async (s) => {
    const a = await s.proc('A');
    await a.rlimit(1200);
    for (let i = 0; i < 1100; i++) await a.open();
    const b = await s.start('B');
    await b.freeze(a);
    await b.frozenInfo(a);
    await b.freeze(a, 0);
  }),
];
