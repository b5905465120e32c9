/**
 * File descriptors in flight. A message holds the sender's files, and its receiver gets numbers for them when it reads:
 * first every number is reserved and written into the message, then all of them are installed, or none.
 */
import { EINVAL, ENOMEM } from '../abi/errno';
import { EVENT_TRANSACTION_FD_RECV } from '../abi/events';
import { CACHE_FD_FIXUP } from '../abi/machine';
import { allocWrite } from '../alloc/alloc';
import { listAddTail, listDel, listFirst, listNext } from '../lib/list';
import { kmemFree, kmemZalloc } from '../mem/kmem';
import { current } from '../task/current';
import { fdInstall, fdReserve, fdUnreserve } from '../task/fdtable';
import { fileGet, filePut, OpenFile } from '../task/file';
import { outsideClose, outsideGive } from '../task/outside';
import { Process } from '../task/process';
import { traceLong } from '../trace';
import { FdFixup, Proc, Transaction, transactionFixups } from './objects';

/** Holds `file` for the receiver, whose number will be stored at `offset` in the buffer. 0 or -ENOMEM. */
export function fixupAdd(transaction: Transaction, file: OpenFile, offset: u32): i32 {
  const address = kmemZalloc(CACHE_FD_FIXUP);
  if (!address) return -ENOMEM;
  fileGet(file);
  const fixup = changetype<FdFixup>(address);
  fixup.file = file;
  fixup.offset = offset;
  fixup.targetFd = -1;
  listAddTail(address, transactionFixups(transaction));
  return 0;
}

/** Reserves a number of the reader's for each file, and writes it into the message. 0, -ENOMEM when one has no number, or -EINVAL when one has no place. */
export function fixupsReserve(reader: Process, proc: Proc, transaction: Transaction): i32 {
  const head = transactionFixups(transaction);
  for (let link = listFirst(head); link; link = listNext(link, head)) {
    const fixup = changetype<FdFixup>(link);
    assert(fixup.targetFd < 0, 'fixupsReserve: a file has a number already');
    const fd = isOutside(reader) ? outsideGive(reader, fixup.file) : fdReserve(reader, 0, true);
    if (fd < 0) return -ENOMEM;
    traceLong(EVENT_TRANSACTION_FD_RECV, transaction.debugId, fd, fixup.offset);
    fixup.targetFd = fd;
    const number = changetype<usize>(fixup) + offsetof<FdFixup>('targetFd');
    if (!allocWrite(proc.alloc, transaction.buffer!, fixup.offset, number, 4)) return -EINVAL;
  }
  return 0;
}

/** Gives the files to the reader, under the numbers that are reserved for them. */
export function fixupsInstall(reader: Process, transaction: Transaction): void {
  const head = transactionFixups(transaction);
  for (let link = listFirst(head); link; link = listFirst(head)) {
    const fixup = changetype<FdFixup>(link);
    assert(fixup.targetFd >= 0, 'fixupsInstall: no number is reserved');
    if (isOutside(reader)) filePut(fixup.file);
    else fdInstall(reader, fixup.targetFd, fixup.file);
    listDel(link);
    kmemFree(CACHE_FD_FIXUP, link);
  }
}

/** Drops the files in flight, and the numbers that the acting reader has reserved for them. */
export function fixupsDrop(transaction: Transaction): void {
  const head = transactionFixups(transaction);
  for (let link = listFirst(head); link; link = listFirst(head)) {
    const fixup = changetype<FdFixup>(link);
    listDel(link);
    const reader = current();
    if (fixup.targetFd >= 0 && reader) giveUp(reader.process, fixup.targetFd);
    filePut(fixup.file);
    kmemFree(CACHE_FD_FIXUP, link);
  }
}

/** Whether the reader's descriptors are the host's. */
function isOutside(reader: Process): bool {
  return reader.space!.foreign;
}

function giveUp(reader: Process, fd: i32): void {
  if (isOutside(reader)) outsideClose(reader, fd);
  else fdUnreserve(reader, fd);
}
