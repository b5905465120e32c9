/**
 * Single parts of the guest, for benchmarks. Compiled together with the whole guest, with the options of the release
 * build, into build/bench.wasm.
 */
import { BINDER_TYPE_BINDER } from '../../assembly/abi/protocol';
import { FRAME_ARRAY } from '../../assembly/abi/machine';
import { allocFree, allocReserve, BinderAlloc } from '../../assembly/alloc/alloc';
import { Buffer } from '../../assembly/alloc/buffer';
import { binderThreadFind } from '../../assembly/driver/binderthreads';
import { Proc, Transaction } from '../../assembly/driver/objects';
import { FlatObject } from '../../assembly/driver/records';
import { refDecForDesc } from '../../assembly/driver/refs';
import { translateBinder, Translation } from '../../assembly/driver/translate';
import { frameAlloc } from '../../assembly/mem/frames';
import { copyFromUser } from '../../assembly/mem/uaccess';
import { fdFile } from '../../assembly/task/fdtable';
import { Process, Thread } from '../../assembly/task/process';

const translation = changetype<Translation>(memory.data(offsetof<Translation>(), 8));
const transaction = changetype<Transaction>(memory.data(offsetof<Transaction>(), 8));
const object = changetype<FlatObject>(memory.data(offsetof<FlatObject>(), 8));

/** The proc of a descriptor. */
export function probeProc(thread: Thread, fd: i32): Proc {
  return changetype<Proc>(fdFile(thread.process, fd)!.owner);
}

/** Reserves a buffer of `size` bytes in the proc's mapping. Its address, or a negative errno. */
export function probeReserve(proc: Proc, size: u32): i32 {
  return allocReserve(proc.alloc, size, 0, 0, false, 0);
}

export function probeFree(proc: Proc, buffer: Buffer): void {
  const alloc: BinderAlloc = proc.alloc;
  allocFree(alloc, buffer);
}

/** A block of 2^order frames: its linear address, or 0. */
export function probeFrames(order: i32): usize {
  return frameAlloc(order, FRAME_ARRAY, 0);
}

/** Copies bytes of the process's memory to linear address `target`. The number of bytes not copied. */
export function probeCopyFromUser(process: Process, target: usize, source: f64, size: u32): u32 {
  return copyFromUser(process.space!, target, <u64>source, size);
}

/** Prepares `probeTranslate`: the thread's proc sends to `target`, which keeps a ref to the object. 0 or a negative errno. */
export function probeTranslateStart(thread: Thread, fd: i32, target: Proc): i32 {
  const proc = probeProc(thread, fd);
  translation.transaction = transaction;
  translation.target = target;
  translation.sender = binderThreadFind(proc, thread.tid)!;
  translation.process = thread.process;
  translation.space = thread.process.space!;
  return translateObject();
}

/** Translates a known binder into the target's handle, and drops the reference that this takes. 0 or a negative errno. */
export function probeTranslate(): i32 {
  const error = translateObject();
  return error ? error : refDecForDesc(translation.target, <u32>object.binder, true);
}

function translateObject(): i32 {
  object.type = BINDER_TYPE_BINDER;
  object.flags = 0;
  object.binder = 0x5000;
  object.cookie = 0x6000;
  return translateBinder(translation, object);
}
