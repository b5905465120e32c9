/** Descriptors of programs outside of the machine, whose files the host has. Their tables have Binder devices only. */
import { EPERM } from '../abi/errno';
import { clientDrop, clientGive, clientShut, clientTake } from '../mem/client';
import { fdInstall, fdReserve, fdUnreserve } from './fdtable';
import { FILE_BINDER, FILE_OUTSIDE, fileGet, fileOpen, OpenFile } from './file';
import { Process } from './process';

/** The file of a descriptor that the program has and its table does not; null when there is none. The caller owns the reference. */
export function outsideTake(process: Process, fd: i32): OpenFile | null {
  const number = clientTake(process.space!, fd);
  if (number < 0) return null;
  const file = fileOpen(FILE_OUTSIDE, 0);
  if (file) file.owner = <usize>number;
  else clientDrop(number);
  return file;
}

/** Gives the program a descriptor of the file: its number, -EMFILE, or -EPERM for a file of the machine's own but a device. */
export function outsideGive(process: Process, file: OpenFile): i32 {
  if (file.kind == FILE_OUTSIDE) return clientGive(process.space!, <i32>file.owner);
  return file.kind == FILE_BINDER ? giveDevice(process, file) : -EPERM;
}

/** The process's table has the file, too, with a number of its own, which the host may change. */
function giveDevice(process: Process, file: OpenFile): i32 {
  const own = fdReserve(process, 0, true);
  if (own < 0) return own;
  const fd = clientGive(process.space!, ~own);
  if (fd < 0) {
    fdUnreserve(process, own);
    return fd;
  }
  fileGet(file);
  fdInstall(process, own, file);
  return fd;
}

export function outsideClose(process: Process, fd: i32): void {
  clientShut(process.space!, fd);
}

/** The last reference to the file is gone. */
export function outsideRelease(file: OpenFile): void {
  clientDrop(<i32>file.owner);
}
