/** Threads as scripts see them: what they store, what they return, what they say when something is wrong. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ENTRY_RESULT, PARKED, WINDOW_ARGUMENT, WINDOW_READ } from '../../assembly/abi/machine.ts';
import { EntryWriter } from '../../host/trace/entries.ts';
import { Recorder } from '../../host/trace/recorder.ts';
import { bc } from '../../host/wire/commands.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { bytesOfHex } from '../../host/wire/hex.ts';
import { ARENA, StandIn } from './standin.ts';

const test = suite('thread');

function fails(act: () => unknown, pattern: RegExp, errno: string | null = null): void {
  assert.throws(act, (error: unknown) => {
    assert.instance(error, BinderlabError);
    assert.match((error as BinderlabError).message, pattern);
    assert.is((error as BinderlabError).errno, errno);
    return true;
  });
}

/** A machine that keeps a journal, and one process in it. */
function machine() {
  const standIn = new StandIn();
  const recorder = new Recorder(standIn.system);
  recorder.start(1);
  standIn.system.observer = recorder;
  const process = standIn.spawn('A');
  return { standIn, recorder, process, thread: process.main };
}

const NOOP = bytesOfHex('0c720000');

test('a call is stored where the journal says', () => {
  const { standIn, recorder, process, thread } = machine();
  standIn.answers.push(({ arg }) => {
    standIn.answer(process, arg, 4, NOOP);
    return 0;
  });
  const call = thread.writeRead(3, [bc.enterLooper()]);
  assert.ok(call.done);
  assert.is(call.ret, 0);
  assert.is(call.writeConsumed, 4);
  assert.equal(call.returns, [{ name: 'BR_NOOP' }]);
  assert.is(
    JSON.stringify(recorder.last),
    '{"i":1,"op":"wr","by":"A.0","in":{"fd":3,"arg":"0x1003f000","wbuf":"0x10000000","poke":"0c630000","write_size":4,"write_consumed":0,"rbuf":"0x10020000","read_size":256,"read_consumed":0},"out":{"ret":0,"write_consumed":4,"read_consumed":4,"read":"0c720000"},"br":["BR_NOOP"],"bc":["BC_ENTER_LOOPER"]}',
  );
});

test('a recorder that nothing is observed for keeps nothing', () => {
  const { standIn, recorder, process, thread } = machine();
  recorder.start(0);
  standIn.system.observer = null;
  const result = new EntryWriter().begin(ENTRY_RESULT).u32(0).u32(0).u32(0).record(4, 4, NOOP).end();
  standIn.answers.push(({ arg }) => {
    standIn.answer(process, arg, 4, NOOP);
    standIn.system.stepLog.append(result);
    return 0;
  });
  thread.writeRead(3, [bc.enterLooper()]);
  recorder.flush();
  assert.equal(recorder.steps, []);
});

test('without a journal the same bytes are stored', () => {
  const { standIn, process, thread } = machine();
  const commands = [bc.transaction({ handle: 0, data: new Uint8Array([1, 2, 3]) })];
  const window = () =>
    standIn.u8.slice(standIn.linear(process, ARENA.address), standIn.linear(process, ARENA.address) + 96);
  thread.writeRead(3, commands, { readSize: 0 });
  const kept = window();
  standIn.system.observer = null;
  standIn.u8.fill(0xa5);
  thread.writeRead(3, commands, { readSize: 0 });
  assert.equal(window(), kept);
});

test('results are taken before anybody else runs', () => {
  const { standIn, process, thread } = machine();
  const at = standIn.linear(process, ARENA.address + 64);
  const { raw } = standIn.system;
  const { runNext } = raw;
  raw.runNext = () => {
    standIn.u8.fill(0xee, at, at + 4);
    return runNext();
  };
  standIn.answers.push(() => {
    standIn.u8.set([1, 2, 3, 4], at);
    return 0;
  });
  const call = thread.ioctl(3, 0x1234, { arg: ARENA.address + 64, outLen: 4 });
  assert.equal([...call.bytes], [1, 2, 3, 4]);
});

test('a parked call is done when its thread is woken', () => {
  const { standIn, recorder, process, thread } = machine();
  standIn.answers.push(() => PARKED);
  const call = thread.writeRead(3, [], { readSize: 256 });
  assert.ok(call.parked && thread.parked);
  assert.is(recorder.last?.parked, true);
  assert.is(call.ret, null);
  fails(() => call.returns, /A\.0 is still parked in step 1/);
  fails(() => thread.open(), /A\.0 is parked since step 1/);
  fails(() => process.write(ARENA.address, new Uint8Array(1)), /all its threads are parked/);

  const other = standIn.spawn('B').main;
  standIn.wakes.push([
    thread.pointer,
    () => {
      standIn.answer(process, 0x1003f000, 0, NOOP);
      return 0;
    },
  ]);
  other.open();
  assert.ok(call.done && !thread.parked);
  assert.equal(recorder.last?.woken, [
    {
      by: 'A.0',
      i: 1,
      out: { ret: 0, write_consumed: 0, read_consumed: 4, read: '0c720000' },
      br: ['BR_NOOP'],
      order: 0,
    },
  ]);
});

test('woken threads are listed by their seats, with the order in which they were done', () => {
  const { standIn, recorder, process, thread } = machine();
  const second = process.thread();
  assert.is(second.name, 'A.1');
  assert.is(second.tid, 1001);
  standIn.answers.push(
    () => PARKED,
    () => PARKED,
  );
  thread.writeRead(3, []);
  second.writeRead(3, []);
  standIn.wakes.push([second.pointer, () => -4], [thread.pointer, () => PARKED], [thread.pointer, () => -4]);
  standIn.spawn('B');
  assert.equal(
    recorder.last?.woken?.map(({ by, order }) => [by, order]),
    [
      ['A.0', 1],
      ['A.1', 0],
    ],
  );
});

test('what the driver leaves behind a failed read is seen', () => {
  const { standIn, recorder, process, thread } = machine();
  standIn.answers.push(() => {
    standIn.u8.set(NOOP, standIn.linear(process, 0x10020000));
    return -11;
  });
  const { arg, rbuf } = { arg: ARENA.address + WINDOW_ARGUMENT, rbuf: ARENA.address + WINDOW_READ };
  const empty = { poke: new Uint8Array(0), writeSize: 0, writeConsumed: 0, readConsumed: 0 };
  const call = thread.sys.writeRead({ fd: 3, arg, wbuf: ARENA.address, rbuf, readSize: 256, ...empty });
  assert.is(call.errno, 'EAGAIN');
  assert.equal(recorder.last?.out, {
    ret: -11,
    errno: 'EAGAIN',
    write_consumed: 0,
    read_consumed: 0,
    read: '',
    read_over: '0c72',
  });
});

test('a failing call says which command it was', () => {
  const { standIn, process, thread } = machine();
  const commands = [bc.enterLooper(), bc.attemptAcquire(0, 1)];
  const refuse = ({ arg }: { arg: number }) => {
    standIn.answer(process, arg, 4, new Uint8Array(0));
    return -22;
  };
  standIn.answers.push(refuse, refuse);
  fails(
    () => thread.writeRead(3, commands),
    /BINDER_WRITE_READ \(step 1\) failed with EINVAL: command 2 of 2, BC_ATTEMPT_ACQUIRE priority=0 handle=1, at byte 4/,
    'EINVAL',
  );
  assert.is(thread.writeRead(3, commands, { mayFail: true }).errno, 'EINVAL');
});

test('other calls say what failed, and why', () => {
  const { process, thread, standIn } = machine();
  fails(() => thread.close(9), /A\.0: close of descriptor 9 failed with EBADF: that descriptor is not open/, 'EBADF');
  fails(() => process.read(0x60000000, 4), /A cannot read 4 bytes at 0x60000000: SIGSEGV .* nothing is mapped/);
  fails(() => thread.writeRead(3, [bc.transaction({ handle: 0, data: new Uint8Array(200000) })]), /process\.place/);
  fails(() => standIn.directory.thread('C.0'), /no thread is called "C\.0"; there are A\.0/);
  fails(() => standIn.spawn('A'), /there is a process "A" already/);
  process.kill();
  fails(() => thread.open(), /A\.0 has ended/);
  fails(() => process.kill(), /has ended already/);
  assert.equal(standIn.log, ['kill 1']);
});

test('memory is read and written across pages, up to the first fault', () => {
  const { process, recorder, thread } = machine();
  const end = ARENA.address + ARENA.size;
  process.write(ARENA.address + 4090, new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]));
  assert.equal([...process.read(ARENA.address + 4095, 3)], [6, 7, 8]);
  assert.equal(thread.sys.poke(end - 2, new Uint8Array(4).fill(9)), { ret: 2, signal: 'SIGSEGV', siCode: 1 });
  thread.sys.peek(end - 3, 8);
  assert.equal(recorder.last?.out, { ret: 3, signal: 'SIGSEGV', si_code: 1, bytes: '000909' });
});

test('the arena gives memory away once', () => {
  const { process } = machine();
  const first = process.alloc(100, 16);
  const second = process.alloc(100, 16);
  assert.ok(second + 100 <= first && second % 16 === 0);
  fails(() => process.alloc(ARENA.size), /no room for \d+ bytes more/);
});

test.run();
