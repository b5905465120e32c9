/** epoll of binder files, pipes and other epoll instances. */
import {
  EPOLL_CTL_ADD,
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
} from '../../../assembly/abi/machine.ts';
import { BINDER_VERSION } from '../../../assembly/abi/protocol.ts';
import type { Calls } from '../../calls.ts';
import { bc } from '../../commands.ts';
import { message } from '../../outcome.ts';
import type { Script, ScriptProcess } from '../../script.ts';
import { oneway } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const FD = 3;
const EP = 4;
const CLOEXEC = 0x80000;

interface Watched {
  sm: ScriptProcess;
  a: ScriptProcess;
}

/** A context manager that watches its device with an instance at EP and has read once, and a client. */
async function watched(s: Script, events = EPOLLIN): Promise<Watched> {
  const sm = await s.start('SM');
  await sm.setContextMgr();
  const a = await s.start('A');
  await sm.write(bc.enterLooper());
  await sm.epollCreate();
  await sm.epollAdd(EP, FD, events);
  return { sm, a };
}

/** A oneway call to the context manager. */
function ping(a: Calls, byte = 'p') {
  return a.wr({ write: [oneway(0, { data: Buffer.from(byte) })], read: 256 });
}

async function readAndFree(sm: Calls): Promise<void> {
  const { buffer } = message(await sm.read());
  await sm.write(bc.freeBuffer(buffer));
}

export default [
  scenario('epoll-errors', 'epoll_create1, epoll_ctl and epoll_wait: what they refuse, in which order', async (s) => {
    const a = await s.start('A');
    await a.epollCreate(1);
    await a.epollCreate(CLOEXEC | 0x800);
    await a.epollCreate();
    await a.epollCreate(CLOEXEC);
    await a.fdinfo(EP);
    await a.fdinfo(EP + 1);
    await a.fcntl(3, 0, EP);
    await a.fcntl(4, 0x4000, EP);
    await a.mkfd('memfd', 10, { content: 'm' });
    await a.mkfd('null', 11);
    await a.mkfd('pipe', 12, { fd2: 13 });
    await a.epollAdd(EP, FD);
    s.want(await a.epollAdd(EP, FD), 'EEXIST');
    s.want(await a.epollAdd(EP, 10), 'EPERM');
    s.want(await a.epollAdd(EP, 11), 'EPERM');
    s.want(await a.epollAdd(EP, 99), 'EBADF');
    s.want(await a.epollAdd(99, FD), 'EBADF');
    s.want(await a.epollAdd(FD, 12), 'EINVAL');
    s.want(await a.epollAdd(FD, 10), 'EPERM');
    s.want(await a.epollAdd(EP, EP), 'EINVAL');
    s.want(await a.epollModify(EP, 12), 'ENOENT');
    s.want(await a.epollDelete(EP, 12), 'ENOENT');
    s.want(await a.epollDelete(EP, 10), 'EPERM');
    s.want(await a.epollCtl(EP, 9, 12, EPOLLIN, 0), 'EINVAL');
    s.want(await a.epollCtl(EP, 0, FD, EPOLLIN, 0), 'EINVAL');
    s.want(await a.epollAdd(EP, 12, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT), 'EINVAL');
    s.want(await a.epollAdd(EP, EP + 1, EPOLLIN | EPOLLEXCLUSIVE), 'EINVAL');
    s.want(await a.epollModify(EP, FD, EPOLLIN | EPOLLEXCLUSIVE), 'EINVAL');
    await a.epollAdd(EP, 12, EPOLLIN | EPOLLEXCLUSIVE | EPOLLET);
    await a.epollModify(EP, 12, EPOLLIN);
    s.want(await a.epollWait(EP, { maxevents: 0 }), 'EINVAL');
    s.want(await a.epollWait(EP, { maxevents: -1 }), 'EINVAL');
    await a.epollWait(EP, { maxevents: 178956970 });
    s.want(await a.epollWait(EP, { maxevents: 178956971 }), 'EINVAL');
    s.want(await a.epollWait(99), 'EBADF');
    s.want(await a.epollWait(FD), 'EINVAL');
    await a.epollWait(EP, { addr: 0x60000000 });
    await a.epollWait(EP);
    await a.ioctl(0x541b, { fd: EP });
    await a.readFrom(EP, 8);
    await a.writeTo(EP, 'x');
    await a.mmap({ fd: EP, addr: 0x68000000, len: 4096 });
    await a.rlimit(7);
    await a.dup(FD);
    s.want(await a.epollCreate(), 'EMFILE');
  }),
  scenario('epoll-level', 'level-triggered: an event as long as there is work; none after the read', async (s) => {
    const { sm, a } = await watched(s);
    await s.dump('state');
    await sm.epollWait(EP);
    await ping(a);
    await sm.epollWait(EP);
    await sm.epollWait(EP);
    await readAndFree(sm);
    await sm.epollWait(EP);
    s.want(await sm.epollWait(EP, { timeout: -1 }), 'parked');
    await s.dump('state');
    await ping(a);
    await s.dump('state');
    await readAndFree(sm);
    await sm.epollWait(EP);
    await sm.epollModify(EP, FD, EPOLLOUT, 0x123456789abc);
    await ping(a);
    await sm.epollWait(EP);
    await sm.epollModify(EP, FD, EPOLLIN | EPOLLOUT, 0x123456789abc);
    await sm.epollWait(EP);
    await sm.epollDelete(EP, FD);
    await sm.epollWait(EP);
    await readAndFree(sm);
    await s.dump('stats');
  }),
  scenario('epoll-edge', 'edge-triggered: one event for each wake-up of the thread, whatever is left', async (s) => {
    const { sm, a } = await watched(s, EPOLLIN | EPOLLET);
    await sm.epollWait(EP);
    await sm.epollWait(EP);
    await ping(a, '1');
    await sm.epollWait(EP);
    await sm.epollWait(EP);
    await ping(a, '2');
    await sm.epollWait(EP);
    await readAndFree(sm);
    await sm.epollWait(EP);
    await readAndFree(sm);
    await sm.epollWait(EP);
    s.want(await sm.epollWait(EP, { timeout: -1 }), 'parked');
    await a.rw([bc.transaction({ handle: 0, data: Buffer.from('c') })]);
    const call = message(await sm.read());
    await sm.write(bc.freeBuffer(call.buffer), bc.reply());
    await sm.epollWait(EP);
    await sm.read();
    await sm.epollWait(EP);
  }),
  scenario('epoll-oneshot', 'EPOLLONESHOT: switched off after an event, on again by EPOLL_CTL_MOD', async (s) => {
    const { sm, a } = await watched(s, EPOLLIN | EPOLLONESHOT);
    await sm.epollWait(EP);
    await ping(a);
    await sm.epollWait(EP);
    await sm.epollModify(EP, FD, EPOLLIN | EPOLLONESHOT);
    await sm.epollWait(EP);
    await sm.epollWait(EP);
    await sm.epollModify(EP, FD, EPOLLIN | EPOLLONESHOT | EPOLLET);
    s.want(await sm.epollWait(EP, { timeout: -1 }), '');
    s.want(await sm.epollWait(EP, { timeout: -1 }), 'parked');
    await ping(a);
    await s.signal(sm);
    await readAndFree(sm);
    await readAndFree(sm);
  }),
  scenario('epoll-own-work', 'a thread that queues work for itself finds its device ready', async (s) => {
    const { sm, a } = await watched(s, EPOLLIN | EPOLLET);
    await sm.epollWait(EP);
    await sm.write(oneway(0, { data: Buffer.from('self') }));
    await sm.epollWait(EP);
    await sm.epollWait(EP);
    await sm.read();
    await sm.epollWait(EP);
    await sm.write(bc.transaction({ handle: 7 }));
    await sm.epollWait(EP);
    await sm.read();
    await ping(a);
    await sm.epollWait(EP);
    await s.dump('state');
  }),
  scenario('epoll-threads', 'one instance, two waiting threads: who is told, and of whose work', async (s) => {
    const { sm, a } = await watched(s);
    const t = await sm.spawn();
    await t.epollWait(EP);
    await s.dump('state');
    await t.epollWait(EP);
    await t.read();
    s.want(await sm.epollWait(EP, { timeout: -1 }), 'parked');
    s.want(await t.epollWait(EP, { timeout: -1 }), 'parked');
    await ping(a);
    await s.dump('state');
    await readAndFree(t);
    await t.epollWait(EP);
    await sm.epollWait(EP);
    await t.epollWait(EP, { timeout: -1 });
    await sm.epollWait(EP, { timeout: -1 });
    await s.signal(t);
    await ping(a);
    await readAndFree(sm);
  }),
  scenario(
    'epoll-foreign-work',
    'work for the thread that added the device tells the instance, whoever waits',
    async (s) => {
      const { sm, a } = await watched(s);
      const t = await sm.spawn();
      await t.version();
      await t.epollWait(EP);
      s.want(await t.epollWait(EP, { timeout: -1 }), 'parked');
      await a.rw([bc.transaction({ handle: 0, data: Buffer.from('c') })]);
      const call = message(await sm.read());
      await t.epollWait(EP);
      await sm.write(bc.transaction({ handle: 9 }));
      await sm.epollWait(EP);
      await sm.read();
      await sm.write(bc.freeBuffer(call.buffer), bc.reply());
      await t.epollWait(EP);
      await sm.epollWait(EP);
      await s.dump('state');
    },
  ),
  scenario('epoll-thread-exit', 'BINDER_THREAD_EXIT of a thread whose device an instance watches', async (s) => {
    const { sm, a } = await watched(s);
    await sm.epollWait(EP);
    const t = await sm.spawn();
    await t.version();
    s.want(await t.epollWait(EP, { timeout: -1 }), 'parked');
    await sm.threadExit();
    await s.dump('state');
    await sm.epollWait(EP);
    await sm.read();
    await sm.epollWait(EP);
    await ping(a);
    await sm.epollWait(EP);
    await s.signal(t);
    await sm.epollModify(EP, FD);
    await sm.epollWait(EP);
    await sm.epollDelete(EP, FD);
    await sm.epollAdd(EP, FD);
    await sm.epollWait(EP);
    await sm.threadExit();
    await sm.close(EP);
    await sm.read();
    await s.dump('state');
  }),
  scenario('epoll-close', 'a closed file leaves the set; a duplicate keeps it there', async (s) => {
    const { sm, a } = await watched(s);
    await sm.dup(FD, 20);
    await ping(a);
    await sm.close(FD);
    await sm.epollWait(EP);
    await sm.wr({ fd: 20, write: [bc.freeBuffer(message(await sm.wr({ fd: 20, read: 256 })).buffer)] });
    await sm.epollWait(EP);
    s.want(await sm.epollDelete(EP, FD), 'EBADF');
    await sm.epollAdd(EP, 20, EPOLLIN, 0x20);
    await ping(a);
    await sm.epollWait(EP);
    await sm.epollWait(EP, { maxevents: 1 });
    await sm.epollWait(EP, { maxevents: 1 });
    await sm.wr({ fd: 20, read: 256 });
    await sm.close(20);
    await sm.epollWait(EP);
    await sm.munmap();
    await sm.epollWait(EP);
    await s.dump('state');
  }),
  scenario('epoll-fork', 'a child has the instance: it sees the work as a thread of its parent', async (s) => {
    const { sm, a } = await watched(s);
    const child = await sm.fork('C');
    await child.epollWait(EP);
    await s.dump('state');
    await child.ioctl(BINDER_VERSION, { fd: FD, out: 4 });
    await ping(a);
    await child.epollWait(EP);
    await sm.epollWait(EP);
    s.want(await sm.read(), 'NOOP TRANSACTION');
    await child.epollWait(EP);
    s.want(await child.epollWait(EP, { timeout: -1 }), 'parked');
    await s.kill(sm);
    await s.dump('state');
    await s.signal(child);
    await child.epollWait(EP);
    await child.close(3);
    await child.epollWait(EP);
    await s.dump('state');
  }),
  scenario('epoll-pipe', 'a pipe: both ends, its events and its edges', async (s) => {
    const a = await s.start('A');
    await a.epollCreate();
    await a.mkfd('pipe', 12, { fd2: 13 });
    await a.epollAdd(EP, 12, EPOLLIN | EPOLLET);
    await a.epollAdd(EP, 13, EPOLLOUT | EPOLLET);
    await a.epollWait(EP);
    await a.epollWait(EP);
    await a.writeTo(13, 'one');
    await a.epollWait(EP);
    await a.writeTo(13, 'two');
    await a.epollWait(EP);
    await a.readFrom(12, 3);
    await a.epollWait(EP);
    await a.readFrom(12, 30);
    s.want(await a.readFrom(12, 3), 'EAGAIN');
    await a.epollWait(EP);
    await a.epollModify(EP, 12, EPOLLIN);
    await a.writeTo(13, 'three');
    await a.epollWait(EP);
    await a.epollWait(EP);
    await a.readFrom(12, 30);
    await a.epollWait(EP);
    await a.close(13);
    await a.epollWait(EP);
    await a.epollWait(EP);
    await a.readFrom(12, 3);
    await a.mkfd('pipe', 14, { fd2: 15 });
    await a.epollAdd(EP, 15, EPOLLOUT | EPOLLET);
    await a.epollWait(EP);
    await a.close(14);
    await a.epollWait(EP);
    s.want(await a.writeTo(15, 'x'), 'EPIPE');
    await a.epollWait(EP);
    await a.epollModify(EP, 15, 0);
    await a.epollWait(EP);
  }),
  scenario(
    'epoll-order',
    'the ready list: oldest first; what stays ready goes to the end; maxevents leaves the rest',
    async (s) => {
      const { sm, a } = await watched(s);
      await sm.mkfd('pipe', 12, { fd2: 13 });
      await sm.mkfd('pipe', 14, { fd2: 15 });
      await sm.epollAdd(EP, 14);
      await sm.epollAdd(EP, 12, EPOLLIN | EPOLLET);
      await sm.epollWait(EP);
      await sm.writeTo(15, 'b');
      await ping(a);
      await sm.writeTo(13, 'a');
      await sm.epollWait(EP, { maxevents: 1 });
      await sm.epollWait(EP, { maxevents: 2 });
      await sm.epollWait(EP, { maxevents: 1 });
      await sm.epollWait(EP);
      await sm.epollWait(EP);
      await readAndFree(sm);
      await sm.epollModify(EP, 12, EPOLLIN);
      await sm.epollWait(EP, { maxevents: 1 });
      await sm.epollWait(EP, { addr: 0x107ffff8 });
      await sm.epollWait(EP, { addr: 0x107fffec });
      await sm.epollWait(EP);
    },
  ),
  scenario(
    'epoll-nested',
    'instances in instances: what they tell, how deep, no circles; poll of an instance',
    async (s) => {
      const { sm, a } = await watched(s);
      for (let fd = EP + 1; fd < EP + 7; fd++) await sm.epollCreate();
      await sm.epollAdd(EP + 1, EP);
      s.want(await sm.epollAdd(EP, EP + 1), 'ELOOP');
      await sm.epollWait(EP + 1);
      await sm.poll(0, EPOLLIN | EPOLLOUT, EP + 1);
      await ping(a);
      await sm.poll(0, EPOLLIN | EPOLLOUT, EP + 1);
      await sm.epollWait(EP + 1);
      await sm.epollWait(EP);
      await readAndFree(sm);
      await sm.epollWait(EP + 1);
      const t = await sm.spawn();
      await t.version();
      s.want(await t.epollWait(EP + 1, { timeout: -1 }), 'parked');
      s.want(await sm.poll(-1, EPOLLIN, EP), 'parked');
      await ping(a);
      await t.read();
      await sm.epollAdd(EP + 2, EP + 1);
      await sm.epollAdd(EP + 3, EP + 2);
      await sm.epollAdd(EP + 4, EP + 3);
      s.want(await sm.epollAdd(EP + 5, EP + 4), 'ELOOP');
      await sm.epollAdd(EP + 1, EP + 5);
      await sm.epollAdd(EP + 2, EP + 5);
      s.want(await sm.epollAdd(EP + 5, EP + 6), 'ELOOP');
      s.want(await sm.epollAdd(EP + 5, EP + 4), 'ELOOP');
      await ping(a);
      await sm.epollWait(EP + 4);
      await sm.close(EP + 2);
      await sm.epollWait(EP + 4);
      await sm.close(EP);
      await sm.epollWait(EP + 1);
    },
  ),
  scenario('epoll-exclusive', 'EPOLLEXCLUSIVE in two instances: one waiting thread is woken', async (s) => {
    const { sm, a } = await watched(s, EPOLLIN | EPOLLEXCLUSIVE);
    await sm.epollCreate();
    await sm.epollAdd(EP + 1, FD, EPOLLIN | EPOLLEXCLUSIVE, 0x55);
    const t1 = await sm.spawn();
    const t2 = await sm.spawn();
    for (const t of [t1, t2]) {
      await t.version();
    }
    await t1.epollWait(EP);
    await t2.epollWait(EP + 1);
    s.want(await t1.epollWait(EP, { timeout: -1 }), 'parked');
    s.want(await t2.epollWait(EP + 1, { timeout: -1 }), 'parked');
    await ping(a);
    await s.signal(t1);
    await s.signal(t2);
    await t2.epollWait(EP + 1);
    await t1.epollWait(EP);
    await readAndFree(sm);
  }),
  scenario('epoll-flush', 'a closed duplicate flushes: a thread that waits in epoll is not woken by it', async (s) => {
    const { sm } = await watched(s);
    const t = await sm.spawn();
    await t.version();
    s.want(await t.epollWait(EP, { timeout: -1 }), 'parked');
    await sm.dup(FD, 20);
    await sm.close(20);
    await sm.epollWait(EP);
    await sm.epollModify(EP, FD);
    await sm.read();
    await sm.epollWait(EP);
  }),
  scenario('epoll-death', 'the process of the instance dies; and the server that it watched for', async (s) => {
    const { sm, a } = await watched(s);
    await a.epollCreate();
    await a.epollAdd(EP, FD, EPOLLIN | EPOLLHUP | EPOLLERR);
    await a.write(bc.acquire(0), bc.requestDeath(0, 0x77));
    s.want(await a.epollWait(EP, { timeout: -1 }), 'parked');
    s.want(await sm.epollWait(EP, { timeout: -1 }), 'parked');
    await s.kill(sm);
    await a.read();
    await a.epollWait(EP);
    await s.dump('state');
    await a.epollCtl(EP, EPOLL_CTL_ADD, FD, 0, 0);
    await s.kill(a);
    await s.dump('state');
  }),
];
