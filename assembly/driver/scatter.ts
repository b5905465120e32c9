/**
 * Scatter-gather: the bytes that buffer objects point at. They are copied last, when every place in them that must not
 * be copied is known: pointers to other buffers, which are stored instead, and descriptors, which the receiver fills in.
 */
import { EINVAL, ENOMEM } from '../abi/errno';
import { CACHE_SG_COPY, CACHE_SG_FIXUP } from '../abi/machine';
import { allocCopyFromUser, allocWrite } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { listAddHead, listAddTail, listDel, listFirst, listInit, listLast, listNext } from '../lib/list';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { Space } from '../mem/space';
import { Proc, SgCopy, SgFixup } from './objects';

/** The queued copies and fix-ups of one transaction. */
@unmanaged
export class Scatter {
  copiesNext: usize; // head of SgCopy
  copiesPrev: usize;
  fixupsNext: usize; // head of SgFixup
  fixupsPrev: usize;
}

export function scatterInit(scatter: Scatter): void {
  listInit(copiesOf(scatter));
  listInit(fixupsOf(scatter));
}

/** Queues `length` bytes at `sender` for `offset` in the buffer; offsets rise from call to call. 0 or -ENOMEM. */
export function scatterCopy(scatter: Scatter, offset: u64, sender: u64, length: u64): i32 {
  const address = kmemZalloc(CACHE_SG_COPY);
  assert(!listLast(copiesOf(scatter)) || offset >= lastOffset(scatter), 'scatterCopy: offsets do not rise');
  if (!address) return -ENOMEM;
  const copy = changetype<SgCopy>(address);
  copy.offset = offset;
  copy.sender = sender;
  copy.length = length;
  listAddTail(address, copiesOf(scatter));
  return 0;
}

/** Where the copy that was queued last begins. */
function lastOffset(scatter: Scatter): u64 {
  return changetype<SgCopy>(listLast(copiesOf(scatter))).offset;
}

/** Queues a place at `offset`: `skip` bytes to leave alone, or, with 0, the 8-byte `value` to store. 0 or -ENOMEM. */
export function scatterFixup(scatter: Scatter, offset: u64, value: u64, skip: u64): i32 {
  const address = kmemZalloc(CACHE_SG_FIXUP);
  if (!address) return -ENOMEM;
  const fixup = changetype<SgFixup>(address);
  fixup.offset = offset;
  fixup.value = value;
  fixup.skip = skip;
  // After the last one with a lower offset, which nearly always is the tail.
  const fixups = fixupsOf(scatter);
  let before = fixups;
  for (let link = listFirst(fixups); link; link = listNext(link, fixups)) {
    if (changetype<SgFixup>(link).offset < offset) before = link;
  }
  listAddHead(address, before);
  return 0;
}

/** Copies what is queued and stores the pointers. 0, or -EINVAL when sender memory is bad or a pointer would not fit. */
export function scatterRun(scatter: Scatter, proc: Proc, buffer: Buffer, sender: Space): i32 {
  const copies = copiesOf(scatter);
  let error = 0;
  for (let link = listFirst(copies); link; link = listFirst(copies)) {
    if (!copyAround(fixupsOf(scatter), proc, buffer, sender, changetype<SgCopy>(link), error == 0)) error = -EINVAL;
    listDel(link);
    kmemFree(CACHE_SG_COPY, link);
  }
  scatterDrop(scatter);
  return error;
}

/** Forgets what is queued. */
export function scatterDrop(scatter: Scatter): void {
  const copies = copiesOf(scatter);
  const fixups = fixupsOf(scatter);
  for (let link = listFirst(copies); link; link = listFirst(copies)) {
    listDel(link);
    kmemFree(CACHE_SG_COPY, link);
  }
  for (let link = listFirst(fixups); link; link = listFirst(fixups)) {
    listDel(link);
    kmemFree(CACHE_SG_FIXUP, link);
  }
}

/** One stretch of bytes, around the places in it; with `act` false the places are only taken off the list. */
function copyAround(fixups: usize, proc: Proc, buffer: Buffer, sender: Space, copy: SgCopy, act: bool): bool {
  let good = act;
  let done: u64 = 0;
  while (done < copy.length) {
    const offset = copy.offset + done;
    const left = copy.length - done;
    const link = listFirst(fixups);
    const size = link ? min<u64>(left, changetype<SgFixup>(link).offset - offset) : left;
    if (good && size) good = allocCopyFromUser(proc.alloc, buffer, offset, sender, copy.sender + done, size);
    done += size;
    if (size == left) break;
    const fixup = changetype<SgFixup>(link);
    if (fixup.skip) {
      done += fixup.skip;
    } else {
      const value = changetype<usize>(fixup) + offsetof<SgFixup>('value');
      if (good) good = allocWrite(proc.alloc, buffer, fixup.offset, value, 8);
      done += 8;
    }
    listDel(link);
    kmemFree(CACHE_SG_FIXUP, link);
  }
  return good;
}

function copiesOf(scatter: Scatter): usize {
  return changetype<usize>(scatter) + offsetof<Scatter>('copiesNext');
}

function fixupsOf(scatter: Scatter): usize {
  return changetype<usize>(scatter) + offsetof<Scatter>('fixupsNext');
}
