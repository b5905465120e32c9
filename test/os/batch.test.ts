/**
 * Whatever a script sends, its commands lie in its write buffer as `bc.bytes` lays them out, spelled out by the guest or by
 * the host; and the call leaves the machine that one leaves with every field given.
 */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { WINDOW_ARGUMENT, WINDOW_READ } from '../../assembly/abi/machine.ts';
import { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { Command } from '../../host/wire/command.ts';
import { bc } from '../../host/wire/commands.ts';
import { StreamSize } from '../../host/wire/stream.ts';
import { BUILDS, buildModule } from './builds.ts';

/** What this edition of the types does not know yet. */
interface Resizable extends ArrayBuffer {
  resize(size: number): void;
}

const RUNS = 200;
const ARENA = 0x10000000;
const FD = 3;
/** So much of the write buffer is filled before, to tell what is not stored. */
const FILLED = 8192;

const word = fc.oneof(
  { weight: 4, arbitrary: fc.nat(9) },
  { weight: 2, arbitrary: fc.constantFrom(0x70000000, 0x7fffffff, 0x80000000, 0xffffffff, -1) },
);
const wide = fc.oneof(
  { weight: 4, arbitrary: word },
  { weight: 1, arbitrary: fc.constantFrom<bigint | number>(2 ** 32, 2 ** 40 + 8, 0n, 7n, 2n ** 63n, 2n ** 64n - 1n) },
);
const node = fc.record({ ptr: wide, cookie: wide });
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 70 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4200, size: 'max' }) },
);
const data = fc.oneof(
  { weight: 6, arbitrary: bytes },
  { weight: 1, arbitrary: fc.constantFrom('text', { address: 0x10080000, length: 24 }, new Float64Array([1, 2])) },
  {
    weight: 1,
    arbitrary: fc.record({
      address: fc.constantFrom(0, 1, 0x10000000, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 32, 2 ** 40),
      length: fc.constantFrom(0, 1, 24, 0xffffffff),
    }),
  },
);
const objects = fc.array(
  fc.oneof(
    fc.record({ type: fc.constant('binder' as const), ptr: wide }),
    fc.record({ type: fc.constant('ptr' as const), data: bytes }),
  ),
  { maxLength: 2 },
);
const plain = { handle: word, code: word, flags: fc.constantFrom(0, 1, 0x10, 0x11), cookie: wide };
const input = fc.oneof(
  { weight: 5, arbitrary: fc.record({ ...plain, data: bytes }, { requiredKeys: ['handle'] }) },
  { weight: 1, arbitrary: fc.record({ ...plain, data }, { requiredKeys: ['handle'] }) },
  {
    weight: 1,
    arbitrary: fc.record({ handle: word, data: bytes, objects, buffersSize: fc.nat(64) }, { requiredKeys: ['handle'] }),
  },
  { weight: 1, arbitrary: fc.record({ handle: word, data: bytes, offsets: fc.array(fc.nat(64), { maxLength: 3 }) }) },
);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(fc.constantFrom(bc.transaction, bc.reply), input).map(([make, of]) => make(of)) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(bc.transactionSg, bc.replySg), input).map(([make, of]) => make(of)),
  },
  {
    weight: 5,
    arbitrary: fc.oneof(
      wide.map((value) => (typeof value === 'number' ? bc.freeBuffer(value) : bc.deadBinderDone(value))),
      fc.tuple(fc.constantFrom(bc.increfs, bc.acquire, bc.release, bc.decrefs), word).map(([make, of]) => make(of)),
      fc.tuple(fc.constantFrom(bc.increfsDone, bc.acquireDone), node).map(([make, of]) => make(of)),
      fc.tuple(word, wide).map(([handle, cookie]) => bc.requestDeathNotification(handle, cookie)),
      fc.tuple(word, word).map(([priority, handle]) => bc.attemptAcquire(priority, handle)),
      fc.constantFrom(bc.enterLooper(), bc.exitLooper()),
    ),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 9 }).map(bc.raw) },
);
const lists = fc.oneof(
  { weight: 4, arbitrary: fc.array(command, { maxLength: 4 }) },
  { weight: 1, arbitrary: fc.array(command, { maxLength: 20, size: 'max' }) },
);

/** The index of the first byte that differs, or -1. To show all of them would take longer than the test. */
function firstDifference(one: Uint8Array, other: Uint8Array): number {
  const at = one.findIndex((byte, index) => byte !== other[index]);
  return at < 0 && one.length !== other.length ? Math.min(one.length, other.length) : at;
}

for (const build of BUILDS) {
  const test = suite(`what is sent, ${build} build`);
  const wasm = buildModule(build);

  /** A context manager and a client, whose write buffer has been filled. */
  function scene(): { machine: Machine; client: Process } {
    const machine = Machine.boot({ wasm, memoryMiB: 8, journal: false });
    const [manager, client] = ['manager', 'client'].map((name) => {
      const process = machine.spawn(name);
      process.main.open();
      process.main.mmap(FD);
      return process;
    }) as [Process, Process];
    manager.main.becomeContextManager(FD);
    client.main.sys.fill(ARENA, FILLED, 0xff);
    return { machine, client };
  }

  test('is the same in short and in full', () => {
    fc.assert(
      fc.property(lists, (commands) => {
        const { size, stream } = new StreamSize(commands);
        const laidOut = bc.bytes(commands, ARENA);
        const quick = scene();
        const full = scene();
        const call = quick.client.main.writeRead(FD, commands, { readSize: 0, mayFail: true });
        const wanted = full.client.main.sys.writeRead({
          fd: FD,
          arg: ARENA + WINDOW_ARGUMENT,
          wbuf: ARENA,
          poke: laidOut,
          writeSize: stream,
          writeConsumed: 0,
          rbuf: ARENA + WINDOW_READ,
          readSize: 0,
          readConsumed: 0,
        });
        assert.equal(call.output(), wanted.output());
        const [lies, fully] = [quick, full].map(({ client }) => client.main.sys.peek(ARENA, FILLED).bytes) as [
          Uint8Array,
          Uint8Array,
        ];
        assert.is(
          firstDifference(lies.subarray(0, size), laidOut.subarray(0, FILLED)),
          -1,
          'what lies there is what was sent',
        );
        assert.is(firstDifference(lies, fully), -1, 'both ways store the same');
        assert.is(quick.machine.hash(), full.machine.hash());
        quick.machine.check();
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    );
  });

  test('keeps to the size that data had when its command was made', () => {
    for (const [size, later] of [
      [8, 24],
      [24, 8],
    ] as const) {
      const buffer = new (ArrayBuffer as unknown as new (size: number, options: object) => Resizable)(size, {
        maxByteLength: 64,
      });
      const data = new Uint8Array(buffer).fill(7);
      const commands = [
        bc.transaction({ handle: 0, flags: 1, data }),
        bc.transaction({ handle: 0, flags: 1, data: 'end' }),
      ];
      buffer.resize(later);
      new Uint8Array(buffer).fill(7);
      const { client } = scene();
      client.main.writeRead(FD, commands, { readSize: 0 });
      const payload = client.main.sys.peek(ARENA + 144, 48).bytes;
      assert.equal([...payload.subarray(0, size)], new Array(size).fill(7).fill(0, Math.min(size, later)));
      assert.equal(
        client.main.sys.peek(ARENA, new StreamSize(commands).size).bytes,
        bc.bytes(commands, ARENA),
        'as the host lays it out',
      );
    }
  });

  test.run();
}
