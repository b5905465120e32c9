/**
 * Acts of programs that do not know what they are doing: streams, structures, numbers and addresses that are sometimes
 * right. Owns how they are drawn, and how they are done on a machine; nothing here expects a result.
 */
import fc from 'fast-check';
import * as protocol from '../../assembly/abi/protocol.ts';
import type { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { Thread } from '../../host/os/thread.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';

const ARENA = 0x10000000;
const ARENA_SIZE = 8 * 1024 * 1024;
const MAPPING = 0x70000000;
/** Where objects and their offsets are stored, so that transactions find some. */
const DATA = ARENA + 0x400000;
const OFFSETS = ARENA + 0x410000;

/** Addresses that mean something, that nearly do, and any. */
const address = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(ARENA, DATA, DATA + 8, OFFSETS, MAPPING, MAPPING + 8, MAPPING + 0x20) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(0, 1, 4, ARENA - 4, ARENA + ARENA_SIZE - 4, MAPPING + 1040384 - 8, 0xdead0000),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(2 ** 39 - 8, 2 ** 39, 2 ** 48, 2 ** 53, 2 ** 63, 2 ** 64, -1, -(2 ** 63), Number.NaN),
  },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 2 ** 40 }).map(Math.floor) },
);

const word64 = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(0n, 1n, 2n, 3n, 8n, 16n, 24n, 32n, 40n, 64n, 100n, 4096n, 0x10000n) },
  {
    weight: 4,
    arbitrary: fc.constantFrom(BigInt(ARENA), BigInt(DATA), BigInt(OFFSETS), BigInt(MAPPING), BigInt(MAPPING) + 8n),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(0x7fffffffn, 0xffffffffn, 2n ** 39n, 2n ** 63n, 2n ** 64n - 8n, 2n ** 64n - 1n),
  },
  { weight: 1, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
);
const word32 = fc.oneof(fc.nat(4), fc.constantFrom(8, 0x10, 0x7fffffff, 0x80000000, 0xffffffff), fc.nat(0x7fffffff));

const number = (prefix: string) =>
  Object.entries(protocol)
    .filter(([name]) => name.startsWith(prefix))
    .map(([, value]) => value);
const isTransaction = (word: number) => [0, 1, 0x11, 0x12].includes(word & 0xff);
const payloadSize = (word: number) => (word >>> 16) & 0x3fff;
const COMMANDS = number('BC_').filter((word) => word > 0xff && !isTransaction(word));
const WORDS = Object.entries(protocol)
  .filter(([name]) => /^B[CR]_/.test(name) && !name.endsWith('_COUNT'))
  .map(([, value]) => value);
const OBJECTS = number('BINDER_TYPE_');
const IOCTLS = number('BINDER_').filter((value) => ((value >>> 8) & 0xff) === 0x62);

/** Bytes out of words: `values[i]` takes `sizes[i]` bytes. */
function pack(...fields: readonly (readonly [bytes: 4 | 8, value: number | bigint])[]): Uint8Array {
  const bytes = new Uint8Array(fields.reduce((size, [width]) => size + width, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [width, value] of fields) {
    if (width === 4) view.setUint32(at, Number(value) >>> 0, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  return bytes;
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};

/** Mostly the first, sometimes the second. */
const mostly = <T>(right: fc.Arbitrary<T>, wrong: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: wrong });

/** A transaction that is right more often than not: small sizes, places where objects are. */
const transaction = fc
  .record({
    word: fc.oneof(
      { weight: 5, arbitrary: fc.constant(protocol.BC_TRANSACTION) },
      { weight: 3, arbitrary: fc.constant(protocol.BC_TRANSACTION_SG) },
      { weight: 3, arbitrary: fc.constantFrom(protocol.BC_REPLY, protocol.BC_REPLY_SG) },
    ),
    handle: mostly(fc.constantFrom(0, 0, 0, 1, 1, 2), word32),
    flags: mostly(fc.constantFrom(0, 0x10, 0x11, 0x31, 0x51), word32),
    dataSize: mostly(fc.constantFrom(120n, 120n, 120n, 5000n, 0n), word64),
    offsetsSize: mostly(fc.constantFrom(0n, 0n, 8n, 8n, 16n, 24n), word64),
    data: mostly(fc.constant(BigInt(DATA)), word64),
    offsets: mostly(fc.constant(BigInt(OFFSETS)), word64),
    extra: mostly(fc.constantFrom(64n, 256n, 4096n), word64),
  })
  .map(({ word, handle, flags, dataSize, offsetsSize, data, offsets, extra }) => {
    const routing = pack([4, word], [8, handle], [8, 0], [4, 1], [4, flags], [8, 0]);
    const body = concat([routing, pack([8, dataSize], [8, offsetsSize], [8, data], [8, offsets])]);
    return payloadSize(word) > 64 ? concat([body, pack([8, extra])]) : body;
  });

/** A word of the protocol with as many bytes behind it as it asks for, or any bytes at all. */
const command = fc.oneof(
  { weight: 8, arbitrary: transaction },
  {
    weight: 8,
    arbitrary: fc
      .tuple(
        mostly(fc.constantFrom(...COMMANDS), fc.constantFrom(...WORDS)),
        mostly(fc.nat(3).map(BigInt), word64),
        word64,
      )
      .map(([word, first, second]) => {
        const wide = payloadSize(word) === 12 ? pack([4, first], [8, second]) : pack([8, first], [8, second]);
        return concat([pack([4, word]), wide.subarray(0, Math.min(payloadSize(word), wide.length))]);
      }),
  },
  { weight: 6, arbitrary: fc.nat(3).map((index) => pack([4, protocol.BC_FREE_BUFFER], [8, MAPPING + 0x80 * index])) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }) },
);
const stream = fc.array(command, { maxLength: 4 }).map(concat);

/** An object of the sender's, one by handle, a descriptor, a buffer; or bytes that only look like one. Each has 40 bytes. */
const object = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        fc.constantFrom(protocol.BINDER_TYPE_BINDER, protocol.BINDER_TYPE_WEAK_BINDER),
        fc.constantFrom(0, 0x100, 0x17f),
        fc.nat(2),
      )
      .map(([type, flags, ptr]) => pack([4, type], [4, flags], [8, 8 * ptr], [8, ptr], [8, 0], [8, 0])),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom(protocol.BINDER_TYPE_HANDLE, protocol.BINDER_TYPE_WEAK_HANDLE), fc.nat(2))
      .map(([type, handle]) => pack([4, type], [4, 0], [8, handle], [8, 0], [8, 0], [8, 0])),
  },
  {
    weight: 2,
    arbitrary: fc.nat(4).map((fd) => pack([4, protocol.BINDER_TYPE_FD], [4, 0], [8, fd], [8, 0], [8, 0], [8, 0])),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(0, 1), fc.nat(64), fc.nat(2), fc.constantFrom(0, 8, 12))
      .map(([flags, size, parent, offset]) =>
        pack([4, protocol.BINDER_TYPE_PTR], [4, flags], [8, DATA + 256], [8, size], [8, parent], [8, offset]),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...OBJECTS), word32, fc.tuple(word64, word64, word64, word64))
      .map(([type, flags, rest]) => pack([4, type], [4, flags], ...rest.map((value) => [8, value] as const))),
  },
);
const objects = fc.array(object, { minLength: 3, maxLength: 3 }).map(concat);
const offsetsArray = mostly(
  fc.constantFrom<bigint[]>([0n, 40n, 80n], [0n, 24n, 48n], [40n, 80n, 80n]),
  fc.array(word64, { minLength: 3, maxLength: 3 }),
);

const who = fc.nat(7);
const fd = fc.oneof(
  { weight: 12, arbitrary: fc.constant(3) },
  { weight: 2, arbitrary: fc.constantFrom(0, 4, 5) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1023, 0x7fffffff) },
);
const length = fc.oneof(
  fc.constantFrom(0, 1, 4096, 8192, 1040384, 5 * 2 ** 20, 2 ** 39, 2 ** 53, 2 ** 64),
  fc.nat(0x100000),
);
const size64 = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(0, 4, 48, 256, 4096) },
  { weight: 1, arbitrary: fc.constantFrom(0x7fffffff, 0xffffffff, 2 ** 53, 2 ** 63) },
);

/** One act. `who` is a thread's number; counted among those that can act; where none can, a signal wakes one. */
export const act = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('talk' as const),
      who,
      fd,
      stream,
      objects,
      offsets: offsetsArray,
      readSize: fc.constantFrom(0, 256, 256, 75),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('writeRead' as const),
      who,
      fd,
      stream,
      arg: address,
      wbuf: address,
      rbuf: address,
      writeSize: size64,
      writeConsumed: size64,
      readSize: size64,
      readConsumed: size64,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('ioctl' as const),
      who,
      fd,
      cmd: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...IOCTLS) }, { weight: 1, arbitrary: fc.nat(0xffffffff) }),
      arg: address,
      poke: fc.uint8Array({ maxLength: 48 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('free' as const), who, fd, buffer: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('mmap' as const),
      who,
      fd,
      address,
      length,
      prot: fc.nat(7),
      flags: fc.constantFrom(0, 1, 2, 0x12, 0x22, 0x32, 0x100002, 0xffffffff),
      offset: fc.constantFrom(0, 1, 4096, 2 ** 53),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('munmap' as const), who, address, length }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mprotect' as const), who, address, length, prot: word32 }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constantFrom('open' as const, 'close' as const, 'dup' as const), who, fd, to: fd }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fcntl' as const), who, fd, cmd: word32, arg: word32 }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('poll' as const), who, fd, events: word32, wait: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('memory' as const),
      who,
      address,
      length: fc.nat(9000),
      byte: fc.nat(255),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom('signal' as const, 'kill' as const, 'fork' as const, 'exit' as const, 'spawn' as const),
      who,
      often: fc.nat(9),
    }),
  },
);

export type Act = typeof act extends fc.Arbitrary<infer A> ? A : never;

/** Three processes that know Binder, the first of them context manager, with two threads each. */
export class Rabble {
  readonly threads: Thread[] = [];
  #forks = 0;

  constructor(private readonly machine: Machine) {
    for (const name of ['A', 'B', 'C']) {
      const process = machine.spawn(name);
      this.#enlist(process);
      this.threads.push(process.thread());
    }
    for (const thread of this.threads.filter(({ index }) => index === 0)) {
      const fd = thread.open();
      thread.mmap(fd);
      if (thread.home.name === 'A') thread.becomeContextManager(fd);
    }
  }

  /** Does one act, as far as its thread can act. */
  perform(one: Act): void {
    const alive = this.threads.filter((thread) => thread.alive);
    const free = alive.filter((thread) => !thread.parked);
    const sleeper = alive[one.who % alive.length];
    const thread = free[one.who % free.length];
    try {
      if (thread === undefined || one.kind === 'signal') sleeper?.signal();
      else this.#act(thread, one);
    } catch (error) {
      // a machine that is out of memory makes no process
      if (!(error instanceof BinderlabError)) throw error;
    }
  }

  #act(thread: Thread, one: Act): void {
    const { sys } = thread;
    switch (one.kind) {
      case 'talk': {
        const window = ARENA + thread.index * 0x40000;
        sys.poke(DATA, one.objects);
        sys.poke(OFFSETS, pack(...one.offsets.map((value) => [8, value] as const)));
        sys.writeRead({
          fd: one.fd,
          arg: window + 0x3f000,
          wbuf: window,
          poke: one.stream,
          writeSize: one.stream.length,
          writeConsumed: 0,
          rbuf: window + 0x20000,
          readSize: one.readSize,
          readConsumed: 0,
        });
        break;
      }
      case 'writeRead': {
        const { fd, arg, wbuf, rbuf, stream, writeSize, writeConsumed, readSize, readConsumed } = one;
        sys.writeRead({ fd, arg, wbuf, poke: stream, writeSize, writeConsumed, rbuf, readSize, readConsumed });
        break;
      }
      case 'ioctl':
        sys.ioctl(one.fd, one.cmd, one.arg, one.poke, 16);
        break;
      case 'free':
        thread.writeRead(one.fd, [bc.freeBuffer(MAPPING + 0x20 * one.buffer)], { mayFail: true });
        break;
      case 'mmap':
        sys.call('mmap', {
          addr: one.address,
          len: one.length,
          prot: one.prot,
          flags: one.flags,
          fd: one.fd,
          off: one.offset,
        });
        break;
      case 'munmap':
        sys.call('munmap', { addr: one.address, len: one.length });
        break;
      case 'mprotect':
        sys.call('mprotect', { addr: one.address, len: one.length, prot: one.prot });
        break;
      case 'open':
        sys.open(one.to === 3 ? 0 : 0x800, one.fd);
        break;
      case 'close':
        sys.call('close', { fd: one.fd });
        break;
      case 'dup':
        sys.dup(one.fd, one.to);
        break;
      case 'fcntl':
        sys.call('fcntl', { fd: one.fd, cmd: one.cmd, arg: one.arg });
        break;
      case 'poll':
        sys.poll(one.fd, one.events, one.wait ? -1 : 0);
        break;
      case 'memory':
        sys.fill(one.address, one.length, one.byte);
        sys.peek(one.address, one.length);
        break;
      default:
        this.#live(thread, one);
    }
  }

  #live(thread: Thread, { kind, often }: Extract<Act, { often: number }>): void {
    const process = this.machine.process(thread.home.name);
    if (often > 0) return;
    if (kind === 'kill') process.kill();
    else if (kind === 'exit') thread.exit();
    else if (kind === 'spawn') this.threads.push(process.thread(undefined, { by: thread }));
    else if (process.main === thread) this.#enlist(process.fork(`F${this.#forks++}`));
  }

  #enlist(process: Process): void {
    this.threads.push(process.main);
  }
}
