/** Error numbers by name, and what each of them usually means when Binder answers with it. */
import * as numbers from '../../assembly/abi/errno.ts';

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(numbers).map(([name, value]) => [value, name]));

/** One sentence for each error, for people who meet it for the first time. */
const MEANINGS: Readonly<Record<string, string>> = {
  EPERM: 'not allowed: the context manager belongs to another uid, or the mapping was asked to be writable',
  ENOENT: 'there is nothing of that name or number',
  ESRCH: 'no such process, or the process it is about has not mapped the device',
  EINTR: 'a signal ended the wait',
  EBADF: 'that descriptor is not open in this process; open() tells the number to use',
  EAGAIN: 'nothing to read, and the descriptor is non-blocking; or a freeze found transactions under way',
  ENOMEM: 'the machine has no memory left for it, or the address is beyond the end of user space',
  EACCES: 'the mapping does not permit that protection: a Binder mapping is never writable',
  EFAULT: 'an address that the driver was given cannot be read or written',
  EBUSY: 'taken already: a context manager lives, or this file has been mapped before',
  EEXIST: 'something is mapped at that address, or a live process or thread has that number',
  EINVAL: 'the driver does not know the command, or its arguments contradict what it knows',
  EMFILE: 'the process has as many descriptors open as its limit allows',
  ENOTTY: 'that descriptor does not take ioctls',
  ENOSPC: 'the mapping of the receiver has no room',
  ETIMEDOUT: 'the time ran out',
};

/** @param errno Positive. @returns Its name; of an unknown number, "errno N". */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** @param errno Positive. @returns A sentence without its full stop. */
export function errnoMeaning(errno: number): string {
  return MEANINGS[errnoName(errno)] ?? 'the call failed';
}
