/**
 * BINDER_WRITE_READ with what its program does before and behind it: it stores commands and binder_write_read in its window,
 * makes the call, and looks at what the read returned. The host is the program of every thread; here it needs one crossing
 * for all of that.
 */
import {
  ACCESS_READ,
  ACCESS_WRITE,
  PAGE_SIZE,
  STAGE_COMMANDS,
  STAGE_NEXT,
  STAGE_RETURNED,
  WINDOW_ARGUMENT,
  WINDOW_READ,
  WINDOW_WRITE,
} from './abi/machine';
import { WRITE_READ_SIZE } from './abi/wire';
import { WriteRead } from './driver/records';
import { Space } from './mem/space';
import { copyToUser, userWindow } from './mem/uaccess';
import { Thread, threadCallFrame } from './task/process';

/** The scratch page around such a call. The host lays the commands down STAGE_COMMANDS bytes from its start. */
@unmanaged
export class Stage {
  next: i32; // answer: the thread to resume, or 0
  returned: usize; // answer: linear address of what the read returned; 0 when it returned nothing, or across a page's border
}

if (offsetof<Stage>('next') != STAGE_NEXT) ERROR('Stage.next');
if (offsetof<Stage>('returned') != STAGE_RETURNED) ERROR('Stage.returned');

/** Stores `size` bytes of commands and the record in a window, as far as the program may write there. */
export function exchangeStore(space: Space, stage: Stage, window: u64, size: u32, writeSize: u32, readSize: u32): void {
  if (size > 0) copyToUser(space, window + WINDOW_WRITE, changetype<usize>(stage) + STAGE_COMMANDS, size);
  const argument = userWindow(space, window + WINDOW_ARGUMENT, WRITE_READ_SIZE, ACCESS_WRITE);
  if (!argument) return;
  const io = changetype<WriteRead>(argument);
  io.writeSize = writeSize;
  io.writeConsumed = 0;
  io.writeBuffer = window + WINDOW_WRITE;
  io.readSize = readSize;
  io.readConsumed = 0;
  io.readBuffer = window + WINDOW_READ;
}

/** Finds what the thread's read returned. Only a call that succeeded has left it in the thread's call frame. */
export function exchangeLook(thread: Thread, stage: Stage, result: i32): void {
  stage.returned = 0;
  if (result < 0) return;
  const io = changetype<WriteRead>(threadCallFrame(thread));
  if (io.readSize == 0 || io.readConsumed == 0 || io.readConsumed > <u64>PAGE_SIZE) return;
  stage.returned = userWindow(thread.process.space!, io.readBuffer, <u32>io.readConsumed, ACCESS_READ);
}
