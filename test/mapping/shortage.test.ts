/** Whatever frame cannot be had, a strategy delivers a message as it was sent or not at all, and nothing is lost. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { TF_CLEAR_BUF, TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import { BinderlabError, bc, STRATEGIES, type Strategy } from '../../host/index.ts';
import { MAPPED, messageBytes, PAGE, Pair } from './pair.ts';

/** The largest mapping, of two blocks. */
const LENGTH = 4 << 20;
const READ = 1;
const MEMORY = 16;
/** More frames than the scenes take. */
const FRAMES_MAX = 200;

/** What is done with a pair, step by step. */
type Scene = readonly ((pair: Pair) => void)[];

const send =
  (pages: number, bytes: number, flags = 0) =>
  (pair: Pair): void => {
    const data = pair.place(messageBytes(pages * PAGE + bytes, pages));
    const call = bc.transaction({ handle: 0, flags: TF_ONE_WAY | flags, data });
    pair.client.main.writeRead(pair.clientFd, [call], { readSize: 256 });
  };

/** Reads a message, if there is one, compares its bytes with what was sent, and frees it. */
function receive(pair: Pair): void {
  const { main } = pair.server;
  const read = main.writeRead(pair.serverFd, []);
  if (!read.done) main.signal();
  const message = read.done ? read.returns.find(({ name }) => name === 'BR_TRANSACTION') : undefined;
  if (message === undefined) return;
  const { buffer, dataSize } = message as unknown as { buffer: number; dataSize: number };
  const got = main.sys.peek(buffer, dataSize).bytes;
  // a page that could not be brought in is missed by a peek: what is read is what was sent
  const sent = messageBytes(dataSize, Math.floor(dataSize / PAGE));
  if (got.length === dataSize) assert.equal(got, sent);
  main.writeRead(pair.serverFd, [bc.freeBuffer(buffer)], { readSize: 0 });
}

const touch = (pair: Pair): void => void pair.client.main.sys.fill(pair.room, 6 * PAGE, 7);

const SCENES: Readonly<Record<string, Scene>> = {
  'pages that are lent again and again': [
    send(3, 0),
    receive,
    send(4, 0, TF_CLEAR_BUF),
    receive,
    touch,
    send(2, 0),
    send(0, 100),
    receive,
    receive,
    send(3, 8),
    touch,
    receive,
    (pair) => void pair.machine.shrink(LENGTH / PAGE),
    send(5, 0),
    receive,
  ],
  'a mapping in pieces': [
    (pair) => pair.server.main.mprotect(MAPPED, LENGTH, 0),
    (pair) => pair.server.main.mprotect(MAPPED, LENGTH, READ),
    send(2, 0),
    (pair) => pair.server.main.mprotect(MAPPED + 5 * PAGE, PAGE, 0),
    (pair) => pair.server.main.munmap(MAPPED + 300 * PAGE, 3 * PAGE),
    send(6, 0),
    receive,
    receive,
    (pair) => pair.server.main.mprotect(MAPPED + 5 * PAGE, PAGE, READ),
    (pair) => pair.server.main.munmap(MAPPED + 700 * PAGE, 100 * PAGE),
    send(1, 0),
    receive,
  ],
};

const test = suite('frames that cannot be had');

for (const strategy of STRATEGIES) {
  for (const [name, scene] of Object.entries(SCENES)) {
    test(`${name}, under ${strategy}`, () => {
      const failed = sweep(strategy, scene);
      assert.ok(failed > 0);
    });
  }
}

/** Lets each frame of a scene fail. @returns How many there were. */
function sweep(strategy: Strategy, scene: Scene): number {
  const pair = new Pair(strategy, { length: LENGTH, memoryMiB: MEMORY });
  const { machine } = pair;
  const before = machine.snapshot();
  for (let nth = 1; nth < FRAMES_MAX; nth++) {
    machine.restore(before);
    const injected = machine.inject({ what: 'frame', nth });
    for (const act of scene) {
      try {
        act(pair);
      } catch (error) {
        if (!(error instanceof BinderlabError)) throw error;
      }
      machine.check();
    }
    const { passed } = injected;
    machine.end();
    machine.check();
    assert.is(machine.liveObjects(), 0);
    if (passed < nth) return nth - 1;
  }
  return assert.unreachable(`more than ${FRAMES_MAX} frames`) as never;
}

test.run();
