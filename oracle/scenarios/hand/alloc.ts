/** The allocator of buffers: fit, merging, pages. */
import { DATA, MAP, MAP_SIZE } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { message } from '../../outcome.ts';
import type { Script, ScriptProcess } from '../../script.ts';
import { trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

/** A server that collects buffers: it replies to each call at once, and keeps the buffer until it is freed. */
class Pile {
  constructor(
    readonly a: ScriptProcess,
    readonly b: ScriptProcess,
    readonly bh: number,
  ) {}

  /** @returns address of the buffer that a call of that size gets */
  async put(size: number): Promise<number> {
    await this.b.rw([bc.transaction({ handle: this.bh, buffer: DATA, data_size: size })]);
    const { buffer } = message(await this.a.read());
    await this.a.rw([bc.reply()]);
    await this.b.write(bc.freeBuffer(message(this.b.done()).buffer));
    return buffer;
  }

  /** A call that does not fit. */
  async fail(size: number): Promise<void> {
    await this.b.rw([bc.transaction({ handle: this.bh, buffer: DATA, data_size: size })]);
    await this.b.extendedError();
  }

  async free(...buffers: (number | undefined)[]): Promise<void> {
    await this.a.write(...buffers.map((buffer) => bc.freeBuffer(buffer ?? 0)));
  }
}

async function pile(s: Script, map?: number): Promise<Pile> {
  const { a, b, bh } = await trio(s, { park: false, ...(map === undefined ? {} : { serverMap: map }) });
  return new Pile(a, b, bh);
}

export default [
  scenario('alloc-best-fit', 'best fit among holes, splitting the rest', async (s) => {
    const p = await pile(s, 65536);
    const b: number[] = [];
    for (const n of [1000, 64, 2000, 64, 500, 64, 1500, 64]) b.push(await p.put(n));
    await s.dump(p.a);
    await p.free(b[0], b[2], b[4], b[6]);
    await s.dump(p.a);
    await p.put(480);
    await p.put(1400);
    await p.put(900);
    await p.put(1600);
    await p.put(24);
    await p.put(3000);
    await s.dump(p.a);
    await s.dump('stats');
  }),
  scenario('alloc-merge', 'freeing merges with free neighbours on both sides', async (s) => {
    const p = await pile(s, 16384);
    const b: number[] = [];
    for (const n of [4096, 4096, 4096, 2048]) b.push(await p.put(n));
    await p.fail(4096);
    await p.free(b[0]);
    await p.fail(8192);
    await p.free(b[2]);
    await p.fail(8192);
    await p.free(b[1]);
    await s.dump('stats');
    const c = await p.put(12288);
    await p.free(c, b[3]);
    const d = await p.put(16384);
    await s.dump(p.a);
    await p.free(d);
    await s.dump('stats');
  }),
  scenario('alloc-exact-and-full', '1M-8K mapping filled to the byte', async (s) => {
    const p = await pile(s);
    await p.fail(MAP_SIZE + 1);
    await p.fail(MAP_SIZE + 8);
    const a = await p.put(MAP_SIZE - 4096);
    await p.fail(4104);
    const b = await p.put(4096);
    await p.fail(0);
    await s.dump('stats');
    await p.free(b);
    const c = await p.put(4090);
    await p.free(a, c);
    const d = await p.put(MAP_SIZE);
    await s.dump('stats');
    await p.free(d);
    await p.put(0);
    await s.dump(p.a);
  }),
  scenario('alloc-equal-holes', 'which of several equal holes is taken', async (s) => {
    const p = await pile(s, 65536);
    const b: number[] = [];
    for (let i = 0; i < 9; i++) b.push(await p.put(256));
    await p.free(b[1]);
    await p.free(b[5]);
    await p.free(b[3]);
    await p.put(256);
    await p.put(248);
    await p.put(256);
    await s.dump(p.a);
    await p.free(b[7]);
    await p.put(8);
    await s.dump(p.a);
  }),
  scenario('alloc-many-holes', 'a red-black tree of 12 holes of mixed sizes', async (s) => {
    const p = await pile(s, 131072);
    const sizes = [40, 512, 128, 96, 512, 300, 80, 128, 1024, 200, 128, 512];
    const b: number[] = [];
    for (const n of sizes) {
      b.push(await p.put(n));
      await p.put(16);
    }
    for (const i of [4, 1, 7, 11, 0, 9, 2, 10, 3, 8, 5, 6]) await p.free(b[i]);
    await s.dump(p.a);
    for (const n of [512, 128, 512, 100, 128, 128, 512, 90, 60, 33, 700]) await p.put(n);
    await s.dump(p.a);
    await s.dump('stats');
  }),
  scenario('alloc-pages', 'page use: active, on the lru list, free, high watermark', async (s) => {
    const p = await pile(s, 65536);
    await s.dump('stats');
    const a = await p.put(4096);
    await s.dump('stats');
    const b = await p.put(100);
    const c = await p.put(8192);
    await s.dump('stats');
    await p.free(b);
    await s.dump('stats');
    await p.free(a);
    await s.dump('stats');
    await p.free(c);
    await s.dump('stats');
    const d = await p.put(20000);
    await s.dump('stats');
    await p.a.peek(MAP + 20000, 8);
    await p.a.peek(MAP + 24576, 8);
    await p.free(d);
    await p.a.peek(MAP, 8);
  }),
  scenario('free-errors', 'bad pointers, double free, freeing what user space has not been given yet', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('0123456789') })]);
    await a.write(bc.freeBuffer(MAP)); // queued, not delivered
    await s.dump('state');
    const t = message(await a.read());
    await a.write(bc.freeBuffer(0), bc.freeBuffer(MAP + 8), bc.freeBuffer(MAP - 8), bc.freeBuffer(0xffffffffffffffffn));
    await s.dump('state');
    await a.write(bc.freeBuffer(t.buffer));
    await a.write(bc.freeBuffer(t.buffer));
    await s.dump('state');
    await a.write(bc.reply());
    await s.dump('state');
  }),
  scenario('free-before-reply', 'freeing the buffer of the call being served', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('0123456789') })]);
    await a.write(bc.freeBuffer(MAP));
    await s.dump('state');
    await s.dump('transactions');
    await a.rw([bc.reply({ data: Buffer.from('ok') })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
  }),
  scenario('free-after-caller-died', 'the buffer of a dead caller is still ours to free', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, data: Buffer.from('0123456789') })]);
    await s.kill(b);
    await a.write(bc.freeBuffer(MAP));
    await s.dump('state');
    await a.write(bc.reply());
    await a.read();
    await s.dump('state');
  }),
  scenario('reply-exhausts-caller', 'a reply too big for the caller: the caller gets BR_FAILED_REPLY', async (s) => {
    const { a, b, bh } = await trio(s, { map: 16384 });
    await b.rw([bc.transaction({ handle: bh })]);
    s.want(await a.rw([bc.reply({ buffer: DATA, data_size: 16385 })]), 'NOOP TRANSACTION_COMPLETE');
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE FAILED_REPLY');
    await b.extendedError();
    await a.extendedError();
    await s.dump('failed_transaction_log');
    await a.read();
    await b.rw([bc.transaction({ handle: bh })]);
    await a.rw([bc.reply({ buffer: DATA, data_size: 16384 })]);
    s.want(b.done(), 'NOOP TRANSACTION_COMPLETE REPLY');
    await s.dump('stats');
  }),
  scenario('stale-bytes', 'what a reused buffer holds between data and offsets', async (s) => {
    const p = await pile(s, 65536);
    await p.b.fill(DATA, 4096, 0xcc);
    const a = await p.put(4000);
    await p.free(a);
    await p.b.fill(DATA, 4096, 0x11);
    const b = await p.put(13);
    await p.a.peek(b, 64);
    await p.b.rw([bc.transaction({ handle: p.bh, buffer: DATA, data_size: 5 })]);
    const t = message(await p.a.read());
    await p.a.peek(t.buffer, 24);
    await p.a.peek(t.offsets, 16);
  }),
];
