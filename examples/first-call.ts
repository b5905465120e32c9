/**
 * A first call through libbinder: a service registers with the service manager, an app finds it there and calls it.
 *
 *     binderlab run examples/first-call.ts --strace
 */
import {
  BnInterface,
  BpInterface,
  defaultServiceManager,
  IPCThreadState,
  type Machine,
  ProcessState,
  ServiceManager,
} from 'binderlab';

const DESCRIPTOR = 'lab.IGreeter';
const GREET = 1;

/** The service: greets callers by name, and prints the pid of the caller. */
function* greeter() {
  const process = yield* ProcessState.self();
  yield* process.startThreadPool();
  const service = new BnInterface(DESCRIPTOR, {
    *[GREET](data, reply) {
      const caller = (yield* IPCThreadState.self()).getCallingPid();
      reply.writeString16(`Hello ${data.readString16()}, process ${caller}.`);
    },
  });
  yield* (yield* defaultServiceManager()).addService('greeter', service);
  yield* (yield* IPCThreadState.self()).joinThreadPool();
}

function* app() {
  const manager = yield* defaultServiceManager();
  const binder = yield* manager.getService('greeter');
  const greeter = new BpInterface(binder, DESCRIPTOR);
  const greeting = yield* greeter.call(
    GREET,
    (data) => data.writeString16('Ada'),
    (reply) => reply.readString16(),
  );
  if (greeting !== 'Hello Ada, process 3000.') throw new Error(`the greeter said "${greeting}"`);
  console.log(`services: ${(yield* manager.listServices()).join(', ')}`);
  console.log(`greeter:  ${greeting}`);
}

export default (machine: Machine) => {
  const sim = machine.simulate();
  ServiceManager.start(sim);
  sim.process('greeter', greeter);
  sim.process('app', app, { uid: 10001 });
  sim.run();
};
