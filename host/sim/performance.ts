/** Performs the system calls of simulated threads: from a request to the machine's thread. */
import { Call } from '../kernel/call.ts';
import type { SystemCall } from './request.ts';
import type { SimThread } from './thread.ts';

/** System calls that bring nobody new and end nobody. */
export type PlainCall = Exclude<SystemCall, { readonly call: 'spawn' | 'fork' | 'exit' | 'exitProcess' }>;

/**
 * Makes the call. Then the thread is parked in it, or has its answer, or has its error.
 *
 * @returns The call, where it is of the kind that may sleep.
 */
export function perform(thread: SimThread, request: PlainCall): Call | null {
  let answer: unknown;
  try {
    answer = made(thread, request);
  } catch (error) {
    thread.fail(error);
    return null;
  }
  thread.answer(answer);
  return answer instanceof Call ? answer : null;
}

function made({ kernel }: SimThread, request: PlainCall): unknown {
  switch (request.call) {
    case 'open':
      return kernel.open(request);
    case 'close':
      return kernel.close(request.fd);
    case 'dup':
      return kernel.dup(request.fd, request.to);
    case 'mmap':
      return kernel.mmap(request.fd, request.length, request.address, request);
    case 'memfd':
      return kernel.memfd(request.content);
    case 'ftruncate':
      return kernel.ftruncate(request.fd, request.length);
    case 'munmap':
      return kernel.munmap(request.address, request.length);
    case 'ioctl':
      return kernel.ioctl(request.fd, request.cmd, request);
    case 'writeRead':
      return kernel.writeRead(request.fd, request.commands, request);
    case 'setuid':
      return kernel.setUid(request.uid);
    case 'socketPair':
      return kernel.socketPair();
    case 'pipe':
      return kernel.pipe();
    case 'read':
      return kernel.read(request.fd, request.length, request);
    case 'write':
      return kernel.write(request.fd, request.bytes, request);
    case 'poll':
      return kernel.poll(request.fd, request);
  }
}
