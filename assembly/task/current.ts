/**
 * The current thread: set when a call is made or resumed, null in deferred work.
 */
import { traceActor } from '../trace';
import { Thread } from './process';

@unmanaged
class Cpu {
  current: Thread | null;
}

const cpu = changetype<Cpu>(memory.data(offsetof<Cpu>(), 4));

export function currentSet(thread: Thread | null): void {
  assert(!thread || thread.alive, 'currentSet: the thread is dead');
  cpu.current = thread;
  traceActor(thread ? thread.tid : 0);
}

export function current(): Thread | null {
  return cpu.current;
}
