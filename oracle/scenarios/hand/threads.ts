/** Pool threads: registration, requests for more, and which of them takes the work. */
import { bc } from '../../commands.ts';
import { message } from '../../outcome.ts';
import type { ScriptThread } from '../../script.ts';
import { oneway, second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario(
    'spawn-looper',
    'max_threads 2: BR_SPAWN_LOOPER replaces BR_NOOP until enough have registered',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      const a2 = await a.spawn();
      const a3 = await a.spawn();
      for (const t of [a1, a2, a3]) await t.version();
      await a.setMaxThreads(2);
      await a.loop();
      await b.rw([bc.transaction({ handle: bh, code: 1 })]);
      s.want(a.done(), 'SPAWN_LOOPER TRANSACTION');
      await s.dump('stats');
      await a1.rw([bc.registerLooper()]);
      await s.dump('stats');
      await a.rw([bc.reply()]);
      await a.read();
      await b.write(oneway(bh, { code: 2 }));
      await s.dump('stats');
      await b.rw([bc.transaction({ handle: bh, code: 3 })]);
      await s.dump('stats');
      await a2.rw([bc.registerLooper()]);
      await s.dump('state');
      await a3.rw([bc.registerLooper()]);
      await s.dump('state');
      await s.dump('stats');
    },
  ),
  scenario('spawn-looper-main-only', 'a thread that is no looper is never told to spawn', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await a.setMaxThreads(15);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    s.want(await a.read(), 'NOOP TRANSACTION');
    await a.rw([bc.reply()]);
    s.want(await a.rw([bc.enterLooper()]), 'parked');
  }),
  scenario('spawn-looper-15', 'the usual pool: 15 threads on demand', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await a.setMaxThreads(15);
    const clients: ScriptThread[] = [];
    for (let i = 0; i < 6; i++) {
      const t = await b.spawn();
      await t.version();
      clients.push(t);
    }
    let t = a.main;
    await t.loop();
    const pool: ScriptThread[] = [];
    for (const [i, client] of clients.entries()) {
      await client.rw([bc.transaction({ handle: bh, code: i })]);
      s.want(t.done(), 'SPAWN_LOOPER TRANSACTION');
      pool.push(t);
      t = await a.spawn();
      await t.version();
      await t.rw([bc.registerLooper()]);
    }
    await s.dump('stats');
    for (const w of pool) {
      await w.write(bc.reply());
      await w.read();
      await w.read();
    }
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario(
    'spawn-looper-not-answered',
    'while a requested thread has not registered no other is requested',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await a.setMaxThreads(3);
      await a.loop();
      await b.write(oneway(bh, { code: 1 }));
      s.want(a.done(), 'SPAWN_LOOPER TRANSACTION');
      await a.write(bc.freeBuffer(message(a.done()).buffer));
      await b.write(oneway(bh, { code: 2 }));
      s.want(await a.read(), 'NOOP TRANSACTION');
      await s.dump('stats');
      await a.setMaxThreads(0);
      const a1 = await a.spawn();
      await a1.version();
      await a1.rw([bc.registerLooper()]);
      await s.dump('stats');
    },
  ),
  scenario(
    'spawn-looper-overwrites',
    'BR_SPAWN_LOOPER goes to the start of the buffer even with read_consumed set',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await a.setMaxThreads(1);
      await b.write(oneway(bh, { code: 1 }));
      await a.poke(a.main.rbuf, 'ABCDEFGHIJKLMNOP');
      await a.wr({ write: [bc.enterLooper()], read: 256, rconsumed: 8 });
      await a.peek(a.main.rbuf, 32);
    },
  ),
  scenario('spawn-looper-dead-binder', 'requested together with BR_DEAD_BINDER', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.setMaxThreads(4);
    await b.write(bc.requestDeath(bh, 1));
    await b.loop();
    await s.kill(a);
    s.want(b.done(), 'SPAWN_LOOPER DEAD_BINDER');
    await s.dump('stats');
  }),
  scenario('looper-wrong', 'register without request, register after enter, enter after register, exit', async (s) => {
    const a = await s.start('A');
    const fresh = async () => {
      const thread = await a.spawn();
      await thread.version();
      return thread;
    };
    const t = [await fresh(), await fresh(), await fresh(), await fresh()] as const;
    await t[0].write(bc.registerLooper());
    await t[1].write(bc.enterLooper(), bc.registerLooper());
    await t[2].write(bc.registerLooper(), bc.enterLooper());
    await t[3].write(bc.enterLooper(), bc.enterLooper(), bc.exitLooper());
    await s.dump('state');
    await a.write(bc.exitLooper());
    await s.dump('state');
    await t[0].read();
    await t[3].read();
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('max-threads-lowered', 'SET_MAX_THREADS below the number already started', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await a.setMaxThreads(0xffffffff);
    await s.dump('stats');
    await a.setMaxThreads(1);
    await a.loop();
    await b.write(oneway(bh));
    const a1 = await a.spawn();
    await a1.version();
    await a1.rw([bc.registerLooper()]);
    await a.setMaxThreads(0);
    await s.dump('stats');
  }),
  scenario('thread-exit-pool', 'a registered looper exits: the started count does not go down', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await a.setMaxThreads(1);
    await a.loop();
    await b.write(oneway(bh));
    const a1 = await a.spawn();
    await a1.version();
    await a1.write(bc.registerLooper(), bc.exitLooper());
    await a1.threadExit();
    await s.dump('stats');
    await s.dump('state');
  }),
  scenario(
    'thread-exit-with-todo',
    'work queued to an exiting thread: the callback fails, the rest is dropped',
    async (s) => {
      const { sm, a, b, bh } = await trio(s, { park: false });
      const ah = await second(sm, b, a, 0x8000, 0x8001);
      await a.loop();
      await b.write(bc.transaction({ handle: bh, code: 1 }));
      await a.rw([bc.transaction({ handle: ah, code: 2 })]);
      await s.dump('state');
      await b.threadExit();
      s.want(a.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
      await s.dump('state');
      await a.rw([bc.reply()]);
      await s.dump('state');
    },
  ),
  scenario(
    'thread-dies-silently',
    'a thread that ends without BINDER_THREAD_EXIT leaves its binder thread behind',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      await a1.version();
      await a1.loop();
      await b.rw([bc.transaction({ handle: bh })]);
      await a1.texit();
      await s.dump('state');
      await s.kill(a);
      s.want(b.done(), 'NOOP TRANSACTION_COMPLETE DEAD_REPLY');
    },
  ),
  scenario('two-readers-one-item', 'with two waiting threads only one is woken per item', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const a1 = await a.spawn();
    await a1.version();
    await a1.loop();
    await a.loop();
    await b.write(oneway(bh, { code: 1 }));
    s.wantParked(a1);
    await s.dump('stats');
    await a.write(bc.freeBuffer(message(a.done()).buffer));
    await b.write(oneway(bh, { code: 2 }));
    s.want(a1.done(), 'NOOP TRANSACTION');
  }),
  scenario('interrupted-waiter', 'an interrupted waiter leaves the waiting list', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const a1 = await a.spawn();
    await a1.version();
    await a.loop();
    await a1.loop();
    await s.signal(a1);
    await s.dump('stats');
    await b.write(oneway(bh, { code: 1 }));
    s.want(a.done(), 'NOOP TRANSACTION');
    s.want(await a1.read(), 'parked');
  }),
  scenario('interrupted-caller', 'a caller interrupted while waiting for its reply picks it up later', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.rw([bc.transaction({ handle: bh, code: 1 })]);
    await s.signal(b);
    s.want(b.done(), 'EINTR');
    await s.dump('state');
    await a.write(bc.reply({ data: Buffer.from('late') }));
    s.want(await b.read(), 'NOOP TRANSACTION_COMPLETE REPLY');
  }),
];
