/**
 * Lines of the kernel log. A record is KLOG_SIZE bytes: u32 line (KLOG_*), i32 pid, i32 tid, then eight 64-bit
 * arguments from byte KLOG_FIRST on, in the order given here. A line without pid and tid in its text has 0 there. Signed
 * arguments are sign-extended.
 */
export const KLOG_SIZE = 80;
export const KLOG_FIRST = 16;
export const KLOG_CAPACITY = 512;

// commands
export const KLOG_UNKNOWN_COMMAND = 1; // word
export const KLOG_NOT_SUPPORTED = 2; // word
export const KLOG_MANAGER_ACQUIRES_ZERO = 3;
export const KLOG_OTHER_DESC = 4; // wanted, got
export const KLOG_REFS_INVALID = 5; // word, handle, -errno
export const KLOG_DONE_NO_MATCH = 6; // word, ptr
export const KLOG_DONE_COOKIE = 7; // word, ptr, node, cookie, the node's cookie
export const KLOG_DONE_NOT_PENDING = 8; // word, node
export const KLOG_FREE_UNRETURNED = 9; // address
export const KLOG_FREE_NO_MATCH = 10; // address
export const KLOG_REGISTER_AFTER_ENTER = 11;
export const KLOG_REGISTER_UNREQUESTED = 12;
export const KLOG_ENTER_AFTER_REGISTER = 13;
export const KLOG_DEATH_NO_MEMORY = 14;
export const KLOG_DEATH_INVALID_REF = 15; // word, handle
export const KLOG_DEATH_ALREADY_SET = 16;
export const KLOG_DEATH_NOT_ACTIVE = 17;
export const KLOG_DEATH_COOKIE = 18; // the notification's cookie, cookie
export const KLOG_DEATH_DONE_NOT_FOUND = 19; // cookie
export const KLOG_FREEZE_INVALID_REF = 20; // word, handle
export const KLOG_FREEZE_ALREADY_SET = 21;
export const KLOG_FREEZE_NOT_ACTIVE = 22;
export const KLOG_FREEZE_COOKIE = 23; // the notification's cookie, cookie
export const KLOG_FREEZE_DONE_NOT_FOUND = 24; // cookie

// references
export const KLOG_WEAK_AS_STRONG = 25;
export const KLOG_INVALID_DEC = 26; // strong, ref, desc, strong count, weak count
export const KLOG_INVALID_INC = 27; // node

// the route of a transaction
export const KLOG_REPLY_NO_STACK = 28;
export const KLOG_REPLY_BAD_STACK = 29; // transaction, its receiver's pid, tid
export const KLOG_REPLY_NO_TARGET = 30;
export const KLOG_REPLY_TARGET_STACK = 31; // transaction on it, expected
export const KLOG_INVALID_TARGET = 32; // handle
export const KLOG_MANAGER_CALLS_ITSELF = 33;
export const KLOG_NO_TARGET_NODE = 34; // handle
export const KLOG_SELF = 35;
export const KLOG_CALL_QUEUED = 36;
export const KLOG_BAD_STACK = 37; // transaction, its receiver's pid, tid

// the contents of a transaction
export const KLOG_NO_TRANSACTION = 38;
export const KLOG_NO_WORK = 39;
export const KLOG_NO_SECCTX = 40;
export const KLOG_EXTRA_OVERFLOW = 41;
export const KLOG_NO_BUFFER = 42; // -errno
export const KLOG_OFFSETS_POINTER = 43;
export const KLOG_OFFSETS_SIZE = 44; // size
export const KLOG_EXTRA_SIZE = 45; // size
export const KLOG_DATA_POINTER = 46;
export const KLOG_OFFSET = 47; // offset, least, most
export const KLOG_TRANSLATE_BINDER = 48;
export const KLOG_TRANSLATE_HANDLE = 49;
export const KLOG_TRANSLATE_FD = 50;
export const KLOG_TRANSLATE_FDA = 51;
export const KLOG_COOKIE = 52; // ptr, node, cookie, the node's cookie
export const KLOG_INVALID_HANDLE = 53; // handle
export const KLOG_FD_REFUSED = 54; // 1 in a reply, fd
export const KLOG_FD_INVALID = 55; // fd
export const KLOG_FDA_NUMBER = 56; // descriptors
export const KLOG_FDA_SPACE = 57; // descriptors
export const KLOG_FDA_ALIGNMENT = 58;
export const KLOG_PARENT = 59;
export const KLOG_FIXUP_ORDER = 60;
export const KLOG_PARENT_SIZE = 61; // size, expected
export const KLOG_PARENT_OFFSET = 62;
export const KLOG_BUFFER_TOO_LARGE = 63;
export const KLOG_DEFERRED_COPY = 64;
export const KLOG_FIXUP_PARENT = 65;
export const KLOG_NOT_QUEUED = 66; // 1 for a frozen receiver, 0 for a dead one
export const KLOG_TRANSACTION_FAILED = 67; // call type, receiver's pid, tid, transaction, BR_ word, -errno, data size, offsets size

// transactions that are not delivered
export const KLOG_FAILED_REPLY = 68; // transaction, caller's pid, tid
export const KLOG_UNEXPECTED_REPLY_ERROR = 69; // BR_ word
export const KLOG_FAILED_REPLY_DEAD = 70; // transaction
export const KLOG_UNDELIVERED = 71; // transaction, UNDELIVERED_*
export const KLOG_FD_FIXUPS = 72; // call type, transaction, -errno
export const KLOG_UNDELIVERED_ERROR = 73; // BR_ word
export const KLOG_UNDELIVERED_COMPLETE = 74;
export const KLOG_UNDELIVERED_DEATH = 75; // cookie
export const KLOG_UNDELIVERED_FREEZE = 76; // cookie
export const KLOG_UNEXPECTED_WORK = 77; // type
export const KLOG_STILL_ACTIVE = 78; // transaction, 1 for one that the thread serves

// the release of a buffer
export const KLOG_RELEASE_OBJECT = 79; // transaction, offset, data size
export const KLOG_RELEASE_NODE = 80; // transaction, ptr
export const KLOG_RELEASE_HANDLE = 81; // transaction, handle, -errno
export const KLOG_RELEASE_PARENT = 82; // transaction
export const KLOG_RELEASE_NUMBER = 83; // transaction, descriptors
export const KLOG_RELEASE_SPACE = 84; // transaction, descriptors

// ioctls and mappings
export const KLOG_WAITS_WITHOUT_LOOPER = 85; // the thread's state
export const KLOG_NICE = 86;
export const KLOG_MANAGER_SET = 87;
export const KLOG_MANAGER_UID = 88; // uid, the first manager's
export const KLOG_NODE_INFO = 89;
export const KLOG_IOCTL = 90; // command, argument, -errno
export const KLOG_MMAP_FLAGS = 91; // start, end
export const KLOG_MMAP_TWICE = 92; // start, end
export const KLOG_MMAP_NO_MEMORY = 93; // start, end

// the allocator
export const KLOG_NO_VMA = 94;
export const KLOG_NO_SPACE = 95; // size
export const KLOG_SPACE = 96; // allocated bytes, buffers, largest; free bytes, buffers, largest
export const KLOG_SPAM = 97; // sender's pid, buffers, bytes
export const KLOG_NO_PAGE = 98;
export const KLOG_PAGE_OUTSIDE = 99; // offset

// why a transaction is not delivered
export const UNDELIVERED_DIED = 0;
export const UNDELIVERED_FIXUPS = 1;
export const UNDELIVERED_WORD = 2;
export const UNDELIVERED_RECORD = 3;

// call types, as in the transaction log
export const CALL_TYPE_SYNC = 0;
export const CALL_TYPE_ASYNC = 1;
export const CALL_TYPE_REPLY = 2;
