/**
 * CVE-2024-26606 under every schedule. A client waits for its device in epoll_wait alone, and calls a service that may be killed at
 * any time:
 *
 *     killed during the call: the death queues BR_DEAD_REPLY for the client, and wakes it
 *     killed before: the client's own call queues BR_DEAD_REPLY, and with the fault the client sleeps on it
 *
 *     binderlab explore examples/history/late-call.ts --preemptions 3 --bug CVE-2024-26606
 *
 * With `-- nested` it waits at a second instance that watches the first. `machine.check()` does not look there; the property does.
 */
import { assert, bc, type Machine, sys, type TransactionReturn, type WriteReadCall } from 'binderlab';

/** The descriptors of the device and of the instance that watches it. */
const FD = 3;
const EPFD = 4;

/** Calls the service once, and reads only when epoll_wait says that there is something. */
function* client(epfd: number, answers: string[]) {
  yield* sys.writeRead(FD, [bc.transaction({ handle: 0 })], { readSize: 0 });
  while (answers.length === 0) {
    yield* sys.epollWait(epfd);
    const { returns }: WriteReadCall = yield* sys.writeRead(FD, []);
    const answer = returns.find(({ name }) => name === 'BR_REPLY' || name === 'BR_DEAD_REPLY');
    if (answer === undefined) continue;
    if (answer.name === 'BR_REPLY')
      yield* sys.writeRead(FD, [bc.freeBuffer(answer as TransactionReturn)], { readSize: 0 });
    answers.push(answer.name);
  }
  yield* sys.pause();
}

function* service() {
  let read = yield* sys.writeRead(FD, [bc.enterLooper()]);
  for (;;) {
    const call = read.returns.find(({ name }) => name === 'BR_TRANSACTION') as TransactionReturn | undefined;
    read = yield* sys.writeRead(FD, call === undefined ? [] : [bc.freeBuffer(call), bc.reply()]);
  }
}

function* killer(kill: () => void) {
  yield* sys.yield();
  kill();
  yield* sys.pause();
}

/** Whether a thread sleeps, whatever the call, while work is there that the driver gives to no other thread. */
function sleepsOnOwnWork({ inspect }: Machine): boolean {
  const threads = inspect.processes().flatMap((process) => process.threads);
  const asleep = new Set(threads.filter(({ parked }) => parked !== null).map(({ tid }) => tid));
  const loopers = inspect.procs().flatMap((proc) => proc.loopers);
  return loopers.some(({ tid, todo, processTodo }) => processTodo && todo.length > 0 && asleep.has(tid));
}

export default (machine: Machine) => {
  const answers: string[] = [];
  const sim = machine.simulate();
  const caller = sim.process('client', () => client(machine.args.includes('nested') ? EPFD + 1 : EPFD, answers));
  const victim = sim.process('service', service);
  sim.process('killer', () => killer(() => victim.kill()));
  for (const { main } of [caller, victim]) {
    assert(main.open() === FD, 'the first descriptor that is free');
    main.mmap(FD);
  }
  victim.main.becomeContextManager(FD);
  caller.main.setMaxThreads(FD, 0); // a thread's first ioctl: until then its device is ready
  for (const watched of [FD, EPFD]) caller.main.epollCtl(caller.main.epollCreate(), 'add', watched);

  machine.always('no thread sleeps while it has work of its own', () => !sleepsOnOwnWork(machine));
  machine.eventually('the call ends', () => answers.length === 1);
  sim.run();
  console.log(`the call ended with ${answers[0]}`);
};
