/**
 * Commands and objects as plain records. The driver copies user bytes into a record, validates them, and then acts on them.
 * Each class has the layout of its structure in abi/wire; otherwise the build fails.
 */
import * as wire from '../abi/wire';

/** struct binder_write_read, in the call frame of the thread; the state of a parked read follows it. */
@unmanaged
export class WriteRead {
  writeSize: u64;
  writeConsumed: u64;
  writeBuffer: u64;
  readSize: u64;
  readConsumed: u64;
  readBuffer: u64;
  user: u64; // user address of the structure
  cursor: u64; // user address of the next BR_ word
  counted: u64; // sum of both `consumed` when it began, for the counters
  procWork: bool; // the read takes work of the whole proc
}

/** Copies the six fields that user space knows. */
export function writeReadCopy(to: WriteRead, from: WriteRead): void {
  assert(
    areApart(changetype<usize>(to), changetype<usize>(from), offsetof<WriteRead>('user')),
    'writeReadCopy: overlap',
  );
  to.writeSize = from.writeSize;
  to.writeConsumed = from.writeConsumed;
  to.writeBuffer = from.writeBuffer;
  to.readSize = from.readSize;
  to.readConsumed = from.readConsumed;
  to.readBuffer = from.readBuffer;
}

/** Copies what a plain BC_TRANSACTION or BC_REPLY says: all but the tail. */
export function transactionCopy(to: TransactionRecord, from: TransactionRecord): void {
  assert(
    areApart(changetype<usize>(to), changetype<usize>(from), offsetof<TransactionRecord>('tail')),
    'transactionCopy: overlap',
  );
  to.target = from.target;
  to.cookie = from.cookie;
  to.code = from.code;
  to.flags = from.flags;
  to.senderPid = from.senderPid;
  to.senderEuid = from.senderEuid;
  to.dataSize = from.dataSize;
  to.offsetsSize = from.offsetsSize;
  to.buffer = from.buffer;
  to.offsets = from.offsets;
}

function areApart(one: usize, other: usize, size: usize): bool {
  return one + size <= other || other + size <= one;
}

/** A command or return word. */
@unmanaged
export class Word {
  value: u32;
}

/** struct binder_ptr_cookie; alone, `ptr` is also the payload of commands that carry one 64-bit value. */
@unmanaged
export class PtrCookie {
  ptr: u64;
  cookie: u64;
}

/** struct binder_handle_cookie, packed: the cookie is not aligned, so it comes in halves. */
@unmanaged
export class HandleCookie {
  handle: u32;
  cookieLow: u32;
  cookieHigh: u32;
}

/** struct binder_transaction_data with the tail of its _SG and _SECCTX forms. */
@unmanaged
export class TransactionRecord {
  target: u64; // u32 handle in a BC_, ptr in a BR_
  cookie: u64;
  code: u32;
  flags: u32;
  senderPid: i32;
  senderEuid: u32;
  dataSize: u64;
  offsetsSize: u64;
  buffer: u64;
  offsets: u64;
  tail: u64; // buffers_size in a BC_, secctx in a BR_
}

/** struct flat_binder_object; `handle` is the low half of `binder`. */
@unmanaged
export class FlatObject {
  type: u32;
  flags: u32;
  binder: u64;
  cookie: u64;
}

/** struct binder_fd_object; the number is the low half of `fd`. */
@unmanaged
export class FdObject {
  type: u32;
  flags: u32;
  fd: u64;
  cookie: u64;
}

/** struct binder_buffer_object */
@unmanaged
export class BufferObject {
  type: u32;
  flags: u32;
  buffer: u64;
  length: u64;
  parent: u64; // index into the offsets
  parentOffset: u64;
}

/** struct binder_fd_array_object */
@unmanaged
export class FdArrayObject {
  type: u32;
  flags: u32;
  numFds: u64;
  parent: u64;
  parentOffset: u64;
}

if (offsetof<WriteRead>('writeSize') != wire.WRITE_READ_WRITE_SIZE) ERROR('WriteRead.writeSize');
if (offsetof<WriteRead>('writeConsumed') != wire.WRITE_READ_WRITE_CONSUMED) ERROR('WriteRead.writeConsumed');
if (offsetof<WriteRead>('writeBuffer') != wire.WRITE_READ_WRITE_BUFFER) ERROR('WriteRead.writeBuffer');
if (offsetof<WriteRead>('readSize') != wire.WRITE_READ_READ_SIZE) ERROR('WriteRead.readSize');
if (offsetof<WriteRead>('readConsumed') != wire.WRITE_READ_READ_CONSUMED) ERROR('WriteRead.readConsumed');
if (offsetof<WriteRead>('readBuffer') != wire.WRITE_READ_READ_BUFFER) ERROR('WriteRead.readBuffer');
if (offsetof<WriteRead>('user') != wire.WRITE_READ_SIZE) ERROR('WriteRead.user');
if (offsetof<TransactionRecord>('target') != wire.TRANSACTION_DATA_TARGET) ERROR('TransactionRecord.target');
if (offsetof<TransactionRecord>('cookie') != wire.TRANSACTION_DATA_COOKIE) ERROR('TransactionRecord.cookie');
if (offsetof<TransactionRecord>('code') != wire.TRANSACTION_DATA_CODE) ERROR('TransactionRecord.code');
if (offsetof<TransactionRecord>('flags') != wire.TRANSACTION_DATA_FLAGS) ERROR('TransactionRecord.flags');
if (offsetof<TransactionRecord>('senderPid') != wire.TRANSACTION_DATA_SENDER_PID) ERROR('TransactionRecord.senderPid');
if (offsetof<TransactionRecord>('senderEuid') != wire.TRANSACTION_DATA_SENDER_EUID)
  ERROR('TransactionRecord.senderEuid');
if (offsetof<TransactionRecord>('dataSize') != wire.TRANSACTION_DATA_DATA_SIZE) ERROR('TransactionRecord.dataSize');
if (offsetof<TransactionRecord>('offsetsSize') != wire.TRANSACTION_DATA_OFFSETS_SIZE)
  ERROR('TransactionRecord.offsetsSize');
if (offsetof<TransactionRecord>('buffer') != wire.TRANSACTION_DATA_BUFFER) ERROR('TransactionRecord.buffer');
if (offsetof<TransactionRecord>('offsets') != wire.TRANSACTION_DATA_OFFSETS) ERROR('TransactionRecord.offsets');
if (offsetof<TransactionRecord>('tail') != wire.TRANSACTION_DATA_SG_BUFFERS_SIZE) ERROR('TransactionRecord.tail');
if (offsetof<TransactionRecord>('tail') != wire.TRANSACTION_DATA_SECCTX_SECCTX) ERROR('TransactionRecord.tail');
if (offsetof<TransactionRecord>() != wire.TRANSACTION_DATA_SG_SIZE) ERROR('TransactionRecord');
if (offsetof<HandleCookie>('cookieLow') != wire.HANDLE_COOKIE_COOKIE) ERROR('HandleCookie.cookieLow');
if (offsetof<HandleCookie>() != wire.HANDLE_COOKIE_SIZE) ERROR('HandleCookie');
if (offsetof<PtrCookie>('cookie') != wire.PTR_COOKIE_COOKIE) ERROR('PtrCookie.cookie');
if (offsetof<FlatObject>('flags') != wire.OBJECT_FLAGS) ERROR('FlatObject.flags');
if (offsetof<FlatObject>('binder') != wire.FLAT_OBJECT_HANDLE) ERROR('FlatObject.binder');
if (offsetof<FlatObject>('cookie') != wire.FLAT_OBJECT_COOKIE) ERROR('FlatObject.cookie');
if (offsetof<FdObject>('fd') != wire.FD_OBJECT_FD) ERROR('FdObject.fd');
if (offsetof<FdObject>('cookie') != wire.FD_OBJECT_COOKIE) ERROR('FdObject.cookie');
if (offsetof<BufferObject>('buffer') != wire.BUFFER_OBJECT_BUFFER) ERROR('BufferObject.buffer');
if (offsetof<BufferObject>('length') != wire.BUFFER_OBJECT_LENGTH) ERROR('BufferObject.length');
if (offsetof<BufferObject>('parent') != wire.BUFFER_OBJECT_PARENT) ERROR('BufferObject.parent');
if (offsetof<BufferObject>('parentOffset') != wire.BUFFER_OBJECT_PARENT_OFFSET) ERROR('BufferObject.parentOffset');
if (offsetof<BufferObject>() != wire.BUFFER_OBJECT_SIZE) ERROR('BufferObject');
if (offsetof<FdArrayObject>('numFds') != wire.FD_ARRAY_OBJECT_NUM_FDS) ERROR('FdArrayObject.numFds');
if (offsetof<FdArrayObject>('parent') != wire.FD_ARRAY_OBJECT_PARENT) ERROR('FdArrayObject.parent');
if (offsetof<FdArrayObject>('parentOffset') != wire.FD_ARRAY_OBJECT_PARENT_OFFSET) ERROR('FdArrayObject.parentOffset');
if (offsetof<FdArrayObject>() != wire.FD_ARRAY_OBJECT_SIZE) ERROR('FdArrayObject');
