/** Numbers of descriptors at their edges, and poll of whatever a descriptor may be. */
import { MAP } from '../../calls.ts';
import { bc, type TransactionFields } from '../../commands.ts';
import { object, parcel } from '../../objects.ts';
import { message } from '../../outcome.ts';
import { trio } from '../handshakes.ts';
import { scenario } from '../scenario.ts';

const ow = (handle: number, fields: TransactionFields = {}) => bc.transaction({ handle, flags: 0x11, ...fields });

export default [
  scenario('descriptor-numbers', 'dup, dup3 and fcntl at their edges, and a table that grows', async (s) => {
    const a = await s.start('A');
    await a.dup(3, 3);
    await a.dup(99, 5);
    await a.dup(99);
    await a.dup(3, 1023);
    await a.dup(3, 1024);
    await a.version({ fd: 1023 });
    await a.version({ fd: 1024 });
    await a.version({ fd: 100000 });
    await a.version({ fd: -5 });
    await a.close(1023);
    await a.close(1023);
    await a.close(-1);
    await a.rlimit(10);
    await a.dup(3, 9);
    await a.dup(3, 10);
    await a.fcntl(0, 0);
    await a.fcntl(0, 8);
    await a.fcntl(0, 9);
    await a.fcntl(0, 10);
    await a.fcntl(0, -1);
    await a.fcntl(1030, 5);
    await a.fdinfo(3);
    await a.fcntl(1, 0);
    await a.fcntl(2, 0);
    await a.fcntl(1, 0);
    await a.fcntl(2, 1);
    await a.fcntl(3, 0);
    await a.fcntl(4, 0x800);
    await a.fcntl(3, 0);
    await a.fcntl(4, 0);
    await a.fcntl(77, 0);
    await a.fcntl(1, 0, 99);
    for (let i = 0; i < 8; i++) await a.open();
    await a.open();
    await a.rlimit(0);
    await a.open();
    await a.rlimit(1024);
    await a.open();
    await a.mkfd('pipe', 500, { fd2: 501 });
    await a.fcntl(0, 300, 500);
    await a.fdinfo(300);
    await a.fcntl(1, 0, 500);
    await a.fcntl(3, 0, 500);
    await a.fcntl(3, 0, 501);
  }),
  scenario('poll-of-other-files', 'poll of memory, pipes, /dev/null and of numbers that are no file', async (s) => {
    const a = await s.start('A');
    await a.mkfd('memfd', 10, { content: 'x' });
    await a.mkfd('pipe', 11, { fd2: 12 });
    await a.mkfd('null', 13);
    for (const fd of [10, 11, 12, 13, 14, 5000, -1])
      for (const events of [0, 1, 4, 5, 0x345]) await a.poll(0, events, fd);
    await a.close(11);
    await a.poll(0, 5, 12);
    await a.poll(-1, 5, 12);
    await a.poll(-1, 5, 99);
    await a.mkfd('pipe', 11, { fd2: 15 });
    await a.close(15);
    await a.poll(-1, 5, 11);
  }),
  scenario(
    'poll-of-empty-pipe',
    'a poll sleeps at an empty pipe until its other end is closed, or a signal comes',
    async (s) => {
      const a = await s.start('A');
      const a1 = await a.spawn();
      await a.mkfd('pipe', 10, { fd2: 11 });
      await a.poll(0, 5, 10);
      await a.poll(-1, 5, 10);
      await s.signal(a);
      await a.poll(-1, 1, 10);
      await a1.close(11);
      await a.poll(0, 5, 10);
      await a.mkfd('pipe', 12, { fd2: 13 });
      await a.poll(-1, 0, 13);
      await a1.close(12);
      await a.mkfd('pipe', 14, { fd2: 15 });
      await a.poll(-1, 1, 14);
      await a1.dup(15, 16);
      await a1.close(15);
      await a1.close(16);
      await a.mkfd('pipe', 17, { fd2: 18 });
      await a.poll(-1, 1, 17);
      await a1.close(17);
      await a1.close(18);
      await s.signal(a);
    },
  ),
  scenario(
    'poll-for-writing',
    'a poll that waits for what the driver never says is woken and sleeps again',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      await a.spawn();
      await a.poll(-1, 4);
      await b.rw([ow(bh)]);
      await s.dump('state');
      await s.signal(a);
      await a.poll(-1, 0);
      await b.rw([ow(bh)]);
      await s.signal(a);
      await a.poll(-1, 1);
      await a.read();
      await s.dump('state');
    },
  ),
  scenario(
    'poll-two-threads',
    'two threads poll; the first that is woken takes the message, and the other finds nothing',
    async (s) => {
      const { a, b, bh } = await trio(s, { park: false });
      const a1 = await a.spawn();
      const a2 = await a.spawn();
      await a.poll(-1);
      await a1.poll(-1);
      await b.rw([ow(bh)]);
      await a.read();
      await a.write(bc.freeBuffer(MAP));
      await a.poll(-1);
      await a1.poll(-1);
      await a2.wr({ write: [bc.enterLooper()], read: 256 });
      await b.rw([ow(bh)]);
      await s.signal(a);
      await s.signal(a1);
      await s.dump('state');
    },
  ),
  scenario('poll-then-close', 'the file of a parked poll is closed by another thread', async (s) => {
    const { a, b, bh } = await trio(s, { park: false });
    const a1 = await a.spawn();
    await a.poll(-1);
    await a1.close();
    await b.rw([ow(bh)]);
    await s.dump('state');
    await a1.munmap();
    await s.dump('state');
    await s.signal(a);
    await s.dump('state');
  }),
  scenario('pipe-in-flight', 'ends of a pipe travel, and close where they are received', async (s) => {
    const { a, b, bh } = await trio(s);
    await b.spawn();
    await b.mkfd('pipe', 10, { fd2: 11 });
    await b.rw([ow(bh, parcel('head', object.fd(11)))]);
    const t = message(a.done());
    await a.fdinfo(4);
    await b.close(11);
    await b.poll(-1, 1, 10);
    await a.poll(0, 5, 4);
    await a.close(4);
    await a.write(bc.freeBuffer(t.buffer));
  }),
];
