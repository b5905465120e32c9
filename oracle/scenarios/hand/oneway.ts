/** Oneway calls: their order, their half of the space, spam. */
import { DATA } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { message } from '../../outcome.ts';
import { lookup, oneway, second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario(
    'oneway-order',
    'oneways to one node come one at a time: the next only after BC_FREE_BUFFER of the last',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      await a1.version();
      await a.loop();
      await a1.loop();
      await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }), oneway(bh, { code: 3 }));
      await s.dump('state');
      const t1 = message(a1.done());
      s.wantParked(a);
      await a1.write(bc.freeBuffer(t1.buffer));
      const t2 = message(a.done());
      await s.dump('state');
      await a.write(bc.freeBuffer(t2.buffer));
      await s.dump('state');
      const t3 = message(await a.read());
      await a.write(bc.freeBuffer(t3.buffer));
      await s.dump('state');
      await b.read();
    },
  ),
  scenario('oneway-two-nodes', 'different nodes do not wait for each other', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const b2 = await second(sm, a, b, 0x1100, 0x1101);
    const a1 = await a.spawn();
    await a1.version();
    await a.loop();
    await a1.loop();
    await b.write(oneway(bh, { code: 1 }), oneway(b2, { code: 2 }), oneway(bh, { code: 3 }), oneway(b2, { code: 4 }));
    await s.dump('state');
    await a.write(bc.freeBuffer(message(a.done()).buffer));
    await a1.write(bc.freeBuffer(message(a1.done()).buffer));
    await s.dump('state');
    await a.read();
    await a1.read();
  }),
  scenario('oneway-and-sync', 'a call overtakes oneways waiting on the same node', async (s) => {
    const { sm, a, b, h, bh } = await trio(s, { park: false });
    const c = await s.start('C');
    const ch = await lookup(sm, c, h);
    await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }));
    await c.rw([bc.transaction({ handle: ch, code: 3 })]);
    await s.dump('state');
    const t1 = message(await a.read());
    const t3 = message(await a.read());
    s.wantNumber(t3.code, 3);
    await a.write(bc.freeBuffer(t1.buffer));
    await a.rw([bc.freeBuffer(t3.buffer), bc.reply()]);
    s.want(await a.read(), 'NOOP TRANSACTION');
  }),
  scenario('async-space-half', 'oneways may use half the mapping only', async (s) => {
    const { a, b, bh } = await trio(s, { park: false, serverMap: 65536 });
    await s.dump('stats');
    await b.write(oneway(bh, { buffer: DATA, data_size: 32776 }));
    await b.extendedError();
    await b.read();
    await b.write(oneway(bh, { buffer: DATA, data_size: 32768 }));
    await s.dump('stats');
    await b.rw([oneway(bh)]);
    await b.rw([oneway(bh)]);
    await b.extendedError();
    await b.rw([bc.transaction({ handle: bh, buffer: DATA, data_size: 30000 })]);
    await s.dump('state');
    const t1 = message(await a.read());
    const t2 = message(await a.read());
    await a.write(bc.freeBuffer(t1.buffer));
    await s.dump('stats');
    await a.write(bc.freeBuffer(t2.buffer), bc.reply());
    await s.dump('stats');
  }),
  scenario(
    'spam-by-count',
    'more than 50 oneways with under a tenth of the space left: BR_ONEWAY_SPAM_SUSPECT once',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false, serverMap: 16384 });
      await b.spamDetection(1);
      for (let i = 0; i < 56; i++) {
        await b.rw([oneway(bh, { buffer: DATA, data_size: i < 49 ? 136 : 8 })]);
      }
      await s.dump('stats');
      await a.spamDetection(1);
      for (let i = 0; i < 3; i++) {
        const t = message(await a.read());
        await a.write(bc.freeBuffer(t.buffer));
      }
      await b.rw([oneway(bh)]);
      await b.rw([oneway(bh, { buffer: DATA, data_size: 400 })]);
      await b.rw([oneway(bh)]);
      await s.dump('stats');
    },
  ),
  scenario('spam-by-size', 'a sender holding over a quarter of the mapping is suspected', async (s) => {
    const { a, b, bh } = await trio(s, { park: false, serverMap: 65536 });
    await b.spamDetection(1);
    for (const n of [12000, 12000, 4000, 1000, 8, 8]) await b.rw([oneway(bh, { buffer: DATA, data_size: n })]);
    await s.dump('stats');
    await b.spamDetection(0);
    const t = message(await a.read());
    await a.write(bc.freeBuffer(t.buffer));
    await b.rw([oneway(bh, { buffer: DATA, data_size: 12000 })]);
    await b.rw([oneway(bh, { buffer: DATA, data_size: 8 })]);
    await s.dump('stats');
  }),
  scenario('spam-not-enabled', 'without the ioctl the sender sees only BR_TRANSACTION_COMPLETE', async (s) => {
    const { b, bh } = await trio(s, { park: false, serverMap: 65536 });
    for (const n of [12000, 12000, 4000, 1000, 8]) await b.rw([oneway(bh, { buffer: DATA, data_size: n })]);
    await b.spamDetection(7);
    await b.rw([oneway(bh)]);
    await s.dump('stats');
  }),
  scenario(
    'spam-late-enable',
    'the flag is looked at when the answer is read, not when the oneway is sent',
    async (s) => {
      const { b, bh } = await trio(s, { park: false, serverMap: 65536 });
      for (const n of [12000, 12000, 4000]) await b.write(oneway(bh, { buffer: DATA, data_size: n }));
      await s.dump(b);
      await b.spamDetection(1);
      await b.read();
      await b.read();
    },
  ),
  scenario('oneway-sender-dies', 'a queued oneway survives its sender', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.write(
      oneway(bh, { code: 1, data: Buffer.from('will') }),
      oneway(bh, { code: 2, data: Buffer.from('more') }),
    );
    await s.kill(b);
    await s.dump('state');
    const t = message(await a.read());
    await a.peek(t.buffer, 4);
    await a.write(bc.freeBuffer(t.buffer));
    await a.read();
    await s.dump('state');
  }),
  scenario(
    'oneway-receiver-dies',
    'queued and waiting oneways die with the receiver; the sender is not told',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }), oneway(bh, { code: 3 }));
      await s.kill(a);
      await s.dump('state');
      s.want(await b.read(), 'NOOP TRANSACTION_COMPLETE TRANSACTION_COMPLETE TRANSACTION_COMPLETE');
      await s.dump('stats');
    },
  ),
  scenario('oneway-thread-exits', 'a oneway assigned to a thread that exits before reading it is lost', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const a1 = await a.spawn();
    await a1.version();
    // a1 polls, so work goes to the proc list instead
    await a1.poll(-1);
    await b.write(oneway(bh, { code: 1 }));
    await s.dump('state');
    await a1.threadExit();
    await s.dump('state');
    s.want(await a.read(), 'NOOP TRANSACTION');
  }),
  scenario('oneway-free-twice', 'freeing the delivered oneway twice does not release two more', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.write(oneway(bh, { code: 1 }), oneway(bh, { code: 2 }), oneway(bh, { code: 3 }));
    const t = message(await a.read());
    await a.write(bc.freeBuffer(t.buffer), bc.freeBuffer(t.buffer));
    await s.dump('state');
    await a.read();
    await s.dump('state');
  }),
];
