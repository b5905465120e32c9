/**
 * Nice values, -20 to 19. A thread may raise its nice value within RLIMIT_NICE (0 here, as by default) and lower it only
 * with CAP_SYS_NICE, which uid 0 has; what it may not do is left undone, as the driver's requests are.
 */
import { Thread } from './process';

const NICE_MIN = -20;
const NICE_MAX = 19;

export function niceSet(thread: Thread, nice: i32): void {
  assert(thread.alive, 'niceSet: the thread is dead');
  if (thread.process.uid != 0 || nice < NICE_MIN || nice > NICE_MAX) return;
  thread.nice = nice;
}
