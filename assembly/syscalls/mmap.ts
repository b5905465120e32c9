/**
 * mmap(2) of whatever can be mapped: anonymous memory, memfds, binder files. Errors come in Linux's order: an error of the
 * address before an error of the file.
 */
import { EACCES, EBADF, EINVAL, ENODEV, EOPNOTSUPP } from '../abi/errno';
import {
  MAP_ANONYMOUS,
  MAP_FIXED_NOREPLACE,
  MAP_PRIVATE,
  MAP_SHARED,
  MAP_SHARED_VALIDATE,
  MAP_SYNC,
  MAP_TYPE,
  PAGE_MASK,
  PAGE_SHIFT,
  PROT_WRITE,
} from '../abi/machine';
import { Strategy } from '../mapping/area';
import { MapRequest, spaceMap, spacePlace } from '../mem/areas';
import { fdFile } from '../task/fdtable';
import { FILE_BINDER, FILE_MEMFD, fileGet, fileReadable, fileWritable, OpenFile } from '../task/file';
import { Memfd } from '../task/memfd';
import { Thread } from '../task/process';
import { binderMmap } from '../driver/lifecycle';

/** Flags that a file must know when MAP_SHARED_VALIDATE asks for them; none here does. */
const VALIDATED: u32 = MAP_FIXED_NOREPLACE | MAP_SYNC;

/**
 * Maps what `request` asks for: bytes of descriptor `fd` from offset `off` on, or anonymous memory, for which both are ignored.
 * @param request with no pages and no owner; they are filled in here
 * @param strategy of a binder mapping; null for one that does not exist
 * @returns the address, or a negative errno
 */
export function fileMmap(thread: Thread, request: MapRequest, fd: i32, off: u64, strategy: Strategy | null): i64 {
  if (off & PAGE_MASK) return -EINVAL;
  const flags = request.flags;
  const space = thread.process.space!;
  let file: OpenFile | null = null;
  if (!(flags & MAP_ANONYMOUS)) {
    file = fdFile(thread.process, fd);
    if (!file) return -EBADF;
  }
  const refusal = file ? refuseFile(file, request.prot, flags) : refuseAnonymous(flags);
  if (refusal) {
    const place = spacePlace(space, request.addr, request.len, flags);
    return place < 0 ? place : refusal;
  }
  if (!file) return spaceMap(space, request);
  if (file.kind == FILE_MEMFD) return mmapMemfd(thread, file, request, off);
  return strategy ? binderMmap(thread, file, request, strategy) : -EINVAL;
}

function mmapMemfd(thread: Thread, file: OpenFile, request: MapRequest, off: u64): i64 {
  assert((off & PAGE_MASK) == 0 && file.kind == FILE_MEMFD, 'mmapMemfd: no whole page of a memfd');
  request.pages = changetype<Memfd>(file.owner);
  request.pageOffset = <u32>(off >> PAGE_SHIFT);
  request.owner = changetype<usize>(file);
  const address = spaceMap(thread.process.space!, request);
  if (address >= 0 && !file.mapped) {
    file.mapped = true;
    fileGet(file);
  }
  return address;
}

/** Why anonymous memory cannot be mapped with these MAP_* flags: 0, or -EINVAL for an unknown type. */
function refuseAnonymous(flags: u32): i32 {
  const type = flags & MAP_TYPE;
  return type == MAP_SHARED || type == MAP_PRIVATE ? 0 : -EINVAL;
}

/**
 * Why a file cannot be mapped, in Linux's order. 0, -EOPNOTSUPP for flags that it does not know, -EACCES for one that was
 * not opened for what is wanted, -EINVAL for an unknown type, -ENODEV for a file that cannot be mapped.
 */
function refuseFile(file: OpenFile, prot: u32, flags: u32): i32 {
  const type = flags & MAP_TYPE;
  if (type == MAP_SHARED_VALIDATE && flags & VALIDATED) return -EOPNOTSUPP;
  if (type == MAP_SHARED || type == MAP_SHARED_VALIDATE) {
    if (prot & PROT_WRITE && !fileWritable(file)) return -EACCES;
  } else if (type != MAP_PRIVATE) {
    return -EINVAL;
  }
  if (!fileReadable(file)) return -EACCES;
  return file.kind == FILE_BINDER || file.kind == FILE_MEMFD ? 0 : -ENODEV;
}
