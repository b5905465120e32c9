/**
 * A thread that waits in poll, as servicemanager and libgbinder do, and reads only what is there. Work for it may come from
 * others (a reply) or from itself (news of a death that it asks for too late). It must not sleep while it has work.
 */
import { assert, bc, type Machine, sys, type TransactionReturn, type WriteReadCall } from 'binderlab';

const CODE_WORK = 1;
const ONEWAY = 1;
const FD = 3;
const OBJECT = { ptr: 0xb1, cookie: 0xc0 };
const COOKIE = 0xd1e;

interface Heard {
  replies: number;
  deaths: number;
}

/** Calls the server, and asks for news of the death of another process. It sleeps in poll alone. */
function* poller(heard: Heard) {
  function* next() {
    yield* sys.poll(FD);
    const read: WriteReadCall = yield* sys.writeRead(FD, []);
    return read.returns;
  }
  yield* sys.writeRead(FD, [bc.enterLooper(), bc.transaction({ handle: 0, code: CODE_WORK })], { readSize: 0 });
  yield* sys.writeRead(FD, [bc.requestDeathNotification(1, COOKIE)], { readSize: 0 });
  while (heard.replies === 0 || heard.deaths === 0) {
    for (const one of yield* next()) {
      if (one.name === 'BR_REPLY') {
        heard.replies++;
        yield* sys.writeRead(FD, [bc.freeBuffer(one as TransactionReturn)], { readSize: 0 });
      }
      if (one.name === 'BR_DEAD_BINDER') {
        heard.deaths++;
        yield* sys.writeRead(FD, [bc.deadBinderDone(COOKIE)], { readSize: 0 });
      }
    }
  }
  yield* sys.pause();
}

function* server() {
  let read = yield* sys.writeRead(FD, [bc.enterLooper()]);
  for (;;) {
    const call = read.returns.find(({ name }) => name === 'BR_TRANSACTION') as TransactionReturn | undefined;
    read = yield* sys.writeRead(FD, call === undefined ? [] : [bc.freeBuffer(call), bc.reply()]);
  }
}

export default (machine: Machine) => {
  const heard: Heard = { replies: 0, deaths: 0 };
  const sim = machine.simulate();
  const serving = sim.process('server', server);
  const polling = sim.process('poller', () => poller(heard));
  const mortal = sim.process('mortal', function* () {
    yield* sys.exitProcess();
  });
  for (const { main } of [serving, polling, mortal]) {
    assert(main.open() === FD, 'the first descriptor that is free');
    main.mmap(FD);
  }
  serving.main.becomeContextManager(FD);
  // the poller gets a handle for an object of the process that dies
  const objects = [{ type: 'binder' as const, ...OBJECT }];
  mortal.main.writeRead(FD, [bc.transaction({ handle: 0, code: 0, flags: ONEWAY, objects })]);
  const given = serving.main.writeRead(FD, []).expect('BR_TRANSACTION');
  serving.main.writeRead(FD, [bc.acquire(1), bc.freeBuffer(given)], { readSize: 0 });
  const call = polling.main.writeRead(FD, [bc.transaction({ handle: 0, code: 0 })]);
  const asked = serving.main.writeRead(FD, []).expect('BR_TRANSACTION');
  serving.main.writeRead(FD, [bc.freeBuffer(asked), bc.reply({ objects: [{ type: 'handle', handle: 1 }] })]);
  const reply = (call.done ? polling.main.writeRead(FD, []) : call).expect('BR_REPLY');
  polling.main.writeRead(FD, [bc.acquire(1), bc.freeBuffer(reply)], { readSize: 0 });

  machine.always('no thread sleeps while it has work of its own', () => {
    const asleep = new Set(
      machine.inspect
        .processes()
        .flatMap(({ threads }) => threads.filter(({ parked }) => parked !== null).map(({ tid }) => tid)),
    );
    return machine.inspect
      .procs()
      .every(({ loopers }) =>
        loopers.every(({ processTodo, todo, tid }) => !processTodo || todo.length === 0 || !asleep.has(tid)),
      );
  });
  machine.eventually('the poller has its reply', () => heard.replies === 1);
  machine.eventually('the poller has been told of the death', () => heard.deaths === 1);
  sim.run();
  console.log(`${heard.replies} reply, ${heard.deaths} death`);
};
