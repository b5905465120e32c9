/** A program outside of the machine, made up here: it has its memory itself, and a copy of its Binder mapping. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as protocol from '../../assembly/abi/protocol.ts';
import { TRANSACTION_DATA_SIZE, WRITE_READ_SIZE } from '../../assembly/abi/wire.ts';
import {
  BinderlabError,
  bc,
  type Call,
  type ForeignMemory,
  Machine,
  type Process,
  replay,
  STRATEGIES,
  sys,
} from '../../host/index.ts';
import { returnsOf } from '../../host/wire/returns.ts';

const test = suite('foreign processes');

const BASE = 0x7fff_0000_0000;
const SIZE = 0x10000;
const MAPPING = 0x70000000;
const MAPPING_SIZE = 0x8000;
const [ARGUMENT, COMMANDS, RESULTS, DATA] = [0, 0x100, 0x1000, 0x2000];

class Client implements ForeignMemory {
  readonly bytes = new Uint8Array(SIZE);
  readonly data = new DataView(this.bytes.buffer);
  readonly mapping = new Uint8Array(MAPPING_SIZE);
  readonly writers: number[] = [];
  readonly process: Process;
  readonly fd: number;
  /** Called when the driver reads. */
  asked: (() => void) | null = null;

  constructor(machine: Machine, name: string) {
    this.process = machine.spawn(name, { memory: this });
    this.fd = this.process.main.open();
    this.process.main.mmap(this.fd, MAPPING_SIZE, MAPPING);
    // the first ioctl of a thread does not sleep
    this.process.main.ioctl(this.fd, protocol.BINDER_VERSION, { arg: BASE });
  }

  read(address: number, target: Uint8Array): number {
    this.asked?.();
    const from = address - BASE;
    const there = from < 0 ? this.bytes.subarray(0, 0) : this.bytes.subarray(from, from + target.length);
    target.set(there);
    return there.length;
  }

  write(address: number, source: Uint8Array, tid: number): number {
    this.writers.push(tid);
    const from = address - BASE;
    const count = from < 0 ? 0 : Math.max(0, Math.min(source.length, SIZE - from));
    if (count > 0) this.bytes.set(source.subarray(0, count), from);
    return count;
  }

  show(address: number, source: Uint8Array): void {
    this.mapping.set(source, address - MAPPING);
  }

  /** BINDER_WRITE_READ of command words and u64s, as a C program makes it. */
  writeRead(commands: readonly (number | bigint)[], readSize: number, results = BASE + RESULTS): Call {
    let at = COMMANDS;
    for (const one of commands) {
      if (typeof one === 'number') this.data.setUint32(at, one, true);
      else this.data.setBigUint64(at, one, true);
      at += typeof one === 'number' ? 4 : 8;
    }
    const record = [at - COMMANDS, 0, BASE + COMMANDS, readSize, 0, results];
    for (const [index, value] of record.entries()) this.data.setBigUint64(ARGUMENT + 8 * index, BigInt(value), true);
    return this.process.main.ioctl(this.fd, protocol.BINDER_WRITE_READ, { arg: BASE + ARGUMENT, mayFail: true });
  }

  /** The words of the returns that were read last. */
  get returns() {
    const consumed = Number(this.data.getBigUint64(ARGUMENT + WRITE_READ_SIZE - 16, true));
    return returnsOf(this.bytes.slice(RESULTS, RESULTS + consumed));
  }

  /** A message of `size` bytes at DATA to handle 0. */
  message(word: number, size: number, flags = 0, address = BASE + DATA): (number | bigint)[] {
    const ends = [BigInt(size), 0n, BigInt(address), 0n];
    return [word, 0n, 0n, 7, flags, 0n, ...ends];
  }
}

for (const strategy of STRATEGIES) {
  test(`a message of two pages between two of them, ${strategy}`, () => {
    const machine = Machine.boot({ strategy });
    const [server, client] = [new Client(machine, 'server'), new Client(machine, 'client')];
    server.process.main.ioctl(server.fd, protocol.BINDER_SET_CONTEXT_MGR, { arg: BASE });
    const parked = server.writeRead([protocol.BC_ENTER_LOOPER], 256);
    let told = 0;
    parked.whenDone((call) => {
      assert.is(call, parked);
      told++;
    });
    assert.ok(parked.parked);
    for (let i = 0; i < 5000; i++) client.bytes[DATA + i] = i % 251;
    const call = client.writeRead(client.message(protocol.BC_TRANSACTION, 5000, protocol.TF_CLEAR_BUF), 256);
    assert.ok(call.parked && parked.ret === 0 && told === 1);
    const received = server.returns.find((one) => one.name === 'BR_TRANSACTION');
    if (received?.name !== 'BR_TRANSACTION') throw new Error('the server got no message');
    assert.is(received.senderPid, client.process.pid);
    const at = received.buffer - MAPPING;
    assert.equal(server.mapping.slice(at, at + 5000), client.bytes.slice(DATA, DATA + 5000));
    assert.ok(
      server.writers.every((tid) => tid === server.process.pid),
      'its own thread stored the results',
    );

    server.bytes.set([1, 2, 3, 4], DATA);
    const free = [protocol.BC_FREE_BUFFER, BigInt(received.buffer)];
    server.writeRead([...free, ...server.message(protocol.BC_REPLY, 4)], 0);
    assert.equal(server.mapping.slice(at, at + 5000), new Uint8Array(5000), 'the buffer was cleared');
    const reply = client.returns.find((one) => one.name === 'BR_REPLY');
    if (reply?.name !== 'BR_REPLY') throw new Error('the client got no reply');
    assert.equal([...client.mapping.slice(reply.buffer - MAPPING).subarray(0, 4)], [1, 2, 3, 4]);
    machine.check();
    machine.end();
  });
}

test('bad addresses are EFAULT, or fail the message, as in the kernel', () => {
  const machine = Machine.boot();
  const client = new Client(machine, 'client');
  const { main } = client.process;
  const errno = (cmd: number, arg: number) => main.ioctl(client.fd, cmd, { arg, mayFail: true }).errno;
  assert.is(errno(protocol.BINDER_WRITE_READ, 16), 'EFAULT');
  assert.is(errno(protocol.BINDER_WRITE_READ, BASE + SIZE - WRITE_READ_SIZE + 1), 'EFAULT');
  assert.is(errno(protocol.BINDER_SET_MAX_THREADS, MAPPING), 'EINVAL', 'of a mapping that no buffer covers');
  assert.is(errno(protocol.BINDER_VERSION, MAPPING), 'EINVAL', 'of a mapping, which is read-only');
  assert.is(errno(protocol.BINDER_VERSION, BASE + DATA), null);
  assert.is(client.data.getUint32(DATA, true), 8);

  main.ioctl(client.fd, protocol.BINDER_SET_CONTEXT_MGR, { arg: BASE + 0x8000 });
  const other = new Client(machine, 'other');
  other.writeRead(other.message(protocol.BC_TRANSACTION, 64, 0, BASE + SIZE - 32), 256);
  assert.ok(other.returns.some((one) => one.name === 'BR_FAILED_REPLY'));
  assert.is(other.writeRead([protocol.BC_ENTER_LOOPER], 64, 4096).errno, 'EFAULT');
  machine.check();
  machine.end();
});

test('a signal cancels a parked call, and the death of the program ends it', () => {
  const machine = Machine.boot();
  const before = machine.freeFrames();
  const client = new Client(machine, 'client');
  const call = client.writeRead([protocol.BC_ENTER_LOOPER], TRANSACTION_DATA_SIZE + 8);
  client.process.main.signal();
  assert.is(call.errno, 'EINTR');
  client.writeRead([], 256);
  client.process.kill();
  assert.is(machine.freeFrames(), before);
});

test('a journal and a foreign memory exclude each other; answers of a memory are checked', () => {
  const recorded = Machine.boot({ journal: true });
  const machine = Machine.boot();
  const client = new Client(machine, 'client');
  assert.throws(() => recorded.spawn('other', { memory: client }), /a journal does not hold/);
  assert.throws(() => machine.keepJournal(true), /a journal does not hold/);
  client.read = () => -1;
  assert.throws(
    () => client.writeRead([], 0),
    (error: unknown) => error instanceof BinderlabError,
  );
});

test('a memory that is asked may look, and not act, listen or keep the state: the machine is in the middle of a call', () => {
  const machine = Machine.boot();
  const client = new Client(machine, 'A');
  const { process } = client;
  const begin = machine.snapshot();
  const unheard = machine.on('command', () => {});
  const acts: (() => unknown)[] = [
    () => process.main.open(),
    () => process.kill(),
    () => machine.spawn('B'),
    () => machine.restore(begin),
    () => machine.snapshot(),
    () => machine.hash(),
    () => machine.end(),
    () => machine.on('command', () => {}),
    unheard,
  ];
  for (const act of acts) {
    let asked = 0;
    client.asked = () => {
      asked++;
      assert.throws(
        act,
        /^a foreign memory is asked in the middle of a call: it may look at the machine, and not act /,
      );
      assert.is(machine.inspect.procs().length, 1);
    };
    assert.is(client.writeRead([protocol.BC_ENTER_LOOPER], 0).ret, 0);
    assert.ok(asked > 0);
    machine.check();
  }
  client.asked = null;
  unheard();
  process.kill();
});

test('a machine with a foreign memory is not forked, since the copy would have none of it', () => {
  const machine = Machine.boot();
  new Client(machine, 'client');
  assert.throws(
    () => machine.fork(),
    /^a machine with programs outside of it cannot be forked: their memory is not in it\.$/,
  );
});

test('a recorded program: the driver reads what was poked for its call, and the machine can be forked', () => {
  const machine = Machine.boot({ journal: true });
  machine.perform({ op: 'proc', in: { name: 'gone', pid: 50, uid: 0, outside: 1 } });
  machine.perform({ op: 'proc', in: { name: 'program', pid: 60, uid: 0, outside: 1 } });
  machine.process('gone').kill();
  const { main } = machine.process('program');
  const fd = main.open();
  const version = (other = main) => other.ioctl(fd, protocol.BINDER_SET_MAX_THREADS, { arg: BASE, mayFail: true });
  assert.is(version().errno, 'EINVAL');
  machine.process('program').write(BASE, Uint8Array.of(3, 0, 0, 0));
  assert.is(version().errno, null);
  assert.is(version().errno, 'EINVAL', 'the bytes were for one call');
  const copy = machine.fork();
  copy.process('program').write(BASE, Uint8Array.of(3, 0, 0, 0));
  assert.is(version(copy.process('program').main).errno, null);
  copy.check();
  assert.equal(replay(machine.journal, () => Machine.boot()).text, []);
});

test('a recorded program goes back with the machine: what was stored, poked and lacked, who is outside at all', () => {
  const machine = Machine.boot();
  const begin = machine.snapshot();
  machine.perform({ op: 'proc', in: { name: 'program', pid: 60, uid: 0, outside: 1 } });
  const program = machine.process('program');
  const fd = program.main.open();
  const version = () => program.main.ioctl(fd, protocol.BINDER_VERSION, { arg: BASE, outLen: 4 }).bytes;
  const threads = () => program.main.ioctl(fd, protocol.BINDER_SET_MAX_THREADS, { arg: BASE, mayFail: true }).errno;
  const stored = version();
  assert.equal(stored, Uint8Array.of(8, 0, 0, 0));
  program.write(BASE, Uint8Array.of(3, 0, 0, 0));
  const poked = machine.snapshot();
  const once = () => [threads(), threads(), program.read(BASE, 4)];
  const first = once();
  assert.equal(first, [null, 'EINVAL', Uint8Array.of(3, 0, 0, 0)]);
  assert.equal(version(), stored);
  machine.restore(poked);
  assert.equal(once(), first);
  program.kill();
  machine.restore(begin);
  const other = machine.spawn('other');
  assert.is(other.main.ioctl(other.main.open(), protocol.BINDER_VERSION, { arg: BASE, mayFail: true }).errno, 'EINVAL');
  machine.restore(poked);
  assert.equal(once(), first);
});

test('a simulation that waits for the outside knows no deadlock', () => {
  const machine = Machine.boot();
  const sim = machine.simulate();
  const manager = new Client(machine, 'manager');
  manager.process.main.ioctl(manager.fd, protocol.BINDER_SET_CONTEXT_MGR, { arg: BASE });
  let answer: Uint8Array | null = null;
  const caller = sim.process('caller', function* () {
    const fd = yield* sys.open();
    yield* sys.mmap(fd);
    yield* sys.writeRead(fd, [bc.transaction({ handle: 0, code: 7 })], { readSize: 0 });
    answer = caller.dataOf((yield* sys.writeRead(fd, [])).expect('BR_REPLY'));
  });
  sim.run({ awaitsOutside: true });
  manager.writeRead([protocol.BC_ENTER_LOOPER], 256);
  manager.bytes.set([42, 0, 0, 1], DATA);
  manager.writeRead(manager.message(protocol.BC_REPLY, 4), 0);
  sim.run({ awaitsOutside: true });
  assert.equal(answer, Uint8Array.of(42, 0, 0, 1));
});

test.run();
