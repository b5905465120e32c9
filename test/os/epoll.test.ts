/** epoll of sockets, in simulations, and where a wait ends otherwise than by an event. The recordings show the rest. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EPOLLET, EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP } from '../../assembly/abi/machine.ts';
import { Machine } from '../../host/machine.ts';
import type { Thread } from '../../host/os/thread.ts';
import { sys } from '../../host/sim/sys.ts';
import { debugModule } from '../inspect/machines.ts';

const test = suite('epoll');

const bytes = (length: number) => new Uint8Array(length);

function fixture() {
  const machine = Machine.boot({ wasm: debugModule, memoryMiB: 16 });
  const app = machine.spawn('app').main;
  const epfd = app.epollCreate();
  const ready = (thread: Thread = app) =>
    thread.epollWait(epfd, { timeoutMs: 0 }).events.map(({ events, data }) => [Number(data), events]);
  return { machine, app, epfd, ready };
}

test('a socket, level-triggered: bytes, room, and the end of the other side', () => {
  const { machine, app, epfd, ready } = fixture();
  const [one, other] = app.socketPair();
  app.epollCtl(epfd, 'add', one, { events: EPOLLIN | EPOLLRDHUP });
  assert.equal(ready(), []);
  app.write(other, bytes(3));
  assert.equal(ready(), [[one, EPOLLIN]]);
  assert.equal(ready(), [[one, EPOLLIN]]);
  app.read(one);
  assert.equal(ready(), []);
  app.close(other);
  assert.equal(ready(), [[one, EPOLLIN | EPOLLRDHUP | EPOLLHUP]]);
  machine.check();
});

test('a socket, edge-triggered: an event for each write, and one when a reader makes room', () => {
  const { machine, app, epfd, ready } = fixture();
  const [one, other] = app.socketPair();
  app.epollCtl(epfd, 'add', one, { events: EPOLLIN | EPOLLET });
  app.epollCtl(epfd, 'add', other, { events: EPOLLOUT | EPOLLET, data: 0x1_2345_6789 });
  assert.equal(ready(), [[0x1_2345_6789, EPOLLOUT]]);
  assert.equal(ready(), []);
  app.write(other, bytes(3));
  app.write(other, bytes(3));
  assert.equal(ready(), [[one, EPOLLIN]]);
  assert.equal(ready(), []);
  app.read(one, 1);
  assert.equal(ready(), [[0x1_2345_6789, EPOLLOUT]]);
  machine.check();
});

test('a wait is woken by a write, and by nothing else', () => {
  const { machine, app, epfd } = fixture();
  const [one, other] = app.socketPair();
  const helper = machine.process('app').thread();
  app.epollCtl(epfd, 'add', one);
  const wait = app.epollWait(epfd);
  assert.ok(wait.parked);
  assert.is(machine.inspect.processes()[0]?.threads[0]?.parked?.in, 'epoll');
  machine.check();
  helper.write(one, bytes(1));
  assert.ok(wait.parked);
  helper.write(other, bytes(1));
  assert.equal(wait.events, [{ events: EPOLLIN, data: BigInt(one) }]);
  machine.check();
});

test('a wait ends at its deadline, at a signal, and with its process', () => {
  const { machine, app, epfd } = fixture();
  const late = app.epollWait(epfd, { timeoutMs: 20 });
  app.awaitTimeout(20);
  assert.equal([late.ret, late.events.length], [0, 0]);
  const interrupted = app.epollWait(epfd);
  app.signal();
  assert.is(interrupted.errno, 'EINTR');
  machine.check();
  const child = machine.process('app').fork('child');
  const last = app.epollWait(epfd);
  machine.process('app').kill();
  assert.ok(last.parked);
  machine.check();
  child.kill();
  machine.check();
  const { watch, epoll } = machine.inspect.objects();
  assert.equal([watch, epoll], [undefined, undefined]);
});

test('EPOLLONESHOT: the wait of a second thread gets nothing until the watch is modified', () => {
  const { machine, app, epfd, ready } = fixture();
  const [one, other] = app.socketPair();
  const helper = machine.process('app').thread();
  const writer = machine.process('app').thread();
  app.epollCtl(epfd, 'add', one, { events: EPOLLIN | EPOLLONESHOT });
  const wait = app.epollWait(epfd);
  const second = helper.epollWait(epfd);
  writer.write(other, bytes(1));
  assert.equal([wait.done, second.done], [false, true]);
  assert.equal(ready(helper), []);
  helper.epollCtl(epfd, 'modify', one, { events: EPOLLIN });
  assert.ok(wait.done);
  machine.check();
});

test('a snapshot has a parked wait', () => {
  const { machine, app, epfd } = fixture();
  const [one, other] = app.socketPair();
  const writer = machine.process('app').thread();
  app.epollCtl(epfd, 'add', one);
  const wait = app.epollWait(epfd);
  const snapshot = machine.snapshot();
  writer.write(other, bytes(1));
  assert.ok(wait.done);
  machine.restore(snapshot);
  assert.ok(wait.parked);
  machine.check();
});

test('a program waits with `yield* sys.epollWait`', () => {
  const machine = Machine.boot({ wasm: debugModule, memoryMiB: 16 });
  const sim = machine.simulate();
  const heard: number[] = [];
  sim.process('app', function* () {
    const [one, other] = yield* sys.socketPair();
    yield* sys.spawn(function* () {
      yield* sys.write(other, bytes(5));
    });
    const epfd = yield* sys.epollCreate();
    yield* sys.epollCtl(epfd, 'add', one);
    const { events } = yield* sys.epollWait(epfd);
    heard.push(...events.map(({ data }) => Number(data)));
    heard.push((yield* sys.read(one)).bytes.length);
  });
  sim.run();
  assert.is(heard[1], 5);
  machine.check();
});

test('mistakes are errors that say what is wrong', () => {
  const { app, epfd } = fixture();
  const file = app.memfd(bytes(4));
  assert.throws(() => app.epollCtl(epfd, 'add', file), /epoll_ctl: add descriptor \d+.*EPERM/s);
  assert.throws(() => app.epollCtl(epfd, 'delete', 77), /EBADF/);
  assert.throws(() => app.epollCtl(epfd, 'replace' as 'add', 3), /command is "replace"/);
  assert.throws(
    () => app.epollWait(epfd, { eventsMax: 0 }),
    /eventsMax is 0; it is to be a whole number from 1 to 1024/,
  );
});

test.run();
