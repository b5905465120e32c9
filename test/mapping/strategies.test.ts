/** What single strategies do that the counts of a call do not show. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED } from '../../assembly/abi/machine.ts';
import { bc, Machine, STRATEGIES } from '../../host/index.ts';
import { MAPPED, messageBytes, PAGE, Pair } from './pair.ts';

const READ_WRITE = 3;
const test = suite('strategies');

test('two-copy: a message is not there before it is delivered', () => {
  const pair = new Pair('two-copy');
  const bytes = messageBytes(PAGE, 1);
  pair.send(pair.place(bytes));
  assert.is(pair.server.main.sys.peek(MAPPED, 1).signal, 'SIGBUS');
  assert.is(pair.machine.framesResident(pair.server), 1);
  const message = pair.receive();
  assert.equal(pair.server.dataOf(message), bytes);
  assert.is(pair.machine.framesResident(pair.server), 1);
});

test('two-copy: a message that finds no memory on arrival is lost, and nothing else', () => {
  const pair = new Pair('two-copy', { memoryMiB: 8 });
  const { machine } = pair;
  pair.send(pair.place(messageBytes(10 * PAGE, 1)));
  const hog = machine.spawn('hog').main;
  const pages = machine.freeFrames() - 8;
  const at = hog.sys.call('mmap', {
    addr: 0,
    len: pages * PAGE,
    prot: READ_WRITE,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
    fd: -1,
    off: 0,
  });
  assert.is(hog.sys.fill(at, pages * PAGE, 1).ret, pages * PAGE);
  const read = pair.server.main.writeRead(pair.serverFd, []);
  assert.not.ok(read.done, 'the server waits for the next message');
  machine.check();
  machine.process('hog').kill();
  pair.send(pair.place(messageBytes(10, 2)));
  assert.ok(read.done);
  assert.ok(read.returns.some(({ name }) => name === 'BR_TRANSACTION'));
  machine.check();
});

test('fault: a page that the receiver does not touch is never mapped', () => {
  const pair = new Pair('fault');
  pair.send(pair.place(messageBytes(3 * PAGE, 1)));
  const { buffer } = pair.receive();
  assert.is(
    pair.machine.counters(pair.server).pteWrites.user,
    pair.machine.inspect.leaves(pair.server, 0, MAPPED).length,
  );
  pair.server.read(buffer + PAGE, 1);
  assert.equal(
    pair.machine.inspect.leaves(pair.server, MAPPED, MAPPED + 4 * PAGE).map(({ address }) => Number(address)),
    [MAPPED + PAGE],
  );
});

/** Bytes copied when one page goes from `address` of a client of `remap`. */
function copiedFrom(pair: Pair, address: number): number {
  const before = pair.machine.counters().bytesCopied;
  pair.send({ address, length: PAGE });
  const copied = pair.machine.counters().bytesCopied - before;
  const message = pair.receive();
  assert.equal(pair.server.dataOf(message), pair.client.read(address, PAGE));
  pair.free(message);
  return copied;
}

test('remap: private anonymous pages at the right place move, others are copied', () => {
  const pair = new Pair('remap');
  const { client } = pair;
  assert.is(copiedFrom(pair, pair.room), 0);
  assert.is(copiedFrom(pair, pair.room + 8), PAGE);
  const shared = client.main.sys.call('mmap', {
    addr: 0,
    len: PAGE,
    prot: READ_WRITE,
    flags: MAP_SHARED | MAP_ANONYMOUS,
    fd: -1,
    off: 0,
  });
  client.write(shared, messageBytes(PAGE, 4));
  assert.is(copiedFrom(pair, shared), PAGE);
  const untouched = client.main.sys.call('mmap', {
    addr: 0,
    len: PAGE,
    prot: READ_WRITE,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
    fd: -1,
    off: 0,
  });
  assert.is(copiedFrom(pair, untouched), 0);
});

test('remap: a page that is not the sender’s to read is refused', () => {
  const pair = new Pair('remap');
  const { client } = pair;
  client.main.mprotect(pair.room, PAGE, 0);
  const refused = client.main.writeRead(
    pair.clientFd,
    [bc.transaction({ handle: 0, flags: 1, data: { address: pair.room, length: PAGE } })],
    { mayFail: true },
  );
  assert.ok(refused.returns.some(({ name }) => name === 'BR_FAILED_REPLY'));
  pair.machine.check();
});

test('remap: after a fork each of the two sends its own page', () => {
  const pair = new Pair('remap');
  pair.client.write(pair.room, messageBytes(PAGE, 6));
  const child = pair.client.fork('child');
  pair.send({ address: pair.room, length: PAGE });
  child.main.sys.fill(pair.room, PAGE, 9);
  pair.client.main.sys.fill(pair.room, PAGE, 8);
  assert.equal(pair.server.dataOf(pair.receive()), messageBytes(PAGE, 6));
  pair.machine.check();
});

test('remap: a freed message stays until its sender writes, who gets the pages back without a copy', () => {
  const pair = new Pair('remap');
  const { machine, server, client } = pair;
  const bytes = messageBytes(2 * PAGE, 3);
  const before = machine.counters().bytesCopied;
  pair.send(pair.place(bytes));
  pair.free(pair.receive());
  assert.equal(server.read(MAPPED, 2 * PAGE), bytes);
  machine.check();
  client.write(pair.room, Uint8Array.of(200));
  machine.check();
  assert.is(server.main.sys.peek(MAPPED, 1).signal, 'SIGBUS');
  assert.equal(server.read(MAPPED + PAGE, PAGE), bytes.slice(PAGE));
  assert.is(machine.counters().bytesCopied - before, 0);
  client.kill();
  machine.check();
  assert.equal(server.read(MAPPED + PAGE, PAGE), bytes.slice(PAGE));
  machine.end();
});

test('remap: what the kernel writes over a freed message leaves the rest of it', () => {
  const pair = new Pair('remap');
  const { machine, server, client } = pair;
  const bytes = messageBytes(PAGE, 3);
  pair.send(pair.place(bytes));
  pair.free(pair.receive());
  const before = machine.counters().bytesCopied;
  pair.send(pair.place(Uint8Array.of(201, 202, 203), PAGE));
  assert.is(machine.counters().bytesCopied - before, PAGE + 3, 'the page, to have one of its own, and the message');
  pair.free(pair.receive());
  const expected = bytes.slice();
  expected.set([201, 202, 203]);
  assert.equal(server.read(MAPPED, PAGE), expected);
  assert.equal(client.read(pair.room, PAGE), bytes);
  client.write(pair.room, Uint8Array.of(200));
  assert.equal(server.read(MAPPED, PAGE), expected);
  machine.check();
  machine.end();
});

test('remap: a page that was lent twice goes back once', () => {
  const pair = new Pair('remap');
  const { machine, server, client } = pair;
  const bytes = messageBytes(PAGE, 3);
  const placed = pair.place(bytes);
  pair.send(placed);
  pair.send(placed);
  pair.free(pair.receive());
  pair.free(pair.receive());
  machine.check();
  client.write(pair.room, Uint8Array.of(200));
  machine.check();
  const held = [0, 1].map((page) => server.main.sys.peek(MAPPED + page * PAGE, PAGE).bytes);
  assert.ok(held.every((page) => page.length === 0 || page.every((byte, at) => byte === bytes[at])));
  machine.shrink(1000);
  machine.check();
  machine.end();
});

test('remap: a message that is to be cleared is, in the receiver’s mapping and nowhere else', () => {
  const pair = new Pair('remap');
  const { machine, server, client } = pair;
  const bytes = messageBytes(PAGE, 3);
  client.main.writeRead(pair.clientFd, [bc.transaction({ handle: 0, flags: 0x21, data: pair.place(bytes) })]);
  const message = pair.receive();
  assert.equal(server.dataOf(message), bytes);
  pair.free(message);
  assert.ok(server.read(MAPPED, PAGE).every((byte) => byte === 0));
  assert.equal(client.read(pair.room, PAGE), bytes);
  machine.check();
  machine.end();
});

test('two-copy: what was given up does not travel with a later message', () => {
  const pair = new Pair('two-copy');
  const { client, clientFd } = pair;
  pair.send(pair.place(messageBytes(8, 1)));
  const data = pair.place(messageBytes(64, 2));
  client.main.writeRead(clientFd, [bc.transaction({ handle: 0, flags: 1, data, offsets: [40] })], { mayFail: true });
  client.main.writeRead(clientFd, [bc.transactionSg({ handle: 0, flags: 1, buffersSize: 64 })]);
  pair.free(pair.receive());
  const { buffer } = pair.receive();
  assert.equal(pair.server.read(buffer, 64), new Uint8Array(64));
  pair.machine.end();
});

test('each mapping may have a strategy of its own', () => {
  const pair = new Pair('kmap');
  const { machine } = pair;
  for (const strategy of STRATEGIES) {
    const process = machine.spawn(strategy);
    process.main.mmap(process.main.open(), 16 * PAGE, MAPPED, { strategy });
  }
  assert.is(machine.framesResident(machine.process('prefault')), 16);
  assert.is(machine.framesResident(machine.process('kmap')), 0);
  assert.is(machine.kernelBytesReserved(), 17 * PAGE);
  machine.check();
});

test('a mapping cannot have a strategy that does not exist', () => {
  const { machine } = new Pair('kmap');
  const thread = machine.spawn('odd').main;
  const fd = thread.open();
  assert.throws(() => thread.mmap(fd, PAGE, MAPPED, { flags: MAP_PRIVATE | (63 << 26) }), /EINVAL/);
});

test('kernel addresses can run out under vmalloc, and under no other strategy', () => {
  for (const strategy of STRATEGIES) {
    const machine = Machine.boot({
      wasm: new Pair('kmap').machine.guest.module,
      strategy,
      vmallocMiB: 1,
      memoryMiB: 16,
    });
    const map = () => {
      const thread = machine.spawn(`p${machine.processes.length}`).main;
      return thread.sys.call('mmap', {
        addr: MAPPED,
        len: 192 * PAGE,
        prot: 1,
        flags: MAP_PRIVATE,
        fd: thread.open(),
        off: 0,
      });
    };
    assert.is(map(), MAPPED);
    assert.is(map(), strategy === 'vmalloc' ? -12 : MAPPED);
    machine.check();
  }
});

test.run();
