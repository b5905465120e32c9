/**
 * Blobs: large amounts of bytes. Up to 16 KiB are in the parcel itself. A larger blob is a file in memory, and the parcel
 * carries its descriptor, so that it takes no buffer space of the receiver.
 *
 *     int32 length | int32 0 | bytes, zeros up to a multiple of 4
 *     int32 length | int32 1 (2: the receiver may write) | binder_fd_object
 */
import { MAP_SHARED, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { BinderlabError } from '../wire/error.ts';
import type { Parcel } from './parcel.ts';

/** The largest blob inside a parcel, in bytes. */
export const BLOB_INPLACE_LIMIT = 16 * 1024;

const BLOB_INPLACE = 0;
const BLOB_ASHMEM_IMMUTABLE = 1;
const BLOB_ASHMEM_MUTABLE = 2;

/** @param mutable Whether the receiver may change the bytes; the sender sees the change. */
export function* writeBlob(data: Parcel, bytes: Uint8Array, { mutable = false } = {}): Act<void> {
  data.writeInt32(bytes.length);
  if (bytes.length <= BLOB_INPLACE_LIMIT) {
    data.writeInt32(BLOB_INPLACE).writeBytes(bytes);
    return;
  }
  const fd = yield* sys.memfd();
  yield* sys.ftruncate(fd, bytes.length);
  const prot = PROT_READ | PROT_WRITE;
  const address = yield* sys.mmap(fd, { length: bytes.length, address: 0, prot, flags: MAP_SHARED });
  const { sys: memory } = (yield* sys.self()).kernel;
  const { signal } = memory.poke(address, bytes);
  if (signal !== undefined) throw new BinderlabError(`writeBlob: ${signal} while ${bytes.length} bytes were stored`);
  yield* sys.munmap(address, bytes.length);
  data.writeInt32(mutable ? BLOB_ASHMEM_MUTABLE : BLOB_ASHMEM_IMMUTABLE).writeFileDescriptor(fd, true);
}

/**
 * @returns A copy of the bytes.
 * @throws ParcelError when there is no blob.
 */
export function* readBlob(data: Parcel): Act<Uint8Array> {
  const at = data.dataPosition;
  const length = data.readInt32();
  const type = data.readInt32();
  if (type === BLOB_INPLACE) return data.readBytes(length);
  if (length < 0 || (type !== BLOB_ASHMEM_IMMUTABLE && type !== BLOB_ASHMEM_MUTABLE)) {
    throw data.misread('readBlob', at, `there is no blob of type ${type} and length ${length}`);
  }
  const fd = data.readFileDescriptor();
  const address = yield* sys.mmap(fd, { length, address: 0, prot: PROT_READ, flags: MAP_SHARED });
  const { bytes } = (yield* sys.self()).kernel.sys.peek(address, length);
  yield* sys.munmap(address, length);
  if (bytes.length === length) return bytes;
  throw data.misread('readBlob', at, `there is a blob of ${length} bytes, and its file has ${bytes.length}`);
}
