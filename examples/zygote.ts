/**
 * Zygote: every application's process is a fork of one that never opens Binder. ActivityManager asks for it over a socket. The
 * child opens Binder itself, and starts its pool. A child forked from a process with Binder open cannot use it.
 *
 *     binderlab run examples/zygote.ts --strace
 */
import { Android, assert, type Machine, ProcessState, type Step, sys } from 'binderlab';

/** The bytes that a thread wrote to the socket, as text. */
const written = (steps: readonly Step[], by: string): string[] =>
  steps.flatMap((step) => (step.op === 'write' && step.by === by ? [Buffer.from(step.in.poke, 'hex').toString()] : []));

/** A process that opens Binder, then forks: libbinder refuses to work in its child. */
function* late(problems: string[]) {
  yield* ProcessState.self();
  yield* sys.fork('child', function* () {
    try {
      yield* ProcessState.self();
    } catch (error) {
      problems.push((error as Error).message);
    }
  });
}

export default (machine: Machine) => {
  const steps: Step[] = [];
  machine.on('step', (step) => steps.push(step));
  const sim = machine.simulate();
  const android = Android.start(sim, [{ name: 'app', uid: 10001, activities: { '.Main': () => {} } }]);
  android.startActivity('app/.Main');
  sim.run();

  const server = machine.process('system_server');
  const app = machine.process('app');
  const asker = steps.find((step) => step.op === 'write' && step.in.poke.includes('2d2d73657475')) as Step & {
    by: string;
  };
  const [request = ''] = written(steps, asker.by);
  const forked = steps.flatMap((step) => (step.op === 'fork' && step.by === 'zygote.0' ? [step.in.name] : []));
  const withBinder = machine.inspect.procs().map(({ pid }) => pid);
  const pool = app.threads.filter(({ name }) => name.startsWith('binder:')).map(({ name }) => name);

  assert(forked.join() === 'system_server,app', 'Zygote forks the system server first, then the app');
  assert(!withBinder.includes(android.zygote.pid), 'Zygote has not opened Binder');
  assert(withBinder.includes(server.pid) && withBinder.includes(app.pid), 'both of its children have');
  assert(app.uid === 10001, 'the app has the uid of its package');
  assert(pool[0] === `binder:${app.pid}_1`, 'startThreadPool has made the first thread of its pool');
  const binder = steps.find((step) => step.op === 'open' && step.by === 'app.0');
  const fork = steps.find((step) => step.op === 'fork' && step.in.name === 'app');
  assert((binder?.i ?? 0) > (fork?.i ?? 0), 'the app opens Binder itself, after it was forked');

  console.log(
    `zygote ${android.zygote.pid}: forks ${forked.join(', ')}; threads ${android.zygote.threads.length}, Binder not open`,
  );
  console.log(`${asker.by} asks over the socket: ${request.trimEnd().split('\n').join(' ')}`);
  console.log(`app ${app.pid}: uid ${app.uid}, opens Binder itself, its pool begins with ${pool[0]}`);

  const problems: string[] = [];
  sim.process('late', () => late(problems));
  sim.run();
  assert(problems.length === 1, 'the child of a process with Binder open cannot use it');
  console.log(`too late: ${problems[0]?.split(':')[0]}`);
};
