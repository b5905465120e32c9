/** Cursors over what the kernel knows of programs: processes, threads, descriptors. */
import {
  DESCRIPTOR_CLOEXEC,
  DESCRIPTOR_DEVICE,
  DESCRIPTOR_FD,
  DESCRIPTOR_FILE,
  DESCRIPTOR_FLAGS,
  DESCRIPTOR_INODE,
  DESCRIPTOR_KIND,
  DESCRIPTOR_PROC,
  DESCRIPTOR_REFS,
  KIND_BINDER,
  KIND_MEMFD,
  KIND_NULL,
  KIND_STREAM,
  PARKED_FREEZE,
  PARKED_GRACE,
  PARKED_NOT,
  PARKED_POLL,
  PARKED_READ,
  PARKED_STREAM_READ,
  PARKED_STREAM_WRITE,
  PROCESS_NOFILE,
  PROCESS_PID,
  PROCESS_RESIDENT,
  PROCESS_UID,
  THREAD_CALL,
  THREAD_NICE,
  THREAD_SIGNALLED,
  THREAD_TID,
  THREAD_TIMED_OUT,
  THREAD_TIMEOUT_MS,
  THREAD_WAITING_ON,
  THREAD_WOKEN,
} from '../abi/inspect';
import { listLinked } from '../lib/list';
import { spaceResident } from '../mem/space';
import { fdCloexec, fdFile, fdNext } from '../task/fdtable';
import { FILE_BINDER, FILE_MEMFD, FILE_NULL, FILE_STREAM } from '../task/file';
import {
  CALL_FREEZE,
  CALL_GRACE,
  CALL_NONE,
  CALL_POLL,
  CALL_READ,
  CALL_STREAM_READ,
  CALL_STREAM_WRITE,
  Process,
  processFirst,
  processNext,
  Thread,
  threadFirst,
  threadNext,
} from '../task/process';
import { recordPut, recordPutAddress, recordPutFlag } from './record';

if (CALL_NONE != PARKED_NOT || CALL_READ != PARKED_READ || CALL_POLL != PARKED_POLL) ERROR('PARKED_* are not CALL_*');
if (CALL_FREEZE != PARKED_FREEZE || CALL_GRACE != PARKED_GRACE) ERROR('PARKED_* are not CALL_*');
if (CALL_STREAM_READ != PARKED_STREAM_READ || CALL_STREAM_WRITE != PARKED_STREAM_WRITE)
  ERROR('PARKED_* are not CALL_*');
if (FILE_BINDER != KIND_BINDER || FILE_NULL != KIND_NULL) ERROR('KIND_* are not FILE_*');
if (FILE_MEMFD != KIND_MEMFD || FILE_STREAM != KIND_STREAM) ERROR('KIND_* are not FILE_*');

export function processAfter(after: usize): usize {
  const process = after ? processNext(changetype<Process>(after)) : processFirst();
  if (!process) return 0;
  const space = process.space;
  recordPut(PROCESS_PID, process.pid);
  recordPut(PROCESS_UID, process.uid);
  recordPut(PROCESS_NOFILE, process.nofile);
  recordPut(PROCESS_RESIDENT, space ? spaceResident(space) : 0);
  return changetype<usize>(process);
}

export function threadAfter(process: Process, after: usize): usize {
  const thread = after ? threadNext(changetype<Thread>(after)) : threadFirst(process);
  if (!thread) return 0;
  recordPut(THREAD_TID, thread.tid);
  recordPut(THREAD_NICE, thread.nice);
  recordPut(THREAD_CALL, thread.call);
  recordPutFlag(THREAD_WOKEN, listLinked(changetype<usize>(thread)));
  recordPutFlag(THREAD_SIGNALLED, thread.signalled);
  recordPutFlag(THREAD_TIMED_OUT, thread.timedOut);
  recordPut(THREAD_TIMEOUT_MS, thread.timeoutMs);
  recordPutAddress(THREAD_WAITING_ON, thread.waitingOn);
  return changetype<usize>(thread);
}

/** A descriptor's handle is its number plus 1. */
export function descriptorAfter(process: Process, after: usize): usize {
  const fd = fdNext(process, <i32>after);
  const file = fdFile(process, fd);
  if (!file) return 0;
  recordPut(DESCRIPTOR_FD, fd);
  recordPutFlag(DESCRIPTOR_CLOEXEC, fdCloexec(process, fd));
  recordPutAddress(DESCRIPTOR_FILE, changetype<usize>(file));
  recordPut(DESCRIPTOR_KIND, file.kind);
  recordPut(DESCRIPTOR_FLAGS, file.flags);
  recordPut(DESCRIPTOR_REFS, file.refs);
  recordPut(DESCRIPTOR_INODE, file.inode);
  if (file.kind == FILE_BINDER) {
    recordPut(DESCRIPTOR_DEVICE, file.device);
    recordPutAddress(DESCRIPTOR_PROC, file.owner);
  }
  return <usize>fd + 1;
}
