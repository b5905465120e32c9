/**
 * A BINDER_WRITE_READ out of a thread's window, which is one crossing into the guest, against the same call with every field
 * given, as journals have it: both must leave the same machine and the same results.
 */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGE_SIZE, PROT_READ, WINDOW_ARGUMENT } from '../../assembly/abi/machine.ts';
import { Machine } from '../../host/machine.ts';
import type { Process } from '../../host/os/process.ts';
import type { Step } from '../../host/trace/journal.ts';
import { bc } from '../../host/wire/commands.ts';
import { addressOfHex, bytesOfHex } from '../../host/wire/hex.ts';
import { BUILDS, buildModule } from './builds.ts';

const ARENA = 0x10000000;
const FD = 3;

/** Makes the call of a step without anybody watching. */
function writeRead(machine: Machine, { by, in: fields }: Extract<Step, { op: 'wr' }>): void {
  machine.thread(by).sys.writeRead({
    fd: fields.fd,
    arg: addressOfHex(fields.arg),
    wbuf: addressOfHex(fields.wbuf),
    poke: bytesOfHex(fields.poke),
    writeSize: fields.write_size,
    writeConsumed: fields.write_consumed,
    rbuf: addressOfHex(fields.rbuf),
    readSize: fields.read_size,
    readConsumed: fields.read_consumed,
  });
}

for (const build of BUILDS) {
  const test = suite(`exchange, ${build} build`);
  const wasm = buildModule(build);

  /** A context manager and a client, each past its first call. */
  function machine(journal: boolean): { machine: Machine; manager: Process; client: Process } {
    const machine = Machine.boot({ wasm, memoryMiB: 8, journal });
    const join = (name: string) => {
      const process = machine.spawn(name);
      process.main.open();
      process.main.mmap(FD);
      return process;
    };
    const manager = join('manager');
    manager.main.becomeContextManager(FD);
    const client = join('client');
    client.main.writeRead(FD, []);
    return { machine, manager, client };
  }

  /** A call and its reply of so many bytes, then a oneway. What the reads returned. */
  function talk({ manager, client }: ReturnType<typeof machine>, size: number): Uint8Array[] {
    const data = new Uint8Array(size).map((_, index) => index);
    const call = client.main.writeRead(FD, [bc.transaction({ handle: 0, code: 7, data })]);
    const arrived = manager.main.writeRead(FD, [bc.enterLooper()]);
    const done = manager.main.writeRead(FD, [bc.freeBuffer(arrived.expect('BR_TRANSACTION')), bc.reply({ data })]);
    const free = bc.freeBuffer(call.expect('BR_REPLY'));
    const oneway = client.main.writeRead(FD, [free, bc.transaction({ handle: 0, flags: 1, data })]);
    return [call, arrived, done, oneway].map(({ bytes }) => bytes);
  }

  for (const size of [0, 1, 4, 61, 3000, 4028, 4100, 20_000, 40_000]) {
    test(`a script and its journal leave the same machine, with ${size} bytes`, () => {
      const scene = machine(true);
      talk(scene, size);
      const { header, steps } = scene.machine.journal;
      const again = Machine.fromHeader(header, { wasm, memoryMiB: 8 });
      for (const step of steps) assert.equal(again.perform(step), step);
      assert.is(again.hash(), scene.machine.hash());
    });

    test(`one crossing does what the call does with every field given, with ${size} bytes`, () => {
      const quick = machine(false);
      const told = machine(true);
      assert.equal(talk(quick, size), talk(told, size));
      const { header, steps } = told.machine.journal;
      const plain = Machine.fromHeader(header, { wasm, memoryMiB: 8, journal: false });
      for (const step of steps) {
        if (step.op === 'wr') writeRead(plain, step);
        else plain.perform(step);
      }
      assert.is(quick.machine.hash(), plain.hash());
      assert.is(told.machine.hash(), plain.hash(), 'keeping a journal leaves no trace in the machine');
      quick.machine.check();
    });
  }

  test('a read that ends behind the border of a page', () => {
    const scene = machine(false);
    const { manager, client } = scene;
    const rbuf = ARENA + 0x20000 + PAGE_SIZE - 12;
    const fields = { wbuf: ARENA, poke: new Uint8Array(0), writeSize: 0, writeConsumed: 0, readConsumed: 0 };
    const call = manager.main.sys.writeRead({ fd: FD, arg: ARENA + WINDOW_ARGUMENT, ...fields, rbuf, readSize: 256 });
    client.main.writeRead(FD, [bc.transaction({ handle: 0, code: 9, flags: 1 })]);
    assert.is(call.expect('BR_TRANSACTION').code, 9);
    assert.is(call.bytes.length, 72);
  });

  test('results stay what they were when later reads have come', () => {
    const { manager, client } = machine(false);
    const codes = Array.from({ length: 2000 }, (_, index) => index + 1);
    let free = [bc.enterLooper()];
    const calls = codes.map((code) => {
      client.main.writeRead(FD, [bc.transaction({ handle: 0, code, flags: 1 })]);
      const call = manager.main.writeRead(FD, free);
      free = [bc.freeBuffer(call.expect('BR_TRANSACTION'))];
      return call;
    });
    assert.equal(
      calls.map((call) => call.expect('BR_TRANSACTION').code),
      codes,
    );
  });

  test('results stay what they were when the machine is hashed, and goes back', () => {
    const scene = machine(false);
    const { manager, client } = scene;
    const data = new Uint8Array(8);
    const objects = [{ type: 'binder' as const, ptr: 0x1000, cookie: 0xabcdn }];
    const transact = (code: number) =>
      client.main.writeRead(FD, [bc.transaction({ handle: 0, code, flags: 1, data, objects })]);
    transact(1);
    const first = manager.main.writeRead(FD, [bc.enterLooper()]);
    const snapshot = scene.machine.snapshot();
    const sent = transact(2);
    const second = manager.main.writeRead(FD, [bc.freeBuffer(first.expect('BR_TRANSACTION'))]);
    const results = () =>
      [first, sent, second].map(({ ret, writeConsumed, readConsumed, bytes, words }) => ({
        ret,
        writeConsumed,
        readConsumed,
        bytes,
        words,
      }));
    const message = second.expect('BR_TRANSACTION');
    const before = results();
    const { ptr, cookie } = message;
    scene.machine.hash();
    assert.equal(results(), before);
    assert.equal([message.ptr, message.cookie], [ptr, cookie]);
    transact(3);
    scene.machine.restore(snapshot);
    transact(4);
    assert.equal(results(), before);
    assert.equal([message.ptr, message.cookie], [ptr, cookie]);
    assert.is(second.expect('BR_TRANSACTION').code, 2);
  });

  test('a read of more than a page', () => {
    const { client } = machine(false);
    const objects = Array.from({ length: 110 }, (_, index) => ({ type: 'binder' as const, ptr: index + 1 }));
    const send = [bc.transaction({ handle: 0, flags: 1, objects })];
    const { bytes, returns } = client.main.writeRead(FD, send, { readSize: 8192 });
    assert.ok(bytes.length > PAGE_SIZE);
    assert.equal(
      returns.flatMap((one) => (one.name === 'BR_ACQUIRE' ? [one.ptr] : [])),
      objects.map(({ ptr }) => BigInt(ptr)),
    );
  });

  test('commands where nothing is mapped are not stored, and not read', () => {
    const { client } = machine(false);
    client.main.munmap(ARENA, PAGE_SIZE);
    const call = client.main.writeRead(FD, [bc.enterLooper()], { mayFail: true });
    assert.is(call.errno, 'EFAULT');
    assert.is(call.writeConsumed, 0);
    assert.is(client.main.writeRead(FD, [], { readSize: 0 }).ret, 0);
  });

  test('a binder_write_read where nothing is mapped', () => {
    const { client } = machine(false);
    client.main.munmap(ARENA + WINDOW_ARGUMENT, PAGE_SIZE);
    const call = client.main.writeRead(FD, [bc.enterLooper()], { mayFail: true });
    assert.is(call.errno, 'EFAULT');
    assert.is(call.writeConsumed, null);
    assert.equal(call.returns, []);
  });

  test('a binder_write_read that may not be written is still the one before', () => {
    const { client } = machine(false);
    client.main.mprotect(ARENA + WINDOW_ARGUMENT, PAGE_SIZE, PROT_READ);
    const call = client.main.writeRead(FD, [bc.enterLooper()], { mayFail: true, readSize: 0 });
    assert.ok(call.parked, 'the one before reads');
  });

  test.run();
}
