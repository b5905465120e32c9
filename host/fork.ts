/**
 * A copy of a machine, to try something in: the guest's memory, which is the machine, and objects of the host's own for the
 * same processes, threads and parked calls.
 */
import { MemoryImage } from './guest/image.ts';
import type { Process } from './os/process.ts';
import type { Task } from './os/system.ts';
import type { Thread } from './os/thread.ts';
import type { Parts } from './steps.ts';
import { BinderlabError } from './wire/error.ts';

/**
 * Makes one machine the copy of another.
 *
 * @param to The parts of a machine that was booted alike, and has done nothing.
 * @throws BinderlabError when a program outside of the machine has been in it: its memory cannot be copied.
 */
export function copyMachine(from: Parts, to: Parts): void {
  if (from.system.foreign.any) {
    throw new BinderlabError('a machine with programs outside of it cannot be forked: their memory is not in it.');
  }
  MemoryImage.take(from.system.guest, null).restore(to.system.guest);
  to.system.stepLog.forget();
  const { processes, threads, made } = from.directory.save();
  const homes = [...threads.values()].map(({ home }) => home as Process);
  const copies = new Map<Process, Process>();
  const tasks = new Map<Task, Thread>();
  for (const process of new Set([...processes.values(), ...homes])) {
    const copy = process.copyTo(to.system, to.directory);
    copies.set(process, copy);
    for (const [index, thread] of process.threads.entries()) tasks.set(thread, copy.threads[index] as Thread);
  }
  to.system.copyFrom(from.system, tasks);
  to.directory.restore({
    processes: new Map([...processes].map(([name, process]) => [name, copies.get(process) as Process])),
    threads: new Map([...threads].map(([name, thread]) => [name, tasks.get(thread) as Thread])),
    made,
  });
}
