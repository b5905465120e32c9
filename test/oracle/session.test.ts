/** What a session asks of its machine and makes of the answers; a table of answers stands in for the machine. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { BINDER_SET_CONTEXT_MGR } from '../../assembly/abi/protocol.ts';
import type { StepInput, WriteReadInput } from '../../host/trace/journal.ts';
import { address } from '../../oracle/bytes.ts';
import { type Answer, MachineError, type RecordingMachine } from '../../oracle/qemu.ts';
import { Session } from '../../oracle/session.ts';

const QUIET: Answer = { quiet: true, done: [], parked: [] };

/** Answers calls in their order with what it was given; everything else with what a machine says on a good day. */
class Answering implements RecordingMachine {
  readonly hello = { release: '6.12', version: '#1', machine: 'x86_64', page_size: 4096, lsm: 'bpf\n', cpus: 1 };
  readonly klog = false;
  contextManagerUid: number | null = null;
  readonly asked: string[] = [];
  readonly #calls: Answer[];
  isClean = true;

  constructor(...calls: Answer[]) {
    this.#calls = calls;
  }

  async ask(line: string): Promise<Answer> {
    this.asked.push(line);
    const [word, , pid] = line.split(' ');
    if (word === 'BEGIN') return { ok: this.isClean, last_id: 7, stats: '' };
    if (word === 'PROC') return { ret: Number(pid), quiet: true };
    return this.#calls.shift() ?? QUIET;
  }
}

async function sessionWith(...calls: Answer[]): Promise<{ machine: Answering; session: Session }> {
  const machine = new Answering(...calls);
  return { machine, session: await Session.begin(machine, { name: 'made' }) };
}

const proc = (name: string, pid: number, uid = 0): StepInput => ({ op: 'proc', in: { name, pid, uid } });
const close = (by: string): StepInput => ({ op: 'close', by, in: { fd: 3 } });
const done = (slot: number, ret: number, seq = 1, blocks = {}): Answer => ({
  quiet: true,
  done: [{ slot, seq, ret, ...blocks }],
  parked: [],
});
const read: WriteReadInput = {
  fd: 3,
  arg: '0x1003f000',
  wbuf: '0x10000000',
  poke: '0c630000',
  write_size: 4,
  write_consumed: 0,
  rbuf: '0x10020000',
  read_size: 256,
  read_consumed: 0,
};

const test = suite('sessions');

test('a step is a line, its answer the output', async () => {
  const { machine, session } = await sessionWith(done(0, 3), done(0, -22));
  await session.perform(proc('A', 1000));
  await session.perform({ op: 'open', by: 'A.0', in: { flags: 0 } });
  const step = await session.perform(close('A.0'));
  assert.equal(machine.asked, ['BEGIN', 'PROC 0 1000 0', 'OP 0 open 0 0', 'OP 0 close 3']);
  assert.equal(step.out, { ret: -22, errno: 'EINVAL' });
  assert.equal(session.journal().header.procs, [
    { name: 'A', pid: 1000, uid: 0, threads: [{ name: 'A.0', tid: 1000 }] },
  ]);
  assert.is(session.journal().header.last_debug_id, 7);
});

test('what memory holds becomes the output', async () => {
  const struct = Buffer.alloc(48);
  struct.writeBigUInt64LE(4n, 8);
  struct.writeBigUInt64LE(4n, 32);
  const fault = Buffer.alloc(8);
  fault.writeUInt32LE(7 | (2 << 8));
  const { session } = await sessionWith(
    done(0, 0, 1, { a: struct.toString('hex'), r: '0c720000ff' }),
    done(0, 2, 2, { d: 'abcd', s: fault.toString('hex') }),
  );
  await session.perform(proc('A', 1000));
  const { out, bc, br } = await session.perform({ op: 'wr', by: 'A.0', in: read });
  assert.equal(out, { ret: 0, write_consumed: 4, read_consumed: 4, read: '0c720000', read_over: 'ff' });
  assert.equal([bc, br], [['BC_ENTER_LOOPER'], ['BR_NOOP']]);
  const peek = await session.perform({ op: 'peek', by: 'A.0', in: { addr: '0x70000000', len: 8 } });
  assert.equal(peek.out, { ret: 2, bytes: 'abcd', signal: 'SIGBUS', si_code: 2 });
});

test('a call that sleeps is told when it is done, with the step that it was parked in', async () => {
  const { session } = await sessionWith({ quiet: true, done: [], parked: [0] }, done(0, -4, 5));
  await session.perform(proc('A', 1000));
  await session.perform(proc('B', 2000));
  const parked = await session.perform({ op: 'wr', by: 'A.0', in: read });
  assert.is(parked.parked, true);
  assert.is(parked.out, undefined);
  assert.is(session.obstacle(close('A.0')), 'A.0 is parked');
  const woke = await session.perform({ op: 'signal', in: { thread: 'A.0', tid: 1000 } });
  const out = { ret: -4, errno: 'EINTR', write_consumed: null, read_consumed: null, read: '' };
  assert.equal(woke.woken, [{ by: 'A.0', i: 2, out, order: 0 }]);
  assert.is(session.obstacle(close('A.0')), null);
});

test('what cannot be made is told before anything is asked', async () => {
  const { machine, session } = await sessionWith();
  await session.perform(proc('A', 1000));
  const asked = machine.asked.length;
  const impossible: [StepInput, RegExp][] = [
    [close('B.0'), /B\.0 does not live/],
    [proc('A', 3000), /there has been a A/],
    [proc('B', 1000), /1000 is taken/],
    [proc('B', 1), /numbers go from 500 to 32767, not 1/],
    [proc('B', 40000), /not 40000/],
    [{ op: 'spawn', by: 'A.0', in: { thread: 'A.1', tid: 1000 } }, /1000 is taken/],
    [{ op: 'kill', in: { proc: 'B', pid: 2000 } }, /B does not live/],
    [{ op: 'signal', in: { thread: 'B.0', tid: 2000 } }, /B\.0 does not live/],
    [{ op: 'await', in: { thread: 'A.0', ms: 1 } }, /A\.0 is not parked/],
    [{ op: 'setcon', by: 'A.0', in: { context: '6100' } }, /no setcon/],
    [{ op: 'shrink', in: { pages: 1 } }, /take all/],
    [{ op: 'poll', by: 'A.0', in: { fd: 3, events: 1, timeout: 20 } }, /time of poll would/],
    [{ op: 'mkfd', by: 'A.0', in: { kind: 'socketpair', fd: 5, fd2: 6 } }, /no socketpair/],
    [{ op: 'poke', by: 'A.0', in: { addr: '0x10000000', bytes: '00'.repeat(200_000) } }, /163840 bytes/],
  ];
  for (const [step, reason] of impossible) {
    assert.match(session.obstacle(step) ?? '', reason);
    try {
      await session.perform(step);
      assert.unreachable(`${step.op} was performed`);
    } catch (error) {
      assert.instance(error, MachineError);
    }
  }
  assert.is(machine.asked.length, asked);
});

test('slots of the dead are used again, their names are not', async () => {
  const { machine, session } = await sessionWith();
  await session.perform(proc('A', 1000));
  await session.perform({ op: 'kill', in: { proc: 'A', pid: 1000 } });
  await session.perform(proc('B', 1000));
  assert.equal(machine.asked.slice(1), ['PROC 0 1000 0', 'KILL 1000', 'PROC 0 1000 0']);
  assert.is(session.obstacle(proc('A', 2000)), 'there has been a A');
});

test('the first context manager is remembered with the machine, but not that of another device', async () => {
  const claim = (fd: number): StepInput => ({
    op: 'ioctl',
    by: 'A.0',
    in: { fd, cmd: address(BINDER_SET_CONTEXT_MGR), name: null, arg: '0x1003f000', poke: '00000000', out_len: 0 },
  });
  const { machine, session } = await sessionWith(done(0, 3), done(0, 0), done(0, 4), done(0, 0));
  await session.perform(proc('A', 1000, 1234));
  await session.perform({ op: 'open', by: 'A.0', in: { flags: 0, device: 1 } });
  await session.perform(claim(3));
  assert.is(machine.contextManagerUid, null);
  await session.perform({ op: 'open', by: 'A.0', in: { flags: 0 } });
  await session.perform(claim(4));
  assert.is(machine.contextManagerUid, 1234);
  assert.is(session.journal().header.context_mgr_uid, null, 'as it was at the beginning');
});

test('a machine that never rests, or is not clean, is of no use', async () => {
  const { session } = await sessionWith({ quiet: false, done: [], parked: [] });
  await session.perform(proc('A', 1000));
  const failure = await session.perform(close('A.0')).catch((error: unknown) => error);
  assert.instance(failure, MachineError);
  const machine = new Answering();
  machine.isClean = false;
  assert.instance(await Session.begin(machine, { name: 'made' }).catch((error: unknown) => error), MachineError);
});

test.run();
