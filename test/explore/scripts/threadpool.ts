/**
 * A small thread pool in raw system calls: one thread, and one more that the driver asks for; three processes call at the
 * same time. Each call is answered once, whichever thread runs when.
 */
import { type Act, assert, bc, type Command, type Machine, sys, type TransactionReturn } from 'binderlab';

const CODE_WORK = 1;
const FD = 3;
const CALLERS = 3;
const MAX_THREADS = 1;

/** What the pool has done. */
interface Pool {
  asked: number;
  served: number;
}

/** A thread of the pool. @param begin The word with which it joins. */
function* looper(pool: Pool, begin: Command): Act<never> {
  let read = yield* sys.writeRead(FD, [begin]);
  for (;;) {
    if (read.returns.some(({ name }) => name === 'BR_SPAWN_LOOPER')) {
      pool.asked++;
      yield* sys.spawn(() => looper(pool, bc.registerLooper()));
    }
    const call = read.returns.find(({ name }) => name === 'BR_TRANSACTION') as TransactionReturn | undefined;
    if (call !== undefined) pool.served++;
    read = yield* sys.writeRead(FD, call === undefined ? [] : [bc.freeBuffer(call), bc.reply({ data: 'done' })]);
  }
}

/** Calls once. What it does with the reply concerns nobody else, so it is one turn. */
function* caller(answers: string[]) {
  const { process, kernel } = yield* sys.self();
  const calling = yield* sys.writeRead(FD, [bc.transaction({ handle: 0, code: CODE_WORK })]);
  const reply = calling.expect('BR_REPLY');
  const text = process.textOf(reply);
  kernel.writeRead(FD, [bc.freeBuffer(reply)], { readSize: 0 });
  answers.push(text);
  yield* sys.pause();
}

export default (machine: Machine) => {
  const pool: Pool = { asked: 0, served: 0 };
  const answers: string[] = [];
  const sim = machine.simulate({ sharesVariables: false });
  const service = sim.process('service', () => looper(pool, bc.enterLooper()));
  const clients = Array.from({ length: CALLERS }, (_, index) => sim.process(`client ${index}`, () => caller(answers)));
  for (const { main } of [service, ...clients]) {
    assert(main.open() === FD, 'the first descriptor that is free');
    main.mmap(FD);
    main.version(FD); // the first ioctl of a thread does not sleep
  }
  service.main.becomeContextManager(FD);
  service.main.setMaxThreads(FD, MAX_THREADS);

  machine.always('the driver asks for one thread at most', () => pool.asked <= MAX_THREADS);
  machine.always('each call is served once', () => pool.served <= CALLERS && answers.length <= pool.served);
  machine.eventually('all calls are answered', () => answers.length === CALLERS);
  sim.run();
  console.log(`${pool.served} calls, ${1 + pool.asked} threads`);
};
