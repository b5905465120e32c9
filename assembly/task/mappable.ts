/**
 * What mmap(2) says of the kind of mapping that is asked for, and of the file, before either is looked at any closer.
 */
import { EACCES, EINVAL, ENODEV, EOPNOTSUPP } from '../abi/errno';
import { MAP_FIXED_NOREPLACE, MAP_PRIVATE, MAP_SHARED, MAP_SHARED_VALIDATE, MAP_SYNC, MAP_TYPE } from '../abi/machine';
import { FILE_BINDER, FILE_MEMFD, FILE_STREAM, OpenFile } from './file';

/** Flags that a file must know when MAP_SHARED_VALIDATE asks for them; none here does. */
const VALIDATED: u32 = MAP_FIXED_NOREPLACE | MAP_SYNC;

/**
 * Why a mapping with these MAP_* flags cannot be; `file` is null for anonymous memory.
 * 0, -EINVAL for an unknown type, -EOPNOTSUPP, -EACCES for a file that cannot be read, -ENODEV for one that nobody can map.
 */
export function mapRefusal(file: OpenFile | null, flags: u32): i32 {
  const type = flags & MAP_TYPE;
  if (type == MAP_SHARED_VALIDATE && file) {
    if (flags & VALIDATED) return -EOPNOTSUPP;
  } else if (type != MAP_SHARED && type != MAP_PRIVATE) {
    return -EINVAL;
  }
  if (!file || file.kind == FILE_BINDER || file.kind == FILE_MEMFD) return 0;
  return file.kind == FILE_STREAM && !file.reads ? -EACCES : -ENODEV;
}
