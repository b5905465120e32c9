/**
 * Nice values, -20 to 19. RLIMIT_NICE is 0, as by default. A thread may raise its nice value, and may lower it only with
 * CAP_SYS_NICE, which uid 0 has. A request that is not allowed has no effect. This includes requests of the driver.
 */
import { Thread } from './process';

const NICE_MIN = -20;
const NICE_MAX = 19;

/** Whether the thread may have that nice value. */
export function niceSet(thread: Thread, nice: i32): bool {
  assert(thread.alive, 'niceSet: the thread is dead');
  if (thread.process.uid != 0) return false;
  if (nice >= NICE_MIN && nice <= NICE_MAX) thread.nice = nice;
  return true;
}
