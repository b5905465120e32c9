/** Death notifications. */
import { bc } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { lookup, manager, register, second, trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

export default [
  scenario('death', 'request, kill, BR_DEAD_BINDER, BC_DEAD_BINDER_DONE', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 0xd00d));
    await s.dump(b);
    await b.loop();
    await s.kill(a);
    s.want(b.done(), 'NOOP DEAD_BINDER');
    await s.dump('state');
    await b.write(bc.deadBinderDone(0xd00d));
    await s.dump('state');
    await b.write(bc.clearDeath(bh, 0xd00d));
    s.want(await b.read(), 'NOOP CLEAR_DEATH_NOTIFICATION_DONE');
    await b.write(bc.release(bh));
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('death-not-reading', 'nobody is reading: the notification waits in the process list', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 0xd00d));
    await s.kill(a);
    await s.dump('state');
    s.want(await b.read(), 'NOOP DEAD_BINDER');
    await s.dump(b);
  }),
  scenario('death-already-dead', 'requesting on a dead node answers at once', async (s) => {
    const { a, b, bh } = await trio(s);
    await s.kill(a);
    await s.dump('state');
    s.want(await b.rw([bc.requestDeath(bh, 0xd00d)]), 'NOOP DEAD_BINDER');
    await b.write(bc.requestDeath(bh, 0xd11d));
    await s.dump(b);
    await b.write(bc.deadBinderDone(0xd00d), bc.clearDeath(bh, 0xd00d));
    s.want(await b.rw([bc.requestDeath(bh, 0xd22d)]), 'NOOP CLEAR_DEATH_NOTIFICATION_DONE DEAD_BINDER');
  }),
  scenario(
    'death-clear',
    'clearing before death; a looper gets the answer itself, others through the process',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const b1 = await b.spawn();
      await b1.version();
      await b1.loop();
      await b.write(bc.requestDeath(bh, 1));
      await b.write(bc.clearDeath(bh, 1)); // main thread of B is no looper: b1 wakes
      s.want(b1.done(), 'NOOP CLEAR_DEATH_NOTIFICATION_DONE');
      await b1.read();
      await b.write(bc.enterLooper(), bc.requestDeath(bh, 2), bc.clearDeath(bh, 2));
      s.wantParked(b1);
      await s.dump(b);
      s.want(await b.read(), 'NOOP CLEAR_DEATH_NOTIFICATION_DONE');
      await s.kill(a);
      await s.dump('state');
    },
  ),
  scenario('death-clear-while-queued', 'clearing when BR_DEAD_BINDER is queued but unread', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 5));
    await s.kill(a);
    await b.write(bc.clearDeath(bh, 5));
    await s.dump(b);
    s.want(await b.read(), 'NOOP DEAD_BINDER');
    await s.dump(b);
    s.want(await b.rw([bc.deadBinderDone(5)]), 'NOOP CLEAR_DEATH_NOTIFICATION_DONE');
    await s.dump(b);
  }),
  scenario('death-clear-while-delivered', 'clearing between BR_DEAD_BINDER and BC_DEAD_BINDER_DONE', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 5));
    await b.loop();
    await s.kill(a);
    await b.write(bc.clearDeath(bh, 5));
    await s.dump(b);
    await b.write(bc.deadBinderDone(5));
    await s.dump(b);
    s.want(await b.read(), 'NOOP CLEAR_DEATH_NOTIFICATION_DONE');
    await b.write(bc.deadBinderDone(5));
    await s.dump(b);
  }),
  scenario('death-errors', 'double request, wrong cookie, nothing to clear, bad handle, unknown DONE', async (s) => {
    const { b, bh } = await trio(s);
    await b.write(bc.requestDeath(99, 1));
    await b.write(bc.clearDeath(99, 1));
    await b.write(bc.clearDeath(bh, 1));
    await b.write(bc.requestDeath(bh, 1), bc.requestDeath(bh, 1), bc.requestDeath(bh, 2));
    await b.write(bc.clearDeath(bh, 2));
    await b.write(bc.deadBinderDone(1));
    await s.dump(b);
    await s.dump('stats');
  }),
  scenario('death-weak-ref', 'a weak ref is enough', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.increfs(bh), bc.release(bh), bc.requestDeath(bh, 7));
    await s.dump('state');
    await s.kill(a);
    s.want(await b.read(), 'NOOP DEAD_BINDER');
  }),
  scenario('death-many', 'three nodes of one process, two watchers', async (s) => {
    const { sm, a, b, h, bh } = await trio(s, { park: false });
    const h2 = await register(sm, a, 0x1200, 2);
    const h3 = await register(sm, a, 0x1100, 3);
    const c = await s.start('C');
    const b2 = await lookup(sm, b, h2);
    const b3 = await lookup(sm, b, h3);
    const c1 = await lookup(sm, c, h3);
    const c2 = await lookup(sm, c, h);
    await b.write(bc.requestDeath(bh, 0xb1), bc.requestDeath(b2, 0xb2), bc.requestDeath(b3, 0xb3));
    await c.write(bc.requestDeath(c1, 0xc1), bc.requestDeath(c2, 0xc2));
    await b.loop();
    const c9 = await c.spawn();
    await c9.version();
    await c.loop();
    await c9.loop();
    await s.dump('state');
    await s.kill(a);
    await s.dump('state');
    await b.rw([bc.deadBinderDone(0xb2)]);
    await b.read();
    await s.dump('state');
  }),
  scenario('death-by-close', 'munmap + close is death too', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    await b.write(bc.requestDeath(bh, 9));
    await b.loop();
    await a.close();
    s.wantParked(b);
    await a.munmap();
    s.want(b.done(), 'NOOP DEAD_BINDER');
    await s.dump('state');
  }),
  scenario('death-exit', 'exit_group with work outstanding', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 9));
    await b.rw([bc.transaction({ handle: bh })]);
    await a.exit();
    await s.dump('state');
    s.want(await b.read(), 'NOOP DEAD_BINDER');
  }),
  scenario('death-ref-dropped', 'dropping the ref drops its notification silently', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 9), bc.release(bh));
    await s.dump('state');
    await s.dump('stats');
    await s.kill(a);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('death-ref-dropped-queued', 'dropping the ref while its notification is queued or delivered', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const b2 = await second(sm, a, b, 0x1100, 3);
    await b.write(bc.requestDeath(bh, 0x11), bc.requestDeath(b2, 0x22));
    await s.kill(a);
    await s.dump(b);
    await b.write(bc.release(bh));
    await s.dump(b);
    await b.read();
    await b.write(bc.release(b2));
    await s.dump(b);
    await b.write(bc.deadBinderDone(0x22), bc.deadBinderDone(0x11));
    await s.dump('stats');
  }),
  scenario('death-watcher-dies', 'the watcher dies first', async (s) => {
    const { b, bh } = await trio(s);
    await b.write(bc.requestDeath(bh, 9));
    await s.kill(b);
    await s.dump('state');
    await s.dump('stats');
  }),
  scenario('death-of-manager', 'watching handle 0', async (s) => {
    const sm = await manager(s);
    const a = await s.start('A');
    await a.write(bc.requestDeath(0, 1));
    await s.dump(a);
    await a.write(bc.acquire(0), bc.requestDeath(0, 1));
    await a.loop();
    await s.kill(sm);
    s.want(a.done(), 'NOOP DEAD_BINDER');
    await s.dump('state');
  }),
  scenario('death-with-other-work', 'BR_DEAD_BINDER ends a read: what is behind it waits', async (s) => {
    const { sm, a, b, bh } = await trio(s, { park: false });
    const b2 = await second(sm, a, b, 0x1100, 3);
    await b.write(bc.requestDeath(bh, 0x11), bc.requestDeath(b2, 0x22));
    await b.write(bc.transaction({ handle: 0, flags: 1, ...parcel(object.binder(0x9000, 9)) }));
    await s.kill(a);
    await s.dump(b);
    await b.read(1024);
    await b.read(1024);
    await b.read(1024);
    await s.dump(b);
  }),
];
