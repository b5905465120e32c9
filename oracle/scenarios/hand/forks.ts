/** A forked child uses the file that its parent opened: memory, descriptors, identity. */
import { bytesOf, u32 } from '../../bytes.ts';
import { MAP } from '../../calls.ts';
import { bc, type TransactionFields } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { findMessage, message } from '../../outcome.ts';
import { trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const EDGE = 0x10200000; // a page boundary in the middle of the arena

const ow = (handle: number, fields: TransactionFields = {}) => bc.transaction({ handle, flags: 0x11, ...fields });

export default [
  scenario('fork-uses-binder', 'a forked child reads, replies and frees at the descriptor of its parent', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const c = await a.fork('C');
    await b.mkfd('memfd', 10, { content: 'f' });
    await b.rw([bc.transaction({ handle: bh, flags: 0x10, ...parcel('head', object.fd(10)) })]);
    await c.read();
    await s.dump('state');
    await c.fdinfo(4);
    await a.fdinfo(4);
    await c.peek(MAP, 28);
    await a.peek(MAP, 28);
    await c.poke(EDGE, Buffer.from('of the child'));
    await a.poke(EDGE, Buffer.from('of A himself'));
    await c.write(bc.freeBuffer(MAP), bc.reply({ buffer: EDGE, data_size: 12 }));
    const r = findMessage(b.done());
    if (r) await b.peek(r.buffer, 12);
    await s.dump('state');
    await c.version();
    await c.mmap({ addr: 0x78000000 });
    await s.dump('stats');
    await c.exit();
    await s.dump('state');
  }),
  scenario(
    'fork-sends-from-child',
    "a child sends by its parent's file: memory, descriptors and identity are whose?",
    async (s) => {
      const { a, b, bh } = await trio(s);
      const c = await b.fork('C');
      await c.mkfd('memfd', 10, { content: 'of C' });
      await b.mkfd('memfd', 11, { content: 'of B' });
      await c.rw([ow(bh, parcel('head', object.fd(10), object.binder(0x7000, 7)))]);
      const t = findMessage(a.done());
      if (t) {
        await a.peek(t.buffer, 52);
        await a.fdinfo(4);
        await a.write(bc.freeBuffer(t.buffer));
      }
      await a.read();
      await c.rw([ow(bh, parcel('head', object.fd(11)))]);
      await c.extendedError();
      await s.dump('state');
      await c.nonblock();
      await c.read();
      await c.nonblock(false);
      if (!a.parked) await a.read();
      await c.rw([bc.transaction({ handle: bh })]);
      await a.write(bc.reply({ data: Buffer.from('answer') }));
      await c.peek(MAP, 8);
      await b.peek(MAP, 8);
      await s.dump('state');
      await s.kill(b);
      await c.version();
      await s.dump('state');
      await c.exit();
      await s.dump('state');
    },
  ),
  scenario(
    'fork-frees-fd-array',
    'a child frees a buffer with an array of descriptors that its parent got',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.mkfd('memfd', 10, { content: 'x' });
      await b.poke(EDGE, bytesOf(u32(10), u32(10)));
      await b.rw([
        bc.transactionSg({
          handle: bh,
          flags: 0x10,
          buffers_size: 64,
          ...parcel('headhead', object.ptr({ buffer: EDGE, length: 8 }), object.fda({ num: 2, parent: 0, off: 0 })),
        }),
      ]);
      const t = message(a.done());
      await a.fdinfo(4);
      const c = await a.fork('C');
      await c.write(bc.freeBuffer(t.buffer));
      for (const p of [a, c]) for (const fd of [4, 5]) await p.fdinfo(fd);
      await c.read();
      await a.nonblock();
      await a.read();
      await s.dump('state');
    },
  ),
];
