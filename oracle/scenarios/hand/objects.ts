/** Objects in messages: descriptors, buffers, arrays, and all their errors. */
import type { Chunk } from '../../bytes.ts';
import { bytesOf, u32, u64 } from '../../bytes.ts';
import { DATA, MAP } from '../../calls.ts';
import { bc, type Command, type ScatterFields } from '../../commands.ts';
import { type ObjectBytes, object, type PtrFields, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import type { ScriptProcess } from '../../script.ts';
import { second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

// 8 bytes come first: an object at offset 0 counts as "nothing to fix up in" for the parent checks
type Item = Chunk | ObjectBytes;

const sg0 = (h: number, size: number | bigint, items: Item[], o: ScatterFields = {}) =>
  bc.transactionSg({ handle: h, buffers_size: size, ...parcel(...items), ...o });
const sg = (h: number, size: number | bigint, items: Item[], o: ScatterFields = {}) =>
  sg0(h, size, ['headhead', ...items], o);
/** Sends, and reads the extended error unless the call is pending. */
async function tryTx(b: ScriptProcess, command: Command): Promise<void> {
  await b.rw([command]);
  if (!b.parked) await b.extendedError();
}

export default [
  scenario('fd', 'a descriptor in a call and one in the reply', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.mkfd('memfd', 10, { content: 'from B' });
    await a.mkfd('memfd', 20, { content: 'from A' });
    await a.loop();
    await b.rw([
      bc.transaction({ handle: bh, flags: 0x10, ...parcel('head', object.fd(10, 0x1122334455667788n, 0xffff)) }),
    ]);
    const t = message(a.done());
    await a.peek(t.buffer, 28);
    await a.fdinfo(4);
    await s.dump('state');
    await a.rw([bc.freeBuffer(t.buffer), bc.reply({ ...parcel(object.fd(20)) })]);
    await a.fdinfo(4);
    const r = message(b.done());
    await b.peek(r.buffer, 24);
    await b.fdinfo(4);
    await b.fdinfo(5);
  }),
  scenario('fd-refused', 'a node without ACCEPTS_FDS, a call without TF_ACCEPT_FDS, a bad descriptor', async (s) => {
    const { sm, a, b, bh } = await trio(s);
    await s.signal(a);
    const b2 = await second(sm, a, b, 0x1100, 3, { flags: 0 });
    await b.mkfd('memfd', 10, { content: 'x' });
    await a.mkfd('memfd', 10, { content: 'y' });
    await a.read();
    await tryTx(b, bc.transaction({ handle: b2, ...parcel(object.fd(10)) }));
    await tryTx(b, bc.transaction({ handle: bh, ...parcel(object.fd(55)) }));
    await tryTx(b, bc.transaction({ handle: bh, ...parcel(object.fd(0xffffffff)) }));
    await b.rw([bc.transaction({ handle: bh })]);
    await a.rw([bc.reply({ ...parcel(object.fd(10)) })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
    await b.extendedError();
    await a.extendedError();
    await s.dump('failed_transaction_log');
  }),
  scenario('fd-order', 'descriptors get the lowest free numbers in the order of the objects', async (s) => {
    const { a, b, bh } = await trio(s);
    const b1 = await b.spawn();
    for (const n of [10, 11, 12]) await b.mkfd('memfd', n, { content: `f${n}` });
    await s.signal(a);
    await a.mkfd('memfd', 5, { content: 'busy' });
    await a.read();
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(12), object.fd(10), object.fd(11), object.fd(12)) })]);
    const t = message(a.done());
    await a.peek(t.buffer, 96);
    for (const n of [4, 5, 6, 7, 8]) await a.fdinfo(n);
    await b1.close(10);
    await a.fdinfo(6);
  }),
  scenario(
    'fd-table-full',
    'no descriptor left at the receiver: the call fails back, a oneway is dropped',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.mkfd('memfd', 10, { content: 'x' });
      await s.signal(a);
      await a.rlimit(4);
      await a.read();
      await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(10)) })]);
      s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
      await b.extendedError();
      await s.dump('state');
      await b.rw([bc.transaction({ handle: bh, flags: 1, ...parcel(object.fd(10)) })]);
      await s.dump('state');
      await s.signal(a);
      await a.rlimit(5);
      await a.read();
      await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(10), object.fd(10)) })]);
      await s.signal(a);
      await a.fdinfo(4);
      await s.dump('state');
    },
  ),
  scenario('fd-table-full-reply', 'no descriptor left for a reply: BR_FAILED_REPLY in place of BR_REPLY', async (s) => {
    const { a, b, bh } = await trio(s);
    await s.signal(a);
    await a.mkfd('memfd', 10, { content: 'x' });
    await a.read();
    await b.rlimit(4);
    await b.rw([bc.transaction({ handle: bh, flags: 0x10 })]);
    s.want(await a.rw([bc.reply({ ...parcel(object.fd(10)) })]), 'NOOP TRANSACTION_COMPLETE');
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
    await b.extendedError();
    await s.dump('state');
  }),
  scenario('fd-pipe', 'a pipe end and /dev/null', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.mkfd('pipe', 10, { fd2: 11 });
    await b.mkfd('null', 12);
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(11), object.fd(12)) })]);
    await a.peek(MAP, 48);
    await a.fdinfo(4);
    await a.fdinfo(5);
  }),
  scenario('fd-undelivered', 'descriptors in a queued transaction are dropped when the target dies', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.mkfd('memfd', 10, { content: 'x' });
    await b.rw([bc.transaction({ handle: bh, ...parcel(object.fd(10)) })]);
    await a.peek(MAP, 24);
    await s.kill(a);
    b.done();
    await s.dump('state');
  }),
  scenario('ptr', 'one scatter-gather buffer: copied after the offsets, pointer rewritten', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.poke(DATA, 'scattered bytes');
    await b.rw([sg(bh, 16, ['head', object.ptr({ buffer: DATA, length: 15 })])]);
    const t = message(a.done());
    await a.peek(t.buffer, 80);
    await s.dump('state');
    await a.rw([bc.freeBuffer(t.buffer), bc.replySg({ buffers_size: 0, ...parcel(Buffer.from('r')) })]);
    await s.dump('state');
  }),
  scenario('ptr-reply', 'scatter-gather in a reply', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh })]);
    await a.poke(DATA, 'reply bytes!');
    await a.rw([bc.replySg({ buffers_size: 16, ...parcel(object.ptr({ buffer: DATA, length: 12 })) })]);
    const r = message(b.done());
    await b.peek(r.buffer, 64);
  }),
  scenario(
    'ptr-parents',
    'the tree of the driver comment: A, B(A,0), C(A,16), Buffer.from(C,0), E(A,32)',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.poke(DATA, Buffer.alloc(40, 0x41));
      await b.poke(DATA + 0x100, 'BBBB');
      await b.poke(DATA + 0x200, 'CCCCCCCCCCCC');
      await b.poke(DATA + 0x300, 'DDDDDDDDDDDDDDDDDDD');
      await b.poke(DATA + 0x400, 'E');
      await b.rw([
        sg(bh, 40 + 8 + 16 + 24 + 8, [
          object.ptr({ buffer: DATA, length: 40 }),
          object.ptr({ buffer: DATA + 0x100, length: 4, flags: 1, parent: 0, off: 0 }),
          object.ptr({ buffer: DATA + 0x200, length: 12, flags: 1, parent: 0, off: 16 }),
          object.ptr({ buffer: DATA + 0x300, length: 19, flags: 1, parent: 2, off: 0 }),
          object.ptr({ buffer: DATA + 0x400, length: 1, flags: 1, parent: 0, off: 32 }),
        ]),
      ]);
      const t = message(a.done());
      await a.peek(t.buffer, 8 + 5 * 40 + 40 + 96);
      await a.write(bc.freeBuffer(t.buffer));
    },
  ),
  scenario(
    'ptr-parent-at-zero',
    'a parent whose object sits at data offset 0 is refused when it was the last one handled',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.poke(DATA, Buffer.alloc(64, 0x42));
      await b.mkfd('memfd', 10, { content: 'f' });
      await b.poke(DATA + 64, u32(10));
      const P = (o: Partial<PtrFields> = {}) => object.ptr({ buffer: DATA, length: 32, ...o });
      await tryTx(b, sg0(bh, 64, [P(), P({ flags: 1, parent: 0, off: 0 })]));
      await tryTx(
        b,
        sg0(bh, 64, [object.ptr({ buffer: DATA + 64, length: 4 }), object.fda({ num: 1, parent: 0, off: 0 })]),
      );
      await tryTx(b, sg0(bh, 96, [P(), P(), P({ flags: 1, parent: 0, off: 0 })]));
      await tryTx(b, sg0(bh, 96, [P(), P(), P({ flags: 1, parent: 1, off: 0 })]));
      if (!b.parked) await b.rw([sg(bh, 64, [P(), P({ flags: 1, parent: 0, off: 0 })])]);
      const t = message(a.done());
      await a.peek(t.buffer, 240);
      await s.dump('failed_transaction_log');
    },
  ),
  scenario('ptr-parent-errors', 'parents out of order, out of range, of the wrong type, without room', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.poke(DATA, Buffer.alloc(64, 0x42));
    const P = (o: Partial<PtrFields> = {}) => object.ptr({ buffer: DATA, length: 32, ...o });
    // decreasing offsets within one parent
    await tryTx(b, sg(bh, 128, [P(), P({ flags: 1, parent: 0, off: 16 }), P({ flags: 1, parent: 0, off: 0 })]));
    // overlapping fixups
    await tryTx(b, sg(bh, 128, [P(), P({ flags: 1, parent: 0, off: 8 }), P({ flags: 1, parent: 0, off: 12 })]));
    // parent index: self, later, far
    await tryTx(b, sg(bh, 64, [P(), P({ flags: 1, parent: 1, off: 0 })]));
    await tryTx(b, sg(bh, 96, [P(), P({ flags: 1, parent: 2, off: 0 }), P()]));
    await tryTx(b, sg(bh, 64, [P(), P({ flags: 1, parent: 0xffffffffffffffffn, off: 0 })]));
    // first object claims a parent
    await tryTx(b, sg(bh, 64, [P({ flags: 1, parent: 0, off: 0 })]));
    // parent is a binder object
    await tryTx(b, sg(bh, 64, [object.binder(0x7000, 1), P(), P({ flags: 1, parent: 0, off: 0 })]));
    // no room for a pointer
    await tryTx(b, sg(bh, 64, [P(), P({ flags: 1, parent: 0, off: 25 })]));
    await tryTx(b, sg(bh, 64, [P(), P({ flags: 1, parent: 0, off: 0xfffffffffffffff8n })]));
    await tryTx(b, sg(bh, 64, [object.ptr({ buffer: DATA, length: 4 }), P({ flags: 1, parent: 0, off: 0 })]));
    // a parent that is not an ancestor of the last object
    await tryTx(
      b,
      sg(bh, 160, [
        P(),
        P({ flags: 1, parent: 0, off: 0 }),
        P({ flags: 1, parent: 0, off: 8 }),
        P({ flags: 1, parent: 1, off: 0 }),
      ]),
    );
    // the fixup itself must be 4-byte aligned
    await tryTx(b, sg(bh, 64, [P(), P({ flags: 1, parent: 0, off: 13 })]));
    await b.rw([sg(bh, 64, [P(), P({ flags: 1, parent: 0, off: 12 })])]);
    const t = message(a.done());
    await a.peek(t.buffer, 160);
    await s.dump('failed_transaction_log');
  }),
  scenario('ptr-size-errors', 'buffers_size too small, unaligned, huge; bad source pointer', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.poke(DATA, Buffer.alloc(64, 0x43));
    await tryTx(b, bc.transaction({ handle: bh, ...parcel(object.ptr({ buffer: DATA, length: 8 })) }));
    await tryTx(b, sg(bh, 8, [object.ptr({ buffer: DATA, length: 9 })]));
    await tryTx(b, sg(bh, 12, [object.ptr({ buffer: DATA, length: 8 })]));
    await tryTx(b, sg(bh, 0xfffffffffffffff8n, [object.ptr({ buffer: DATA, length: 8 })]));
    await tryTx(b, sg(bh, 0xffffffffffffffffn, [object.ptr({ buffer: DATA, length: 8 })]));
    await tryTx(b, sg(bh, 4 << 20, [object.ptr({ buffer: DATA, length: 8 })]));
    await tryTx(b, sg(bh, 64, [object.ptr({ buffer: DATA, length: 0xffffffffffffffffn })]));
    await tryTx(b, sg(bh, 64, [object.ptr({ buffer: 0x60000000, length: 8 })]));
    await tryTx(b, sg(bh, 64, [object.ptr({ buffer: 0x10800000 - 4, length: 8 })]));
    await tryTx(b, sg(bh, 64, [object.ptr({ buffer: 0, length: 8 })]));
    await s.dump('failed_transaction_log');
    await b.rw([sg(bh, 64, [object.ptr({ buffer: 0, length: 0 }), object.ptr({ buffer: DATA, length: 64 })])]);
    await a.peek(MAP, 160);
    await s.dump('state');
  }),
  scenario('ptr-zero-length-parent', 'zero-length buffers and a buffer filling buffers_size exactly', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.poke(DATA, 'abcdefghijklmnop');
    await b.rw([
      sg(bh, 16, [
        object.ptr({ buffer: DATA, length: 0 }),
        object.ptr({ buffer: DATA, length: 16 }),
        object.ptr({ buffer: DATA + 8, length: 0, flags: 1, parent: 1, off: 8 }),
      ]),
    ]);
    const t = message(a.done());
    if (t) await a.peek(t.buffer, 168);
  }),
  scenario('fda', 'an array of descriptors inside a buffer; BC_FREE_BUFFER closes them', async (s) => {
    const { a, b, bh } = await trio(s);
    for (const n of [10, 11, 12]) await b.mkfd('memfd', n, { content: `f${n}` });
    await b.poke(DATA, u32(0x111), u32(3), u32(10), u32(11), u32(12), u32(0x222));
    await b.rw([sg(bh, 24, [object.ptr({ buffer: DATA, length: 24 }), object.fda({ num: 3, parent: 0, off: 8 })])]);
    const t = message(a.done());
    await a.peek(t.buffer, 120);
    for (const n of [4, 5, 6, 7]) await a.fdinfo(n);
    await s.dump('state');
    await a.write(bc.freeBuffer(t.buffer));
    for (const n of [4, 5, 6]) await a.fdinfo(n);
    await s.dump('state');
    s.want(await a.rw([bc.reply()]), 'NOOP TRANSACTION_COMPLETE');
  }),
  scenario('fda-need-return', 'freeing a buffer with an FDA makes the next read return at once', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.mkfd('memfd', 10, { content: 'f' });
    await b.poke(DATA, u32(10), u32(10));
    await b.rw([
      sg(bh, 8, [object.ptr({ buffer: DATA, length: 8 }), object.fda({ num: 2, parent: 0, off: 0 })], { flags: 1 }),
    ]);
    const t = message(a.done());
    s.want(await a.rw([bc.freeBuffer(t.buffer)]), 'NOOP');
    await a.fdinfo(4);
    await a.fdinfo(5);
    s.want(await a.read(), 'parked');
  }),
  scenario('fda-errors', 'counts, offsets, alignment, parents and descriptors that do not work', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.mkfd('memfd', 10, { content: 'f' });
    await b.poke(DATA, u32(10), u32(10), u32(10), u32(99));
    const P = object.ptr({ buffer: DATA, length: 16 });
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 5, parent: 0, off: 0 })]));
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 2, parent: 0, off: 12 })]));
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 1, parent: 0, off: 0xfffffffffffffffcn })]));
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 0x4000000000000000n, parent: 0, off: 0 })]));
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 0x3fffffffffffffffn, parent: 0, off: 0 })]));
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 1, parent: 0, off: 2 })]));
    await tryTx(
      b,
      sg(bh, 16, [object.ptr({ buffer: DATA + 2, length: 8 }), object.fda({ num: 1, parent: 0, off: 0 })]),
    );
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 1, parent: 1, off: 0 })]));
    await tryTx(b, sg(bh, 16, [object.fda({ num: 1, parent: 0, off: 0 }), P]));
    await tryTx(b, sg(bh, 16, [P, object.fda({ num: 4, parent: 0, off: 0 })]));
    await tryTx(b, sg(bh, 16, [object.binder(0x7000, 7), object.fda({ num: 1, parent: 0, off: 0 })]));
    await tryTx(
      b,
      sg(bh, 16, [P, object.fda({ num: 2, parent: 0, off: 0 }), object.fda({ num: 1, parent: 0, off: 4 })]),
    );
    await s.dump('failed_transaction_log');
    await b.rw([
      sg(bh, 16, [
        P,
        object.fda({ num: 0, parent: 0, off: 0 }),
        object.fda({ num: 1, parent: 0, off: 0 }),
        object.fda({ num: 2, parent: 0, off: 4 }),
      ]),
    ]);
    const t = message(a.done());
    if (t) {
      await a.peek(t.buffer, 200);
      await a.write(bc.freeBuffer(t.buffer));
      await a.fdinfo(4);
    }
    await s.dump('state');
  }),
  scenario('fda-refused', 'FDA to a node that takes no descriptors', async (s) => {
    const { b, bh } = await trio(s, { flags: 0 });
    await b.mkfd('memfd', 10, { content: 'f' });
    await b.poke(DATA, u32(10));
    await tryTx(b, sg(bh, 8, [object.ptr({ buffer: DATA, length: 4 }), object.fda({ num: 1, parent: 0, off: 0 })]));
    await tryTx(b, sg(bh, 8, [object.ptr({ buffer: DATA, length: 4 }), object.fda({ num: 0, parent: 0, off: 0 })]));
  }),
  scenario('fda-undelivered', 'an FDA transaction whose target dies unread', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.mkfd('memfd', 10, { content: 'f' });
    await b.poke(DATA, u32(10));
    await b.rw([sg(bh, 8, [object.ptr({ buffer: DATA, length: 4 }), object.fda({ num: 1, parent: 0, off: 0 })])]);
    await a.peek(MAP, 104);
    await s.kill(a);
    b.done();
  }),
  scenario(
    'native-handle',
    'what HIDL sends: struct, string, fd array, with parents and an embedded binder',
    async (s) => {
      const { a, b, bh } = await trio(s);
      await b.mkfd('memfd', 10, { content: 'f10' });
      await b.mkfd('memfd', 11, { content: 'f11' });
      // struct { handle *h; char *name; } ; handle { version, numFds, numInts, fds[2], ints[1] }
      await b.poke(DATA, u64(0x1111), u64(0x2222));
      await b.poke(DATA + 0x100, u32(12), u32(2), u32(1), u32(10), u32(11), u32(0x99));
      await b.poke(DATA + 0x200, 'some name\0');
      await b.rw([
        sg(bh, 16 + 24 + 16, [
          object.ptr({ buffer: DATA, length: 16 }),
          object.ptr({ buffer: DATA + 0x100, length: 24, flags: 1, parent: 0, off: 0 }),
          object.fda({ num: 2, parent: 1, off: 12 }),
          object.ptr({ buffer: DATA + 0x200, length: 10, flags: 1, parent: 0, off: 8 }),
          object.binder(0x7700, 0x7701, 0x100),
        ]),
      ]);
      const t = message(a.done());
      if (t) {
        await a.peek(t.buffer, 8 + 40 * 3 + 40 + 24 + 40 + 56);
        await s.dump('state');
        await a.write(bc.freeBuffer(t.buffer));
      }
      await s.dump('state');
    },
  ),
  scenario(
    'offset-errors',
    'offsets: unaligned, out of range, overlapping, repeated, object cut off, unknown type',
    async (s) => {
      const { b, bh } = await trio(s);
      const first = object.binder(0x7000, 0x7001).bytes;
      const { data } = parcel(first, object.binder(0x7100, 0x7101), 'tail');
      const t = (offsets: (number | bigint)[], d: Uint8Array = data) =>
        tryTx(b, bc.transaction({ handle: bh, data: d, offsets }));
      await t([2]);
      await t([4]);
      await t([data.length]);
      await t([data.length + 8]);
      await t([0xfffffffffffffff8n]);
      await t([36]);
      await t([24, 0]);
      await t([0, 0]);
      await t([0, 16]);
      await t([0, 20]);
      await t([0], first.subarray(0, 20));
      await t([0], Buffer.alloc(24));
      await t([0], Buffer.alloc(3));
      await t([0], bytesOf(u32(0x12345678), Buffer.alloc(36)));
      await t([0, 24, 48]);
      await s.dump('failed_transaction_log');
      await s.dump('state');
      if (!b.parked) await b.read();
      await s.dump('state');
    },
  ),
  scenario('offset-4-aligned', 'objects need only 4-byte alignment', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, ...parcel('abcd', object.handle(bh), 'efgh', object.handle(bh), 'ij') })]);
    const t = message(a.done());
    await a.peek(t.buffer, 80);
    await a.rw([bc.freeBuffer(t.buffer), bc.reply()]);
  }),
  scenario('data-fault-between', 'the data pointer faults after the first object has been translated', async (s) => {
    const { b, bh } = await trio(s);
    const end = 0x10800000;
    await b.poke(end - 32, object.binder(0x7000, 0x7001).bytes, '12345678');
    await b.poke(DATA, u64(0), u64(32));
    await tryTx(b, bc.transaction({ handle: bh, buffer: end - 32, data_size: 40, offsetsPtr: DATA, offsets_size: 8 }));
    await tryTx(b, bc.transaction({ handle: bh, buffer: end - 32, data_size: 80, offsetsPtr: DATA, offsets_size: 16 }));
    await tryTx(b, bc.transaction({ handle: bh, buffer: end - 16, data_size: 24, offsetsPtr: DATA, offsets_size: 8 }));
    await s.dump('state');
  }),
  scenario('sg-zero', 'BC_TRANSACTION_SG without objects but with buffers_size', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transactionSg({ handle: bh, buffers_size: 24, data: Buffer.from('abc') })]);
    await s.dump('state');
    await a.rw([bc.replySg({ buffers_size: 8 })]);
    await s.dump('state');
  }),
  scenario('mixed-object-types', 'every type of object in one transaction', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.mkfd('memfd', 10, { content: 'f10' });
    await b.poke(DATA, u32(10), u32(7));
    await b.write(bc.acquire(0));
    await b.rw([
      sg(bh, 8, [
        object.binder(0x7000, 1),
        object.weakBinder(0x7100, 2),
        object.handle(0),
        object.weakHandle(bh),
        object.handle(bh),
        object.fd(10),
        object.ptr({ buffer: DATA, length: 8 }),
        object.fda({ num: 1, parent: 6, off: 0 }),
        'end',
      ]),
    ]);
    const t = message(a.done());
    if (t) await a.peek(t.buffer, 8 + 24 * 6 + 80 + 8 + 64 + 8);
    await s.dump('state');
    if (t) await a.rw([bc.freeBuffer(t.buffer), bc.reply()]);
    await s.dump('state');
    await b.read();
    await s.dump('state');
  }),
];
