/**
 * Death in raw system calls, in any order: a client calls a server and has linked to its death; a third process kills it.
 * Whenever that happens, the call ends, and the news comes once.
 *
 *     manager   gives its handle for the server's object to the client, at the client's request
 *     server    takes one call, and replies unless it is killed before
 *     killer    ends the server
 */
import {
  assert,
  bc,
  type Machine,
  sys,
  type TransactionInput,
  type TransactionReturn,
  type WriteReadCall,
} from 'binderlab';

const CODE_GET = 1;
const CODE_WORK = 2;
const OBJECT = { ptr: 0xb1, cookie: 0xc0 };
const COOKIE = 0xd1e;
const FD = 3;

const named = (read: WriteReadCall, name: string) => read.returns.find((one) => one.name === name);
const transactionOf = (read: WriteReadCall) => named(read, 'BR_TRANSACTION') as TransactionReturn | undefined;

/** What the client has learned. */
interface News {
  /** How its call of the server has ended. */
  ended: string;
  /** How many times it was told of the death. */
  deaths: number;
}

/** Gives the object to who asks for it. */
function* manager() {
  let read = yield* sys.writeRead(FD, [bc.enterLooper()]);
  for (;;) {
    const call = transactionOf(read);
    const reply =
      call === undefined ? [] : [bc.freeBuffer(call), bc.reply({ objects: [{ type: 'handle', handle: 1 }] })];
    read = yield* sys.writeRead(FD, [...bc.acknowledge(read.returns), ...reply]);
  }
}

function* server() {
  let read = yield* sys.writeRead(FD, [bc.enterLooper()]);
  for (;;) {
    const call = transactionOf(read);
    const reply = call === undefined ? [] : [bc.freeBuffer(call), bc.reply({ data: 'done' })];
    read = yield* sys.writeRead(FD, [...bc.acknowledge(read.returns), ...reply]);
  }
}

function* client(news: News) {
  const { process } = yield* sys.self();
  let left: WriteReadCall | null = null;
  /** Notes news of the death, and says that they have arrived. */
  const heard = (read: WriteReadCall) => {
    if (named(read, 'BR_DEAD_BINDER') === undefined) return [];
    news.deaths++;
    return [bc.deadBinderDone(COOKIE)];
  };
  function* call(input: TransactionInput) {
    let read = yield* sys.writeRead(FD, [bc.transaction(input)]);
    for (;;) {
      const end = read.returns.find(({ name }) => /^BR_(REPLY|DEAD_REPLY|FAILED_REPLY)$/.test(name));
      const done = [...heard(read), ...bc.acknowledge(read.returns)];
      if (end !== undefined) {
        if (done.length > 0) yield* sys.writeRead(FD, done, { readSize: 0 });
        return end;
      }
      read = yield* sys.writeRead(FD, done);
    }
  }
  const got = (yield* call({ handle: 0, code: CODE_GET })) as TransactionReturn;
  const handle = process.handleOf(got);
  yield* sys.writeRead(FD, [bc.acquire(handle), bc.requestDeathNotification(handle, COOKIE), bc.freeBuffer(got)], {
    readSize: 0,
  });
  const end = yield* call({ handle, code: CODE_WORK });
  if (end.name === 'BR_REPLY') yield* sys.writeRead(FD, [bc.freeBuffer(end as TransactionReturn)], { readSize: 0 });
  news.ended = end.name;
  for (;;) {
    left = yield* sys.writeRead(FD, left === null ? [] : [...heard(left), ...bc.acknowledge(left.returns)]);
  }
}

function* killer(kill: () => void) {
  yield* sys.open();
  kill();
  yield* sys.pause();
}

export default (machine: Machine) => {
  const news: News = { ended: '', deaths: 0 };
  const sim = machine.simulate();
  const first = sim.process('manager', manager);
  const victim = sim.process('server', server);
  const caller = sim.process('client', () => client(news));
  sim.process('killer', () => killer(() => victim.kill()));
  for (const { main } of [first, victim, caller]) {
    assert(main.open() === FD, 'the first descriptor that is free');
    main.mmap(FD);
  }
  first.main.becomeContextManager(FD);
  // the manager knows the server's object as its handle 1
  victim.main.writeRead(FD, [
    bc.transaction({ handle: 0, code: 0, flags: 1, objects: [{ type: 'binder', ...OBJECT }] }),
  ]);
  const introduced = first.main.writeRead(FD, []).expect('BR_TRANSACTION');
  first.main.writeRead(FD, [bc.acquire(1), bc.freeBuffer(introduced)], { readSize: 0 });

  machine.always('the news comes once at most, and after the death', () => news.deaths <= (victim.alive ? 0 : 1));
  machine.always('a dead node has a handle somewhere', () =>
    machine.inspect.deadNodes().every(({ refs }) => refs.length > 0),
  );
  machine.eventually('the call ends: with a reply, or as a call of a dead process', () =>
    ['BR_REPLY', 'BR_DEAD_REPLY'].includes(news.ended),
  );
  machine.eventually('the client has been told of the death', () => news.deaths === 1);
  sim.run();
  console.log(`the call ended with ${news.ended}`);
};
