/** The driver's lines in the kernel log about a binder thread. */
import { KLOG_NICE } from '../abi/klog';
import { KernelLine, klog } from '../klog';
import { niceSet } from '../task/nice';
import { Thread } from '../task/process';
import { BinderThread } from './objects';

/** A line about a mistake of user space. The caller may set further arguments. */
export function userError(line: u32, binderThread: BinderThread, a: u64 = 0, b: u64 = 0, c: u64 = 0): KernelLine {
  return klog(line, binderThread.proc.pid, binderThread.tid, a, b, c);
}

/** Prints a line after an error. Returns the error. */
export function blame(line: u32, binderThread: BinderThread, error: i32): i32 {
  if (error) userError(line, binderThread);
  return error;
}

/** Requests a nice value for a thread that may not have it. */
export function niceRequest(thread: Thread, nice: i32): void {
  if (!niceSet(thread, nice)) klog(KLOG_NICE, 0, thread.tid);
}
