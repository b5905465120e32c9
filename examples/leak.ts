/**
 * A handle that is never given back. A hub keeps callbacks of an app. It takes one of them twice, and gives it back once:
 * the app's object stays alive for ever. `machine.explain()` says which process holds handles of which; the history of the handle
 * says which command was one too many.
 *
 *     binderlab run examples/leak.ts
 */
import { assert, bc, History, Machine, type Process, type WriteReadCall, watched } from 'binderlab';

const REGISTER = 1;
const UPDATE = 2;
const UNREGISTER = 3;
const CALLBACKS = 4;
/** The hub's handle for it is updated, and leaks. */
const UPDATED = 2;

/** The hub: takes a handle when a callback is registered, and gives it back when the callback is unregistered. */
class Hub {
  readonly #fd: number;
  #inbox: WriteReadCall;

  constructor(private readonly process: Process) {
    this.#fd = join(process);
    process.main.becomeContextManager(this.#fd);
    this.#inbox = process.main.writeRead(this.#fd, [bc.enterLooper()]);
  }

  /** Serves the call that has arrived. */
  serve(): void {
    const { main } = this.process;
    const request = this.#inbox.expect('BR_TRANSACTION');
    const handle = this.process.handleOf(request);
    // The mistake: an update takes the handle again, as if it were new.
    const command = request.code === UNREGISTER ? bc.release(handle) : bc.acquire(handle);
    main.writeRead(this.#fd, [command], { readSize: 0 });
    main.writeRead(this.#fd, [bc.freeBuffer(request), bc.reply()]);
    this.#inbox = main.wait(this.#fd);
  }
}

function join(process: Process): number {
  const fd = process.main.open();
  process.main.version(fd);
  process.main.mmap(fd);
  return fd;
}

export default (machine: Machine) => {
  if (!machine.keepsJournal) machine.keepJournal(true);
  const hub = machine.spawn('hub');
  const service = new Hub(hub);
  const app = machine.spawn('app');
  const fd = join(app);

  /** The app sends one of its objects to the hub, and answers what the driver asks about it. */
  const send = (code: number, callback: number): void => {
    const object = { type: 'binder', ptr: 0xb0 + callback, cookie: 0xc0 + callback } as const;
    let call = app.main.writeRead(fd, [bc.transaction({ handle: 0, code, objects: [object] })]);
    service.serve();
    for (;;) {
      const reply = call.returns.find(({ name }) => name === 'BR_REPLY');
      const answers = [
        ...bc.acknowledge(call.returns),
        ...(reply === undefined ? [] : [bc.freeBuffer(call.expect('BR_REPLY'))]),
      ];
      call = app.main.writeRead(fd, answers, { readSize: reply === undefined ? 256 : 0 });
      if (reply !== undefined) return;
    }
  };

  for (let callback = 1; callback <= CALLBACKS; callback++) send(REGISTER, callback);
  send(UPDATE, UPDATED);
  for (let callback = 1; callback <= CALLBACKS; callback++) send(UNREGISTER, callback);

  const [held] = machine.explain().holdings;
  assert(held !== undefined && held.handles === 1 && held.acquired === 1, 'all handles but one were given back');
  console.log(`${held.holder.name} still holds handle ${held.newest.handle}, an object of ${held.owner?.name}`);

  const history = new History(machine.journal, (header) => Machine.fromHeader(header));
  history.goto(history.last);
  const strong = watched.ref(hub, held.newest.handle, 'strong');
  const taken = history.changes(strong).filter(({ words }) => /^BC_(ACQUIRE|RELEASE)$/.test(words.join()));
  for (const { step, by, words, before, after } of taken) {
    console.log(
      `  step ${step.i}: ${by} sends ${words.join()}, and its count is ${after?.strong}, from ${before?.strong}`,
    );
  }
  assert(taken.filter(({ words }) => words.includes('BC_ACQUIRE')).length === 2, 'it was taken twice');
  assert(taken.filter(({ words }) => words.includes('BC_RELEASE')).length === 1, 'it was given back once');
};
