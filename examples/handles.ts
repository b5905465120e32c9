/**
 * Handles: a process's own numbers for objects of other processes. The manager numbers services in the order of registration,
 * an app in the order of its lookups. The lowest free number is given out first.
 *
 *     binderlab run examples/handles.ts
 */
import {
  assert,
  BBinder,
  type BpBinder,
  defaultServiceManager,
  type Machine,
  ProcessState,
  ServiceManager,
  sys,
} from 'binderlab';

const SERVICES = ['audio', 'camera', 'power', 'wifi'];

/** Registers a service without methods, and serves. */
function* service(name: string) {
  yield* (yield* ProcessState.self()).startThreadPool();
  yield* (yield* defaultServiceManager()).addService(name, new BBinder(`lab.${name}`));
  yield* sys.pause();
}

function* app(look: (title: string) => void, numbers: Record<string, number>) {
  const manager = yield* defaultServiceManager();
  const find = function* (name: string) {
    const proxy = (yield* manager.getService(name)) as BpBinder;
    numbers[name] = proxy.handle;
    return proxy;
  };
  yield* find('power');
  const audio = yield* find('audio');
  yield* find('camera');
  look('app, in the order of its lookups');
  yield* audio.release();
  yield* find('wifi');
  look('app, after it released audio and looked up wifi');
}

export default (machine: Machine) => {
  const sim = machine.simulate();
  const manager = ServiceManager.start(sim);
  for (const name of SERVICES) {
    sim.process(name, () => service(name));
    sim.run();
  }

  /** The driver's two trees of a process's handles: by number, and by the address of the node. */
  const trees = (pid: number) => {
    const names = new Map<number, string>();
    for (const proc of machine.inspect.procs()) {
      for (const { id } of proc.nodes) names.set(id, machine.processes.find((one) => one.pid === proc.pid)?.name ?? '');
    }
    const refs = machine.inspect.procs().find((proc) => proc.pid === pid)?.refs ?? [];
    const text = (list: typeof refs) => list.map(({ desc, node }) => `${desc} ${names.get(node.id)}`).join(', ');
    return { byHandle: text(refs), byNode: text([...refs].sort((a, b) => a.node.handle - b.node.handle)) };
  };
  const show = (title: string, pid: number) => {
    const { byHandle, byNode } = trees(pid);
    console.log(`${title}\n  by handle: ${byHandle}\n  by node:   ${byNode}`);
  };

  show('manager, in the order of registration', manager.pid);
  assert(trees(manager.pid).byHandle === '1 audio, 2 camera, 3 power, 4 wifi', 'the manager counts registrations');
  const numbers: Record<string, number> = {};
  const client = sim.process('app', () => app((title) => show(title, client.pid), numbers), { uid: 10001 });
  sim.run();
  const { power, audio, camera, wifi } = numbers;
  assert(power === 1 && audio === 2 && camera === 3, 'the app counts its lookups');
  assert(wifi === audio, 'the lowest free number is given out again');
};
