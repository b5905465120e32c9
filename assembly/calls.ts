/** The system calls of a thread. A result is 0 or more, a negative errno, or PARKED. */
import { EBADF, EFAULT, EINVAL, ENODEV, ENOTTY } from './abi/errno';
import * as abi from './abi/machine';
import { binderIoctl } from './driver/ioctl';
import { binderOpen, drainClosed } from './driver/lifecycle';
import { poison } from './lib/poison';
import { machine, scratchPage } from './machine';
import { mappingStrategy } from './mapping/index';
import { MapRequest, spaceProtect, spaceUnmap } from './mem/areas';
import { putUser32 } from './mem/uaccess';
import { epollControl, epollWaitStart } from './syscalls/epoll';
import { fileMmap } from './syscalls/mmap';
import { pollStart } from './syscalls/poll';
import { currentSet } from './task/current';
import { epollOpen } from './task/epoll';
import { fdClose, fdControl, fdDup, fdDupTo, fdFile } from './task/fdtable';
import { FILE_BINDER, FILE_EPOLL, FILE_MEMFD, OpenFile } from './task/file';
import { ioRead, ioWrite } from './task/io';
import { Memfd, memfdGrow } from './task/memfd';
import { fileMake as makeFile, fileStat as statFile } from './task/mkfd';
import { Thread } from './task/process';
import { streamReady } from './task/stream';

const request = changetype<MapRequest>(memory.data(offsetof<MapRequest>(), 8));

/** open("/dev/…", flags | O_RDWR | O_CLOEXEC) of a binder device. Returns the descriptor, -ENODEV, -EMFILE or -ENOMEM. */
export function sysOpen(thread: Thread, device: i32, flags: u32): i32 {
  currentSet(thread);
  if (device < 0 || device >= abi.DEVICE_COUNT) return -ENODEV;
  return binderOpen(thread, device, flags | abi.O_RDWR | abi.O_CLOEXEC | abi.O_LARGEFILE);
}

export function sysClose(thread: Thread, fd: i32): i32 {
  currentSet(thread);
  const result = fdClose(thread.process, fd);
  drainClosed();
  return result;
}

export function sysDup(thread: Thread, fd: i32): i32 {
  return fdDup(thread.process, fd, 0, false);
}

export function sysDup3(thread: Thread, fd: i32, to: i32, flags: i32): i32 {
  currentSet(thread);
  const result = fdDupTo(thread.process, fd, to, flags);
  drainClosed();
  return result;
}

export function sysFcntl(thread: Thread, fd: i32, command: i32, argument: i32): i32 {
  return fdControl(thread.process, fd, command, argument);
}

/**
 * mmap(2) of anonymous memory, a memfd, or a binder file. Returns the user address, or a negative errno.
 * @param flags MAP_*; from bit MAP_STRATEGY_SHIFT on STRATEGY_* + 1, or 0 for the machine's strategy
 */
export function sysMmap(thread: Thread, addr: f64, len: f64, prot: u32, flags: u32, fd: i32, off: f64): f64 {
  currentSet(thread);
  const named = flags >>> abi.MAP_STRATEGY_SHIFT;
  const strategy = mappingStrategy(named ? <i32>named - 1 : machine.strategy);
  request.addr = <u64>addr;
  request.len = <u64>len;
  request.prot = prot;
  request.flags = flags;
  request.pages = null;
  request.pageOffset = 0;
  request.owner = 0;
  const address = fileMmap(thread, request, fd, <u64>off, strategy);
  poison(request);
  drainClosed();
  return <f64>address;
}

/** read(2) into user memory. Returns the bytes read, a negative errno, or PARKED. */
export function sysRead(thread: Thread, fd: i32, addr: f64, length: u32): i32 {
  currentSet(thread);
  const file = fdFile(thread.process, fd);
  return file ? ioRead(thread, file, <u64>addr, length) : -EBADF;
}

/** write(2) from user memory. Returns the bytes written, a negative errno, or PARKED. */
export function sysWrite(thread: Thread, fd: i32, addr: f64, length: u32): i32 {
  currentSet(thread);
  const file = fdFile(thread.process, fd);
  return file ? ioWrite(thread, file, <u64>addr, length) : -EBADF;
}

/** ftruncate(2) of a memfd to a larger size. Returns 0, -EBADF, -EINVAL or -ENOMEM. */
export function sysFtruncate(thread: Thread, fd: i32, length: f64): i32 {
  const file = fdFile(thread.process, fd);
  if (!file) return -EBADF;
  if (file.kind != FILE_MEMFD || length < 0 || length > <f64>u32.MAX_VALUE) return -EINVAL;
  return memfdGrow(changetype<Memfd>(file.owner), <u32>length);
}

/**
 * Opens a file (FILE_KIND_*) at `fd`; a second end is at `fd2`. Returns the inode number, or a negative errno.
 * @param length content of a memfd: bytes of the scratch page
 */
export function fileMake(thread: Thread, kind: i32, fd: i32, fd2: i32, length: u32): i32 {
  currentSet(thread);
  if (length > <u32>abi.PAGE_SIZE) return -EINVAL;
  const inode = makeFile(thread.process, kind, fd, fd2, scratchPage, length);
  drainClosed();
  return inode;
}

/** Stores in the scratch page: u32 inode, u32 close-on-exec, i32 length of content or -1, content. 0 or -EBADF. */
export function fileStat(thread: Thread, fd: i32): i32 {
  return statFile(thread.process, fd, scratchPage);
}

export function sysMunmap(thread: Thread, addr: f64, len: f64): i32 {
  currentSet(thread);
  const result = spaceUnmap(thread.process.space!, <u64>addr, <u64>len);
  drainClosed();
  return result;
}

export function sysMprotect(thread: Thread, addr: f64, len: f64, prot: u32): i32 {
  return spaceProtect(thread.process.space!, <u64>addr, <u64>len, prot);
}

export function sysIoctl(thread: Thread, fd: i32, command: u32, arg: f64): i32 {
  currentSet(thread);
  const file = fdFile(thread.process, fd);
  if (!file) return -EBADF;
  if (file.kind != FILE_BINDER) return streamIoctl(thread, file, command, <u64>arg);
  const result = binderIoctl(thread, file, command, <u64>arg);
  drainClosed();
  return result;
}

/** poll(2) of one descriptor; timeout 0 or -1. Returns the ready events (EPOLLNVAL: no such descriptor), or PARKED. */
export function sysPoll(thread: Thread, fd: i32, events: u32, timeoutMs: i32): i32 {
  currentSet(thread);
  return pollStart(thread, fd, events, timeoutMs);
}

export function sysEpollCreate1(thread: Thread, flags: u32): i32 {
  return epollOpen(thread.process, flags);
}

/** epoll_ctl(2). Returns 0 or a negative errno. */
export function sysEpollCtl(thread: Thread, epfd: i32, command: i32, fd: i32, events: u32, data: f64): i32 {
  currentSet(thread);
  return epollControl(thread, epfd, command, fd, events, <u64>data);
}

/** epoll_wait(2): stores events at `addr`. Returns how many, a negative errno, or PARKED. */
export function sysEpollWait(thread: Thread, epfd: i32, addr: f64, eventsMax: i32, timeoutMs: i32): i32 {
  currentSet(thread);
  return epollWaitStart(thread, epfd, <u64>addr, eventsMax, timeoutMs);
}

/** FIONREAD: stores the number of bytes that can be read. Returns 0, -ENOTTY or -EFAULT. */
function streamIoctl(thread: Thread, file: OpenFile, command: u32, arg: u64): i32 {
  if (file.kind == FILE_EPOLL) return -EINVAL;
  const stream = file.reads;
  if (command != <u32>abi.FIONREAD || !stream) return -ENOTTY;
  return putUser32(thread.process.space!, arg, streamReady(stream)) ? 0 : -EFAULT;
}
