/** The same calls through the typed host, and through libbinder: the cost of a script's calls. */
import type { BBinder } from '../host/binder/bbinder.ts';
import { BnInterface, BpInterface } from '../host/binder/interface.ts';
import { IPCThreadState } from '../host/binder/ipcthreadstate.ts';
import { defaultServiceManager } from '../host/binder/iservicemanager.ts';
import { ProcessState } from '../host/binder/processstate.ts';
import { ServiceManager } from '../host/binder/servicemanager.ts';
import { type BootOptions, Machine } from '../host/machine.ts';
import { bc } from '../host/wire/commands.ts';

/** A larger payload has its own anonymous memory. */
const INLINE_MAX = 32 * 1024;
const DESCRIPTOR = 'lab.IBench';
const ECHO = 1;

/** The round trip of `calls.ts`, with `thread.writeRead` and new commands for each call. */
export function hostRoundTrip(options: BootOptions, size: number): () => void {
  return roundTripOn(Machine.boot({ ...options, journal: false }), size);
}

/** The same on a machine. */
export function roundTripOn(machine: Machine, size: number): () => void {
  const [client, clientFd] = open(machine, 'client');
  const [server, serverFd] = open(machine, 'server');
  server.main.becomeContextManager(serverFd);
  const bytes = new Uint8Array(size);
  const place = (process: typeof client) => (size > INLINE_MAX ? process.place(bytes) : bytes);
  const request = place(client);
  const answer = place(server);
  client.main.writeRead(clientFd, []);
  server.main.writeRead(serverFd, [bc.enterLooper()], { readSize: 0 });
  let received = 0;
  return () => {
    const send = bc.transaction({ handle: 0, code: 1, data: request });
    const call = client.main.writeRead(clientFd, received === 0 ? [send] : [bc.freeBuffer(received), send]);
    const { buffer } = server.main.writeRead(serverFd, []).expect('BR_TRANSACTION');
    server.main.writeRead(serverFd, [bc.freeBuffer(buffer), bc.reply({ data: answer })]);
    received = call.expect('BR_REPLY').buffer;
  };
}

function open(machine: Machine, name: string) {
  const process = machine.spawn(name);
  const fd = process.main.open();
  process.main.mmap(fd, 4 * 1024 * 1024);
  return [process, fd] as const;
}

/**
 * A call of a service by a proxy, both with parcels, on the simulated schedule.
 *
 * @returns A function that makes `calls` calls.
 */
export function libbinderRoundTrips(options: BootOptions, size: number): (calls: number) => void {
  const machine = Machine.boot({ ...options, journal: false });
  const sim = machine.simulate();
  const bytes = new Uint8Array(size);
  let calls = 0;
  ServiceManager.start(sim);
  sim.process('service', function* () {
    const process = yield* ProcessState.self();
    yield* process.startThreadPool();
    const service: BBinder = new BnInterface(DESCRIPTOR, {
      [ECHO]: (data, reply) => reply.writeByteArray(data.readByteArray()),
    });
    yield* (yield* defaultServiceManager()).addService('bench', service);
    yield* (yield* IPCThreadState.self()).joinThreadPool();
  });
  sim.process('app', function* () {
    const binder = yield* (yield* defaultServiceManager()).getService('bench');
    const proxy = new BpInterface(binder, DESCRIPTOR);
    while (true) {
      yield* proxy.call(
        ECHO,
        (data) => data.writeByteArray(bytes),
        (reply) => reply.readByteArray(),
      );
      calls++;
    }
  });
  return (count) => {
    const target = calls + count;
    sim.run({ until: () => calls >= target });
  };
}
