/**
 * Binder's first call by three programs that run in any order. What has to hold is stated, and `explore` tries all orders:
 *
 *     binderlab explore examples/every-schedule.ts --preemptions 3
 */
import {
  assert,
  bc,
  type Machine,
  type ProcView,
  type ReplyInput,
  sys,
  type TransactionInput,
  type TransactionReturn,
} from 'binderlab';

const CODE_GET = 1;
const CODE_ADD = 3;
const CODE_ECHO = 1;
const OBJECT = { ptr: 0xb1, cookie: 0xc0 };
/** servicemanager opens the device before any program runs. */
const MANAGER_FD = 3;
const RETRY_MS = 100;
const TRIES_MAX = 50;
const REFUSALS = ['BR_FAILED_REPLY', 'BR_DEAD_REPLY'];

/** Makes a call, and waits for its reply. */
function* call(fd: number, input: TransactionInput) {
  let read = yield* sys.writeRead(fd, [bc.transaction(input)]);
  for (;;) {
    const { returns } = read;
    const refused = returns.find(({ name }) => REFUSALS.includes(name));
    assert(refused === undefined, `the driver answers with ${refused?.name}`);
    const reply = returns.find(({ name }) => name === 'BR_REPLY') as TransactionReturn | undefined;
    const acknowledgements = bc.acknowledge(returns);
    if (reply !== undefined && acknowledgements.length === 0) return reply;
    read = yield* sys.writeRead(fd, acknowledgements, reply === undefined ? {} : { readSize: 0 });
    if (reply !== undefined) return reply;
  }
}

/** Answers calls, one after another. */
function* serve(fd: number, answer: (call: TransactionReturn) => ReplyInput) {
  let read = yield* sys.writeRead(fd, [bc.enterLooper()]);
  for (;;) {
    const acknowledgements = bc.acknowledge(read.returns);
    const call = read.returns.find(({ name }) => name === 'BR_TRANSACTION') as TransactionReturn | undefined;
    const reply = call === undefined ? [] : [bc.reply(answer(call)), bc.freeBuffer(call)];
    read = yield* sys.writeRead(fd, [...acknowledgements, ...reply]);
  }
}

/** Keeps the handle that it is given, and gives it to each client that asks for it. */
function* servicemanager() {
  const { process } = yield* sys.self();
  let known = 0;
  yield* serve(MANAGER_FD, (call) => {
    if (call.code !== CODE_ADD) return known === 0 ? {} : { objects: [{ type: 'handle', handle: known }] };
    known = process.handleOf(call);
    process.main.writeRead(MANAGER_FD, [bc.acquire(known)], { readSize: 0 });
    return {};
  });
}

/** Registers an object, and answers calls to it in upper case. */
function* service() {
  const { process } = yield* sys.self();
  const fd = yield* sys.open();
  yield* sys.mmap(fd);
  const added = yield* call(fd, { handle: 0, code: CODE_ADD, objects: [{ type: 'binder', ...OBJECT }] });
  yield* sys.writeRead(fd, [bc.freeBuffer(added)], { readSize: 0 });
  yield* serve(fd, (call) => ({ data: process.textOf(call).toUpperCase() }));
}

/** Asks for the object until it is there, and calls it once. */
function* client(answers: string[]) {
  const { process } = yield* sys.self();
  const fd = yield* sys.open();
  yield* sys.mmap(fd);
  let got = yield* call(fd, { handle: 0, code: CODE_GET });
  for (let tries = 1; got.offsetsSize === 0; tries++) {
    assert(tries < TRIES_MAX, 'there is no service');
    yield* sys.writeRead(fd, [bc.freeBuffer(got)], { readSize: 0 });
    yield* sys.sleep(RETRY_MS);
    got = yield* call(fd, { handle: 0, code: CODE_GET });
  }
  const handle = process.handleOf(got);
  yield* sys.writeRead(fd, [bc.acquire(handle), bc.freeBuffer(got)], { readSize: 0 });
  const reply = yield* call(fd, { handle, code: CODE_ECHO, data: 'hello' });
  answers.push(process.textOf(reply));
  yield* sys.writeRead(fd, [bc.freeBuffer(reply)], { readSize: 0 });
  yield* sys.pause();
}

/** The number of messages that a process has not freed yet. */
function messages(machine: Machine, proc: ProcView): number {
  return machine.inspect.buffers(proc).filter(({ free }) => !free).length;
}

export default (machine: Machine) => {
  const answers: string[] = [];
  const sim = machine.simulate();
  const { main } = sim.process('servicemanager', servicemanager);
  assert(main.open() === MANAGER_FD, 'descriptor 3 is the first free one');
  main.mmap(MANAGER_FD);
  main.becomeContextManager(MANAGER_FD);
  const provider = sim.process('service', service);
  const caller = sim.process('client', () => client(answers));

  machine.always('the client has one message at a time', () =>
    machine.inspect.procs().every((proc) => proc.pid !== caller.pid || messages(machine, proc) <= 1),
  );
  machine.always('the service has no handle for its own object', () =>
    machine.inspect.procs().every(({ pid, refs }) => pid !== provider.pid || refs.every(({ desc }) => desc === 0)),
  );
  machine.eventually('the client has its answer', () => answers.join() === 'HELLO');

  sim.run();
  assert(answers.length === 1, 'one call, one answer');
  console.log(`the answer is ${answers[0]}`);
};
