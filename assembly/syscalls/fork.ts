/**
 * The start of processes. The first ones of a machine are created, others are forked. A process that cannot be completed
 * ends like any other process.
 */
import { ENOMEM } from '../abi/errno';
import { spaceFork } from '../mem/fork';
import { spaceCreate } from '../mem/space';
import { fdInstall, fdReserve, fdTableCreate, fdTableFork } from '../task/fdtable';
import { FILE_NULL, fileOpen } from '../task/file';
import { Process, processCreate, Thread, threadCreate, threadFirst } from '../task/process';
import { SecurityContext, secctxGet } from '../task/secctx';
import { processExit } from './exit';

/** Descriptors that a new process has: 0, 1 and 2. */
const STANDARD_FDS = 3;

/** A process with no memory, one thread of the same number, and descriptors 0 to 2. Its address, or -ENOMEM. */
export function processBegin(pid: i32, uid: u32, secctx: SecurityContext | null): i32 {
  const process = processCreate(pid, uid);
  if (!process) return -ENOMEM;
  process.secctx = secctxGet(secctx);
  if (populate(process)) return changetype<i32>(process);
  processExit(process);
  return -ENOMEM;
}

/** fork(2): a child with a copy of memory (no binder mapping), of descriptors, and of nothing else. Its address, or -ENOMEM. */
export function processFork(parent: Thread, pid: i32): i32 {
  const from = parent.process;
  const child = processCreate(pid, from.uid);
  if (!child) return -ENOMEM;
  child.nofile = from.nofile;
  child.secctx = secctxGet(from.secctx);
  const space = spaceCreate(changetype<usize>(child));
  child.space = space;
  const thread = space ? threadCreate(child, pid) : null;
  const whole = space != null && thread != null && spaceFork(space, from.space!) == 0 && fdTableFork(child, from) == 0;
  if (!whole) {
    processExit(child);
    return -ENOMEM;
  }
  assert(threadFirst(child) == thread, 'processFork: the child has another thread');
  if (thread) thread.nice = parent.nice;
  return changetype<i32>(child);
}

/** Space, descriptors 0 to 2, and the first thread. */
function populate(process: Process): bool {
  process.space = spaceCreate(changetype<usize>(process));
  if (!process.space || fdTableCreate(process) < 0) return false;
  const file = fileOpen(FILE_NULL, 0);
  if (!file) return false;
  file.refs = STANDARD_FDS;
  for (let fd = 0; fd < STANDARD_FDS; fd++) {
    fdReserve(process, fd, false);
    fdInstall(process, fd, file);
  }
  return threadCreate(process, process.pid) != null;
}
