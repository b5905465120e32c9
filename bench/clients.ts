/** Latency in virtual time: clients call a service at random times, and it has fewer threads than clients. */
import { BnInterface, BpInterface } from '../host/binder/interface.ts';
import { defaultServiceManager } from '../host/binder/iservicemanager.ts';
import { ProcessState } from '../host/binder/processstate.ts';
import { ServiceManager } from '../host/binder/servicemanager.ts';
import { COST_PROFILES, type CostProfile } from '../host/compare/costs.ts';
import { type BootOptions, Machine } from '../host/machine.ts';
import { Random } from '../host/sim/random.ts';
import type { Act, Program } from '../host/sim/request.ts';
import { sys } from '../host/sim/sys.ts';
import { measureReferences } from './measure.ts';
import { percentilesOf } from './quantiles.ts';
import type { VirtualLatency } from './results.ts';
import { VirtualTime } from './virtualtime.ts';

const CLIENTS = 8;
const CALLS = 250;
/** Threads of the service's pool. */
const THREADS = 4;
/** Virtual times, µs: the service's work for a call, and the longest pause between two calls of a client. */
const WORK_US = 20;
const PAUSE_MAX_US = 100;
const US_PER_MS = 1000;
const NS_PER_MS = 1e6;
const DESCRIPTOR = 'lab.IBench';
const TAKE = 1;

/** The seed decides the pauses, and the schedule. */
export async function virtualLatency(options: BootOptions, size: number): Promise<VirtualLatency> {
  const machine = Machine.boot({ ...options, journal: false });
  const sim = machine.simulate();
  const time = new VirtualTime(machine, sim, COST_PROFILES[0] as CostProfile);
  const random = new Random(machine.seed);
  const times: number[] = [];
  let isThere = false;
  ServiceManager.start(sim);
  sim.process(
    'service',
    time.program(() => service(() => (isThere = true))),
  );
  sim.run({ until: () => isThere });
  for (let index = 0; index < CLIENTS; index++) {
    sim.process(`client${index}`, time.program(client(size, random, times)));
  }
  sim.run();
  const ns = times.map((ms) => Math.round(ms * NS_PER_MS));
  return { time: 'virtual', calls: ns.length, percentiles: percentilesOf(ns), rounds: [await measureReferences()] };
}

function* service(registered: () => void): Act<void> {
  const process = yield* ProcessState.self();
  yield* process.setThreadPoolMaxThreadCount(THREADS - 1);
  yield* process.startThreadPool();
  yield* (yield* defaultServiceManager()).addService(
    'bench',
    new BnInterface(DESCRIPTOR, {
      [TAKE]: function* (data) {
        data.readByteArray();
        yield* sys.sleep(WORK_US / US_PER_MS);
      },
    }),
  );
  registered();
  yield* sys.pause();
}

function client(size: number, random: Random, times: number[]): Program {
  const bytes = new Uint8Array(size);
  return function* () {
    const proxy = new BpInterface(yield* (yield* defaultServiceManager()).getService('bench'), DESCRIPTOR);
    for (let call = 0; call < CALLS; call++) {
      yield* sys.sleep(random.below(PAUSE_MAX_US + 1) / US_PER_MS);
      const start = yield* sys.now();
      yield* proxy.call(
        TAKE,
        (data) => data.writeByteArray(bytes),
        () => {},
      );
      times.push((yield* sys.now()) - start);
    }
  };
}
