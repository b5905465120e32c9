/**
 * No process reads a byte that was not sent to it, however pages are mapped. Free memory is poisoned, the sender's
 * memory around each message is full of secrets, and the receiver reads all that its mapping lets it.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bc, STRATEGIES, type Strategy } from '../../host/index.ts';
import { MAPPED, messageBytes, PAGE, Pair, SECRET } from './pair.ts';

/** Where messages lie in the sender's memory, and how long they are: parts of pages, whole pages, both. */
const SHAPES: readonly (readonly [at: number, length: number])[] = [
  [100, 5],
  [0, PAGE],
  [0, 3 * PAGE],
  [16, 2 * PAGE],
  [PAGE, 2 * PAGE + 100],
  [PAGE - 8, PAGE + 16],
];

/** Everything readable is 0 or a byte of the messages. */
function checkReadable(pair: Pair, sent: readonly Uint8Array[]): void {
  const allowed = new Set([0, ...sent.flatMap((bytes) => [...bytes])]);
  for (const [page, bytes] of pair.readable()) {
    const bad = bytes.findIndex((byte) => !allowed.has(byte));
    assert.is(bad, -1, `page ${page}, byte ${bad}: ${bytes[bad]}`);
  }
}

for (const strategy of STRATEGIES) {
  const test = suite(`isolation under ${strategy}`);

  test('around its messages a receiver finds nothing but zeroes and messages, held and freed', () => {
    const pair = new Pair(strategy);
    const sent: Uint8Array[] = [];
    SHAPES.forEach(([at, length], seed) => {
      const bytes = messageBytes(length, seed);
      pair.send(pair.place(bytes, at));
      sent.push(bytes);
      const message = pair.receive();
      assert.equal(pair.server.dataOf(message), bytes);
      checkReadable(pair, sent);
      pair.free(message);
      pair.client.main.sys.fill(pair.room, 8 * PAGE, SECRET);
      checkReadable(pair, sent);
    });
    pair.machine.end();
  });

  test('what the sender writes after it has sent stays its own', () => {
    for (const [at, length] of SHAPES) {
      const pair = new Pair(strategy);
      const bytes = messageBytes(length, 3);
      pair.send(pair.place(bytes, at));
      pair.client.main.sys.fill(pair.room, 8 * PAGE, SECRET);
      const message = pair.receive();
      assert.equal(pair.server.dataOf(message), bytes);
      pair.client.main.sys.fill(pair.room, 8 * PAGE, SECRET + 1);
      assert.equal(pair.server.dataOf(message), bytes);
      pair.free(message);
      assert.ok(pair.client.read(pair.room, 8 * PAGE).every((byte) => byte === SECRET + 1));
      pair.machine.end();
    }
  });

  test('a sender that ends leaves its message whole', () => {
    const pair = new Pair(strategy);
    const bytes = messageBytes(3 * PAGE, 5);
    pair.send(pair.place(bytes));
    pair.client.kill();
    const message = pair.receive();
    assert.equal(pair.server.dataOf(message), bytes);
    pair.free(message);
    pair.machine.end();
  });

  test('memory that held messages comes back zeroed to others', () => {
    const pair = new Pair(strategy);
    const bytes = messageBytes(3 * PAGE, 7);
    pair.send(pair.place(bytes));
    pair.receive();
    pair.server.kill();
    pair.client.kill();
    const other = pair.machine.spawn('other');
    assert.ok(other.read(other.alloc(512 * PAGE, PAGE), 512 * PAGE).every((byte) => byte === 0));
    pair.machine.end();
  });

  test('a receiver cannot write what it was sent', () => {
    const pair = new Pair(strategy);
    pair.send(pair.place(messageBytes(PAGE, 1)));
    const { buffer } = pair.receive();
    assert.is(pair.server.main.sys.poke(buffer, new Uint8Array(1)).signal, 'SIGSEGV');
    assert.throws(() => pair.server.main.mprotect(MAPPED, PAGE, 3), /EACCES/);
    pair.machine.end();
  });

  test.run();
}

/** Strategies that write a message where the receiver will read it before they know that it will arrive. */
const LEAKS: ReadonlySet<Strategy> = new Set(['kmap', 'vmalloc', 'prefault', 'huge', 'remap', 'fault']);

const leak = suite('the leak that Linux has');

/** The first bytes after a message of 8 in the receiver's page, once a longer one was given up half-way. */
function padding(strategy: Strategy): Uint8Array {
  const pair = new Pair(strategy);
  const { address } = pair.place(messageBytes(64, 1));
  // The offset names something that is no object, behind data that is in place by then.
  const bad = bc.transaction({ handle: 0, flags: 1, data: { address, length: 64 }, offsets: [40] });
  const failed = pair.client.main.writeRead(pair.clientFd, [bad], { mayFail: true });
  assert.ok(failed.returns.some(({ name }) => name === 'BR_FAILED_REPLY'));
  pair.send(pair.place(Uint8Array.of(255)));
  const { buffer } = pair.receive();
  const bytes = pair.server.read(buffer + 8, 32);
  pair.machine.end();
  return bytes;
}

for (const strategy of STRATEGIES) {
  leak(
    `${strategy}: bytes of a message that was given up half-way ${LEAKS.has(strategy) ? 'show' : 'do not show'}`,
    () => {
      const expected = LEAKS.has(strategy) ? messageBytes(64, 1).slice(8, 40) : new Uint8Array(32);
      assert.equal(padding(strategy), expected);
    },
  );
}

leak.run();
