/**
 * BINDER_FREEZE and BINDER_GET_FROZEN_INFO. The freezer freezes all procs of a pid in order. With a timeout it sleeps at
 * each proc until the proc's transactions are done. It thaws a proc that is still busy, and the call ends. The procs before
 * that one stay frozen, as in Linux.
 */
import { EAGAIN, EFAULT, EINTR, EINVAL, ENOMEM } from '../abi/errno';
import { EVENT_PARK } from '../abi/events';
import { FRAME_ARRAY, FRAME_ORDER_MAX, PAGE_SIZE, PARKED } from '../abi/machine';
import { FREEZE_INFO_SIZE, FROZEN_STATUS_INFO_SIZE } from '../abi/wire';
import { poison } from '../lib/poison';
import { frameAlloc, framePut } from '../mem/frames';
import { Space } from '../mem/space';
import { copyFromUser, copyToUser } from '../mem/uaccess';
import { OpenFile } from '../task/file';
import { CALL_FREEZE, Thread, threadCallFrame } from '../task/process';
import { threadPark } from '../task/wait';
import { trace } from '../trace';
import { freezeNotify, freezePending } from './freeze';
import { procHold, procRelease } from './tmprefs';
import { Proc } from './objects';
import { procsFirst, procsNext } from './state';

/** A BINDER_FREEZE under way, in the call frame of its thread; begins with struct binder_freeze_info. */
@unmanaged
export class Freezing {
  pid: i32;
  enable: u32;
  timeoutMs: u32;
  targets: usize; // frames with the procs of that pid, each held
  count: i32;
  index: i32; // the one that is being frozen
  user: u64; // user address of the structure
}

@unmanaged
export class Slot {
  proc: Proc;
}

/** struct binder_frozen_status_info */
@unmanaged
class FrozenStatus {
  pid: i32;
  syncRecv: u32;
  asyncRecv: u32;
}

const status = changetype<FrozenStatus>(memory.data(offsetof<FrozenStatus>(), 4));

if (offsetof<Freezing>('targets') != FREEZE_INFO_SIZE) ERROR('Freezing');
if (offsetof<FrozenStatus>() != FROZEN_STATUS_INFO_SIZE) ERROR('FrozenStatus');

/** Begins a BINDER_FREEZE. 0, -EFAULT, -EINVAL for a pid without procs, -EAGAIN for a busy one, -ENOMEM, or PARKED. */
export function freezerStart(thread: Thread, file: OpenFile, arg: u64): i32 {
  const freezing = changetype<Freezing>(threadCallFrame(thread));
  if (copyFromUser(thread.process.space!, changetype<usize>(freezing), arg, FREEZE_INFO_SIZE)) return -EFAULT;
  freezing.user = arg;
  const error = collect(freezing);
  if (error) return error;
  return freeze(thread, file, freezing);
}

/** Resumes a parked BINDER_FREEZE. */
export function freezerResume(thread: Thread, file: OpenFile, signalled: bool, timedOut: bool): i32 {
  const freezing = changetype<Freezing>(threadCallFrame(thread));
  const proc = target(freezing, freezing.index);
  if (proc.outstandingTxns) {
    if (!signalled && !timedOut) return park(thread, file, freezing, proc);
    if (signalled) {
      proc.isFrozen = false;
      return end(freezing, -EINTR);
    }
  }
  const error = settle(proc);
  if (error) return end(freezing, error);
  next(freezing);
  return freeze(thread, file, freezing);
}

/** BINDER_GET_FROZEN_INFO: bit 0 of sync_recv says that a call came while frozen, bit 1 that transactions are pending. 0, -EFAULT or -EINVAL. */
export function freezerInfo(space: Space, arg: u64): i32 {
  if (copyFromUser(space, changetype<usize>(status), arg, FROZEN_STATUS_INFO_SIZE)) return -EFAULT;
  status.syncRecv = 0;
  status.asyncRecv = 0;
  let found = false;
  let proc = procsFirst();
  while (proc) {
    if (proc.pid == status.pid) {
      found = true;
      status.syncRecv |= <u32>proc.syncRecv | ((<u32>freezePending(proc)) << 1);
      status.asyncRecv |= proc.asyncRecv ? 1 : 0;
    }
    proc = procsNext(proc);
  }
  if (!found) return -EINVAL;
  const missed = copyToUser(space, arg, changetype<usize>(status), FROZEN_STATUS_INFO_SIZE);
  poison(status);
  return missed ? -EFAULT : 0;
}

/** Holds every proc of the pid, newest first. */
function collect(freezing: Freezing): i32 {
  let count = 0;
  let proc = procsFirst();
  while (proc) {
    if (proc.pid == freezing.pid) count++;
    proc = procsNext(proc);
  }
  if (!count) return -EINVAL;
  let order = 0;
  while (PAGE_SIZE << order < count * <i32>offsetof<Slot>()) order++;
  if (order > FRAME_ORDER_MAX) return -ENOMEM;
  freezing.targets = frameAlloc(order, FRAME_ARRAY, changetype<usize>(freezing));
  if (!freezing.targets) return -ENOMEM;
  freezing.count = 0;
  freezing.index = 0;
  proc = procsFirst();
  while (proc) {
    if (proc.pid == freezing.pid) {
      procHold(proc);
      slot(freezing, freezing.count++).proc = proc;
    }
    proc = procsNext(proc);
  }
  assert(freezing.count == count, 'collect: procs came or went');
  return 0;
}

/** Freezes or thaws one proc after the other. */
function freeze(thread: Thread, file: OpenFile, freezing: Freezing): i32 {
  for (; freezing.index < freezing.count; next(freezing)) {
    const proc = target(freezing, freezing.index);
    proc.syncRecv = false;
    proc.asyncRecv = false;
    proc.isFrozen = freezing.enable != 0;
    if (!freezing.enable) {
      freezeNotify(proc, false);
      continue;
    }
    if (freezing.timeoutMs && proc.outstandingTxns) return park(thread, file, freezing, proc);
    const error = settle(proc);
    if (error) return end(freezing, error);
  }
  return end(freezing, 0);
}

/** The proc is frozen for good when nothing is under way, else thawed. 0 or -EAGAIN. */
function settle(proc: Proc): i32 {
  if (freezePending(proc)) {
    proc.isFrozen = false;
    return -EAGAIN;
  }
  freezeNotify(proc, true);
  return 0;
}

function park(thread: Thread, file: OpenFile, freezing: Freezing, proc: Proc): i32 {
  assert(proc.tmpRefs > 0, 'park: the proc is not held');
  threadPark(thread, CALL_FREEZE, file, changetype<usize>(proc));
  thread.timeoutMs = <i32>min<u32>(freezing.timeoutMs, i32.MAX_VALUE);
  trace(EVENT_PARK, CALL_FREEZE);
  return PARKED;
}

/** Lets a proc go that is done with, and turns to the next. */
function next(freezing: Freezing): void {
  procRelease(target(freezing, freezing.index++));
}

/** Lets the procs go that are left. */
function end(freezing: Freezing, result: i32): i32 {
  while (freezing.index < freezing.count) next(freezing);
  framePut(freezing.targets);
  freezing.targets = 0;
  return result;
}

function target(freezing: Freezing, index: i32): Proc {
  assert(freezing.targets != 0 && index >= 0 && index < freezing.count, 'target: there is no such proc');
  return slot(freezing, index).proc;
}

function slot(freezing: Freezing, index: i32): Slot {
  return changetype<Slot>(freezing.targets + <usize>index * offsetof<Slot>());
}
