/** Error numbers by name, and the usual meaning of each when Binder returns it. */
import * as numbers from '../../assembly/abi/errno.ts';

const NAMES: ReadonlyMap<number, string> = new Map(Object.entries(numbers).map(([name, value]) => [value, name]));

/** One sentence for each error, for readers new to it. */
const MEANINGS: Readonly<Record<string, string>> = {
  EPERM: 'not allowed: the context manager belongs to another uid, or the mapping was asked to be writable',
  ENOENT: 'there is nothing of that name or number',
  ESRCH: 'no such process, or the process it is about has not mapped the device',
  EINTR: 'a signal ended the wait',
  EBADF: 'that descriptor is not open in this process; open() returns the number to use',
  EAGAIN: 'nothing to read, and the descriptor is non-blocking; or a freeze found transactions under way',
  ENOMEM: 'the machine has no memory left for it, or the address is beyond the end of user space',
  EACCES: 'the mapping does not permit that protection: a Binder mapping is never writable',
  EFAULT: 'an address that the driver was given cannot be read or written',
  EBUSY: 'taken already: a context manager lives, or this file has been mapped before',
  ENODEV: 'there is no such device',
  EEXIST: 'something is mapped at that address, or a live process or thread has that number',
  EINVAL: 'the driver does not know the command, or its arguments contradict what it knows',
  EMFILE: 'the process has as many descriptors open as its limit allows',
  ENOTTY: 'that descriptor does not take ioctls',
  EPIPE: 'no process is left that could read it',
  ENOSPC: 'the mapping of the receiver has no room',
  ETIMEDOUT: 'the time ran out',
};

/** @param errno Positive. @returns Its name; "errno N" for an unknown number. */
export function errnoName(errno: number): string {
  return NAMES.get(errno) ?? `errno ${errno}`;
}

/** Meanings that are specific to a call: by call, then by error. */
const MEANINGS_OF: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  setresuid: { EPERM: 'only a process of uid 0 may become another user' },
  epoll_ctl: {
    EPERM: 'that kind of file never makes a reader wait, so epoll does not take it',
    EINVAL: 'that is no epoll instance, or it would watch itself, or the events do not go together',
    EEXIST: 'the instance watches that descriptor already',
    ENOENT: 'the instance does not watch that descriptor',
    ELOOP: 'the instances would watch each other in a circle, or in a chain of more than 4 links',
  },
  ioctl: { EINVAL: 'the driver has no ioctl of that number; the number holds the size of the argument' },
  making: { EAGAIN: 'a machine has at most 8192 threads at one time' },
  setcon: { EINVAL: 'the context is longer than the machine keeps' },
  dup: {
    EBADF: 'that descriptor is not open in this process, or the new number is above its limit',
    EINVAL: 'the new number is the old one',
  },
  fcntl: {
    EINVAL: 'fcntl knows F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD, F_SETFD, F_GETFL and F_SETFL, with arguments in range',
  },
  mmap: {
    EINVAL:
      'its length is 0, its address or offset is no multiple of 4096, its flags name no kind of mapping, or another process has opened that descriptor',
    ENOMEM: 'it reaches beyond the end of user space, 2^39, or the machine has no memory left for it',
    EPERM: 'a Binder mapping cannot be made writable',
    EBUSY: 'this open file has been mapped before; open the device once more for a second mapping',
    EACCES: 'that descriptor cannot be read from',
    ENODEV: 'that kind of file cannot be mapped',
    EEXIST: 'something is mapped there already',
  },
  munmap: { EINVAL: 'its length is 0, its address is no multiple of 4096, or it reaches beyond the end of user space' },
  mprotect: {
    EINVAL: 'its address is no multiple of 4096, or prot is more than PROT_READ, PROT_WRITE and PROT_EXEC',
    ENOMEM: 'not all of that is mapped, or the machine has no memory left',
    EACCES: 'a Binder mapping cannot be made writable',
  },
  ftruncate: { EINVAL: 'that is no file in memory, or it would become shorter' },
  read: {
    EBADF: 'that descriptor is not open in this process, or not for reading',
    EINVAL: 'that file cannot be read',
  },
  write: {
    EBADF: 'that descriptor is not open in this process, or not for writing',
    EINVAL: 'that file cannot be written',
    EPIPE: 'no process is left that could read it',
  },
  BINDER_SET_CONTEXT_MGR: {
    EBUSY: 'there is a context manager, and it lives',
    EINVAL: 'its argument is not in memory that the process can read',
    EPERM: 'a process of another uid has been context manager of this device before',
    ENOMEM: 'the machine has no memory left for its node',
  },
  BINDER_SET_MAX_THREADS: { EINVAL: 'its argument is not in memory that the process can read' },
  BINDER_VERSION: { EINVAL: 'its argument is not in memory that the process can write' },
  BINDER_FREEZE: {
    EINVAL: 'no process of that number has opened the device',
    EAGAIN: 'calls to it are under way; a timeout waits for them',
  },
  BINDER_GET_FROZEN_INFO: { EINVAL: 'no process of that number has opened the device' },
  BINDER_GET_NODE_INFO_FOR_REF: {
    EPERM: 'only the context manager may ask',
    EINVAL: 'the process has no such handle, or the fields to be filled in are not 0',
  },
};

/**
 * @param errno Positive.
 * @param call The failed call: the name of a system call, or of an ioctl of the driver; more words may follow.
 * @returns A sentence without its full stop.
 */
export function errnoMeaning(errno: number, call = ''): string {
  const name = errnoName(errno);
  const [word = ''] = call.match(/^\w+/) ?? [];
  return MEANINGS_OF[word.replace(/_EXT$/, '')]?.[name] ?? MEANINGS[name] ?? 'the call failed';
}
