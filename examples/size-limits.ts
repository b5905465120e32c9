/**
 * How large a call can be. The limit is the receiver's buffer space: 1 MiB less two pages for all calls to it, half of that
 * for oneways. The driver only reports that a call failed; the app's exception depends on the size of its request.
 *
 *     binderlab run examples/size-limits.ts
 */
import {
  assert,
  BnInterface,
  BpInterface,
  bc,
  defaultServiceManager,
  type Machine,
  type Parcel,
  ProcessState,
  ServiceManager,
  StatusError,
  sys,
} from 'binderlab';
import { TF_ONE_WAY } from 'binderlab/protocol';

const DESCRIPTOR = 'lab.ISink';
const TAKE = 1;
const TAKE_SLOWLY = 2;
const MAPPED = 1024 * 1024 - 2 * 4096;
const MIB = 1024 * 1024;

function* sink() {
  yield* (yield* ProcessState.self()).startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    [TAKE]: () => {},
    *[TAKE_SLOWLY]() {
      yield* sys.sleep(10);
    },
  });
  yield* (yield* defaultServiceManager()).addService('sink', service);
  yield* sys.pause();
}

/** Pads a request to `size` bytes. */
const upTo = (size: number) => (data: Parcel) => data.writeBytes(new Uint8Array(size - data.dataSize));

function* app(tell: (what: string, size: number, outcome: string) => void) {
  const service = new BpInterface(yield* (yield* defaultServiceManager()).getService('sink'), DESCRIPTOR);
  const attempt = function* (what: string, size: number, oneway = false) {
    let outcome = 'fits';
    try {
      if (oneway) yield* service.oneway(TAKE, upTo(size));
      else yield* service.call(TAKE, upTo(size), () => {});
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      outcome = `${error.constructor.name} (${error.statusName})`;
    }
    tell(what, size, outcome);
    yield* sys.sleep(1);
  };
  // until the service has freed the manager's reply, which uses buffer space as well
  yield* sys.sleep(1);
  yield* attempt('a call', MAPPED);
  yield* attempt('a call', MAPPED + 8);
  yield* attempt('a oneway call', MAPPED / 2, true);
  yield* attempt('a oneway call', MAPPED / 2 + 8, true);
  const slow = yield* sys.spawn(function* () {
    yield* ProcessState.self();
    yield* service.call(TAKE_SLOWLY, upTo(900 * 1024), () => {});
  });
  yield* sys.sleep(1);
  yield* attempt('while 900 KiB are being served, a call', 150 * 1024);
  yield* sys.join(slow);
  yield* attempt('after that, a call', 150 * 1024);
}

/** A process that maps 8 MiB, and what it can receive: in raw calls, since libbinder always maps the same size. */
function clamp(machine: Machine) {
  const join = (name: string, length: number) => {
    const { main } = machine.spawn(name);
    const fd = main.open({ device: 'hwbinder' });
    main.mmap(fd, length);
    return { main, fd };
  };
  const wide = join('wide', 8 * MIB);
  wide.main.becomeContextManager(wide.fd);
  const listening = wide.main.writeRead(wide.fd, [bc.enterLooper()]);
  const sender = join('sender', MIB);
  const send = (length: number) => {
    const address = machine.process('sender').arena.address + MIB;
    const data = { address, length };
    return sender.main.writeRead(sender.fd, [bc.transaction({ handle: 0, flags: TF_ONE_WAY, data })]);
  };
  send(4 * MIB + 8).expect('BR_FAILED_REPLY');
  // a oneway call may use half: 2 MiB of the 4 MiB that count
  send(2 * MIB + 8).expect('BR_FAILED_REPLY');
  send(2 * MIB).expect('BR_TRANSACTION_COMPLETE');
  assert(listening.expect('BR_TRANSACTION').dataSize === 2 * MIB, 'half of 4 MiB arrives');
  const counted = machine.inspect.procs().find(({ pid }) => pid === machine.process('wide').pid)?.mapping.size;
  assert(counted === 4 * MIB, 'no more than 4 MiB of a mapping count');
  console.log(`8 MiB mapped: ${counted} bytes count`);
}

/** Who holds most of the space that the last failed message did not find. */
function holder(machine: Machine): string {
  const largest = machine.explain().shortage?.holders[0];
  assert(largest?.sender.name === 'app' && largest.bytes === 900 * 1024, 'the app itself holds the space');
  return `; ${largest.sender.name} holds ${largest.bytes} bytes in a call`;
}

export default (machine: Machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('sink', sink);
  const tooLarge = 'TransactionTooLargeException (FAILED_TRANSACTION)';
  const small = 'DeadObjectException (FAILED_TRANSACTION)';
  const outcomes: string[] = [];
  const tell = (what: string, size: number, outcome: string) => {
    outcomes.push(outcome);
    console.log(`${what} of ${size} bytes: ${outcome}${outcome === small ? holder(machine) : ''}`);
  };
  sim.process('app', () => app(tell), { uid: 10001 });
  sim.run();
  assert(outcomes.join() === ['fits', tooLarge, 'fits', tooLarge, small, 'fits'].join(), 'these are the limits');
  assert(machine.process('sink').alive, 'no process has died, whatever exception the app got');
  clamp(machine);
};
