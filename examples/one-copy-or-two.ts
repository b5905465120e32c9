/**
 * One copy or two: 64 KiB go to another process and back, through Binder and through a socket pair. The driver copies from the
 * sender's memory into pages that are mapped for the receiver. A socket copies into the kernel, and out again. Binder's reply
 * takes one copy, too, into the client's own mapping. Only the 64 bytes that name its place are copied to the reader.
 *
 *     binderlab run examples/one-copy-or-two.ts --strategy vmalloc
 */
import { assert, bc, type Machine, type Process } from 'binderlab';

const SIZE = 64 * 1024;
const CHUNK = 16 * 1024;

const PATTERN = Uint8Array.from({ length: SIZE }, (_, i) => i * 31 + (i >> 8));

const same = (bytes: Uint8Array, at = 0) => bytes.every((byte, i) => byte === PATTERN[at + i]);
const hex = (address: number) => `0x${address.toString(16)}`;

export default (machine: Machine) => {
  /** Bytes of messages that were copied during `act`. */
  const counted = (act: () => void) => {
    const before = machine.counters().bytesCopied;
    act();
    return machine.counters().bytesCopied - before;
  };
  /** The physical address of a process's address. */
  const page = ({ pid }: Process, address: number) => machine.inspect.walk({ pid }, address)?.linear;
  const join = (name: string) => {
    const process = machine.spawn(name);
    const fd = process.main.open();
    process.main.version(fd);
    process.main.mmap(fd);
    return { process, main: process.main, fd };
  };

  const server = join('server');
  server.main.becomeContextManager(server.fd);
  const back = server.process.place(PATTERN, 4096);
  const listening = server.main.writeRead(server.fd, [bc.enterLooper()]);
  const client = join('client');
  const there = client.process.place(PATTERN, 4096);

  const before = machine.counters().bytesCopied;
  const calling = client.main.writeRead(client.fd, [bc.transaction({ handle: 0, data: there })]);
  const request = machine.counters().bytesCopied - before;
  const call = listening.expect('BR_TRANSACTION');
  assert(same(server.process.dataOf(call)), 'the server reads what the client sent');
  if (machine.strategy !== 'remap')
    assert(
      page(server.process, call.buffer) !== page(client.process, there.address),
      'it reads a page of its own mapping, not the one of the client',
    );

  const reply = counted(() => server.main.writeRead(server.fd, [bc.freeBuffer(call), bc.reply({ data: back })]));
  const answer = calling.expect('BR_REPLY');
  assert(same(client.process.dataOf(answer)), 'the client reads what the server replied');

  const [left, right] = client.main.socketPair();
  const peer = client.process.fork('peer');
  const socket = counted(() => {
    for (let at = 0; at < SIZE; at += CHUNK) {
      client.main.write(left, PATTERN.subarray(at, at + CHUNK));
      assert(same(peer.main.read(right, CHUNK).bytes, at), 'the peer reads what the client wrote');
    }
  });

  const times = machine.strategy === 'two-copy' ? 2 : 1;
  if (machine.strategy !== 'remap')
    assert(request === times * SIZE && reply === times * SIZE, 'Binder copies so often');
  assert(socket === 2 * SIZE, 'a socket copies twice');
  console.log(`${SIZE} bytes under ${machine.strategy}`);
  console.log(`request by Binder: ${request} bytes copied, to ${hex(call.buffer)} in the server's mapping`);
  console.log(`reply by Binder:   ${reply} bytes copied, to ${hex(answer.buffer)} in the client's mapping`);
  console.log(`by a socket pair:  ${socket} bytes copied`);
};
