/**
 * What the inspection cursors show. A cursor goes through a list of kernel objects, one after the other, and describes
 * each in a record of RECORD_WORDS 32-bit words. The constants below a cursor's name are the words of its record;
 * word n lies 4 * n bytes into it. A value of 64 bits takes two words: the low half here, the high half in the next one.
 * A flag is 0 or 1. A handle is the linear address of an object: what the next cursor takes, and an identity.
 */
export const RECORD_WORDS = 64;

/** Processes alive, in order of creation. */
export const CURSOR_PROCESSES = 0;
export const PROCESS_PID = 0;
export const PROCESS_UID = 1;
export const PROCESS_NOFILE = 2; // RLIMIT_NOFILE
export const PROCESS_RESIDENT = 3; // pages of 4 KiB that its page table maps

/** Threads of a process, in order of creation. */
export const CURSOR_THREADS = 1;
export const THREAD_TID = 0;
export const THREAD_NICE = 1;
export const THREAD_CALL = 2; // PARKED_*
export const THREAD_WOKEN = 3; // on the wake list: it runs soon
export const THREAD_SIGNALLED = 4;
export const THREAD_TIMED_OUT = 5;
export const THREAD_TIMEOUT_MS = 6; // -1: none
export const THREAD_WAITING_ON = 7; // handle of the looper, proc or stream that it sleeps at, or 0

// what a thread is parked in
export const PARKED_NOT = 0;
export const PARKED_READ = 1; // the read half of BINDER_WRITE_READ
export const PARKED_POLL = 2;
export const PARKED_FREEZE = 3; // BINDER_FREEZE that waits for transactions to drain
export const PARKED_GRACE = 4; // BINDER_THREAD_EXIT that waits for a grace period
export const PARKED_STREAM_READ = 5; // read of a pipe or socket
export const PARKED_STREAM_WRITE = 6;

/** Open descriptors of a process, in rising order. */
export const CURSOR_DESCRIPTORS = 2;
export const DESCRIPTOR_FD = 0;
export const DESCRIPTOR_CLOEXEC = 1;
export const DESCRIPTOR_FILE = 2; // handle of the open file: the same for duplicates
export const DESCRIPTOR_KIND = 3; // KIND_*
export const DESCRIPTOR_FLAGS = 4; // O_*
export const DESCRIPTOR_REFS = 5; // holders of the open file
export const DESCRIPTOR_DEVICE = 6; // DEVICE_* of a binder file
export const DESCRIPTOR_PROC = 7; // handle of the proc behind a binder file, or 0
export const DESCRIPTOR_INODE = 8;

// what a descriptor may stand for
export const KIND_BINDER = 1;
export const KIND_NULL = 2; // /dev/null; descriptors 0, 1 and 2 of a new process
export const KIND_MEMFD = 3;
export const KIND_STREAM = 4; // an end of a pipe or of a socket pair

/** Areas of a process's address space (of 0: the kernel's), in rising order. */
export const CURSOR_VMAS = 3;
export const VMA_START = 0; // 64 bits
export const VMA_END = 2; // 64 bits
export const VMA_PROT = 4;
export const VMA_FLAGS = 5; // MAP_*
export const VMA_BACKED = 6; // by an array of pages; else anonymous
export const VMA_FILE = 7; // handle of the open file, or 0
export const VMA_MAY_WRITE = 8;
export const VMA_DONT_COPY = 9;

/** Devices. */
export const CURSOR_CONTEXTS = 4;
export const CONTEXT_DEVICE = 0; // DEVICE_*
export const CONTEXT_MANAGER = 1; // handle of the manager's node, or 0
export const CONTEXT_MANAGER_ID = 2; // its number, or 0
export const CONTEXT_MANAGER_PID = 3; // pid of its owner, or 0
export const CONTEXT_MANAGER_UID = 4; // 64 bits; uid that has claimed the manager since boot, or -1

/** Binder procs, newest first. */
export const CURSOR_PROCS = 5;
export const PROC_PID = 0;
export const PROC_DEVICE = 1;
export const PROC_PROCESS = 2; // handle of the process that opened it, which may be dead
export const PROC_DEBUGFS_ENTRY = 3; // the file proc/PID is there on its account
export const PROC_FROZEN = 4;
export const PROC_SYNC_RECV = 5;
export const PROC_ASYNC_RECV = 6;
export const PROC_SPAM_DETECTION = 7;
export const PROC_DEFAULT_PRIORITY = 8;
export const PROC_MAX_THREADS = 9;
export const PROC_REQUESTED_THREADS = 10;
export const PROC_REQUESTED_THREADS_STARTED = 11;
export const PROC_READY_THREADS = 12; // loopers that wait for work of the proc
export const PROC_OUTSTANDING_TXNS = 13;
export const PROC_TMP_REFS = 14;
export const PROC_SIZE = 15; // bytes of its mapping that count; 0 before mmap
export const PROC_MAPPED = 16; // until the first close of a piece of the mapping
export const PROC_USER_BASE = 17; // 64 bits
export const PROC_KERNEL_BASE = 19; // 64 bits; 0 without a twin
export const PROC_STRATEGY = 21; // STRATEGY_*; -1 before mmap
export const PROC_ASYNC_FREE = 22; // bytes
export const PROC_PAGES_HIGH = 23; // highest page that ever had a frame, plus 1
export const PROC_PAGE_COUNT = 24;

/** Loopers of a proc, by tid. */
export const CURSOR_LOOPERS = 6;
export const LOOPER_TID = 0;
export const LOOPER_STATE = 1; // bits as in Linux's dumps
export const LOOPER_NEED_RETURN = 2;
export const LOOPER_PROCESS_TODO = 3;
export const LOOPER_ON_WAITING_LIST = 4;
export const LOOPER_WAITER = 5; // tid of the thread that sleeps at it, or 0
export const LOOPER_TMP_REFS = 6;
export const LOOPER_ERROR_ID = 7; // extended error: transaction, BR_ word, -errno
export const LOOPER_ERROR_COMMAND = 8;
export const LOOPER_ERROR_PARAM = 9;

/** Calls that a looper serves and waits for, innermost first; then the queues: of a looper, of a proc, of a node. */
export const CURSOR_STACK = 7;
export const CURSOR_LOOPER_TODO = 8;
export const CURSOR_PROC_TODO = 9;
export const CURSOR_ASYNC_TODO = 10;
/** Deaths and freeze notifications that a proc was told of and has not answered. */
export const CURSOR_DELIVERED_DEATHS = 11;
export const CURSOR_DELIVERED_FREEZES = 12;
export const WORK_KIND = 0; // WORK_* of the guest, which are Linux's BINDER_WORK_*
export const WORK_COMMAND = 1; // BR_ word of a failed transaction
export const WORK_NODE_ID = 2;
export const WORK_PTR = 3; // 64 bits; of a node
export const WORK_COOKIE = 5; // 64 bits; of a node or a notification
export const WORK_ROLE = 7; // ROLE_*, on a stack
// the words from here on are a transaction's
export const TRANSACTION_ID = 8;
export const TRANSACTION_FROM_PID = 9;
export const TRANSACTION_FROM_TID = 10;
export const TRANSACTION_TO_PROC = 11; // handle, or 0 once the receiver's thread died
export const TRANSACTION_TO_PID = 12;
export const TRANSACTION_TO_TID = 13; // 0 until a thread took it
export const TRANSACTION_CODE = 14;
export const TRANSACTION_FLAGS = 15;
export const TRANSACTION_PRIORITY = 16;
export const TRANSACTION_NEED_REPLY = 17;
export const TRANSACTION_SENDER_EUID = 18;
export const TRANSACTION_FIXUPS = 19; // descriptors in flight
export const TRANSACTION_BUFFER = 20; // handle, or 0 once it was freed
export const TRANSACTION_NODE_ID = 21; // called node; 0 in a reply
export const TRANSACTION_DATA_BYTES = 22;
export const TRANSACTION_OFFSETS_BYTES = 23;
export const TRANSACTION_OFFSET = 24; // of the buffer in the receiver's mapping

// part that a looper has in a transaction on its stack
export const ROLE_OUTGOING = 1; // it waits for the reply
export const ROLE_INCOMING = 2; // it serves the call
export const ROLE_BAD = 3; // neither: the stack is broken

/** Nodes of a proc by ptr, and nodes whose owner is dead, the last one first. */
export const CURSOR_NODES = 13;
export const CURSOR_DEAD_NODES = 14;
export const NODE_ID = 0;
export const NODE_PTR = 1; // 64 bits
export const NODE_COOKIE = 3; // 64 bits
export const NODE_HAS_STRONG_REF = 5;
export const NODE_PENDING_STRONG_REF = 6;
export const NODE_HAS_WEAK_REF = 7;
export const NODE_PENDING_WEAK_REF = 8;
export const NODE_LOCAL_STRONG_REFS = 9;
export const NODE_LOCAL_WEAK_REFS = 10;
export const NODE_INTERNAL_STRONG_REFS = 11;
export const NODE_TMP_REFS = 12;
export const NODE_ACCEPT_FDS = 13;
export const NODE_TXN_SECURITY_CTX = 14;
export const NODE_HAS_ASYNC_TRANSACTION = 15;
export const NODE_MIN_PRIORITY = 16;
export const NODE_QUEUED = 17; // stands in a todo list: the owner is to be told something

/** Refs of a proc by handle, and refs to a node, newest first. */
export const CURSOR_REFS = 15;
export const CURSOR_NODE_REFS = 16;
export const REF_ID = 0;
export const REF_DESC = 1;
export const REF_STRONG = 2;
export const REF_WEAK = 3;
export const REF_PROC = 4; // handle of the proc that has it
export const REF_PID = 5;
export const REF_NODE = 6; // handle
export const REF_NODE_ID = 7;
export const REF_NODE_DEAD = 8;
export const REF_HAS_DEATH = 9; // a death notification was requested
export const REF_DEATH_COOKIE = 10; // 64 bits
export const REF_HAS_FREEZE = 12; // a freeze notification was requested
export const REF_FREEZE_COOKIE = 13; // 64 bits

/** Buffers of a proc, free ones included, by address; and the free ones alone by size, as the best-fit tree has them. */
export const CURSOR_BUFFERS = 17;
export const CURSOR_FREE_BUFFERS = 18;
export const BUFFER_OFFSET = 0;
export const BUFFER_SIZE = 1; // bytes up to the neighbour
export const BUFFER_FREE = 2; // the words below mean nothing then
export const BUFFER_ID = 3; // number of its transaction
export const BUFFER_DATA_SIZE = 4;
export const BUFFER_OFFSETS_SIZE = 5;
export const BUFFER_EXTRA_SIZE = 6;
export const BUFFER_TRANSACTION = 7; // handle, or 0 once that was freed
export const BUFFER_NODE_ID = 8; // called node; 0 in a reply
export const BUFFER_PID = 9; // of the sender
export const BUFFER_ALLOW_USER_FREE = 10;
export const BUFFER_ASYNC = 11;
export const BUFFER_CLEAR_ON_FREE = 12;
export const BUFFER_SPAM_SUSPECT = 13;

/** Pages of a proc's mapping, and pages of all mappings that the shrinker may take, the coldest first. */
export const CURSOR_PAGES = 19;
export const CURSOR_LRU = 20;
export const PAGE_INDEX = 0;
export const PAGE_STATE = 1; // PAGE_*
export const PAGE_FRAME = 2; // linear address, or 0
export const PAGE_USER = 3; // 64 bits; user address
export const PAGE_KERNEL = 5; // 64 bits; address of the kernel's twin, or 0
export const PAGE_PID = 7;

export const PAGE_NONE = 0; // no frame
export const PAGE_ACTIVE = 1; // a live buffer touches it
export const PAGE_ON_LRU = 2; // mapped, and touched by none

/** transaction_log and failed_transaction_log, oldest entry first. */
export const CURSOR_LOG = 21;
export const CURSOR_FAILED_LOG = 22;
export const LOG_ID = 0;
export const LOG_ID_DONE = 1; // the same once the entry is complete
export const LOG_CALL_TYPE = 2; // 0 call, 1 oneway, 2 reply
export const LOG_FROM_PROC = 3;
export const LOG_FROM_THREAD = 4;
export const LOG_TO_PROC = 5;
export const LOG_TO_THREAD = 6;
export const LOG_TO_NODE = 7;
export const LOG_TARGET_HANDLE = 8;
export const LOG_DEVICE = 9;
export const LOG_RETURN_ERROR = 10; // BR_ word, 0 when it went well
export const LOG_RETURN_ERROR_PARAM = 11;
export const LOG_DATA_SIZE = 12; // 64 bits
export const LOG_OFFSETS_SIZE = 14; // 64 bits

/** One record: how often each word was said, by a proc (of a handle) or since boot (of 0). */
export const CURSOR_STATS = 23;
export const STATS_COMMANDS = 0; // BC_COUNT words, by number
export const STATS_RETURNS = 22; // BR_COUNT words, by number
/** Only since boot: created and deleted, for each kind of object in debugfs' order. */
export const STATS_OBJECTS = 45;
export const STATS_OBJECT_KINDS = 8;

/** One record: how many frames there are of each FRAME_*. */
export const CURSOR_FRAMES = 24;
/** One record: how many objects live in each slab cache, by CACHE_*. */
export const CURSOR_SLABS = 25;

/** A walk of a page table (inspectWalk, inspectMapped). A descriptor that the walk does not reach is 0. */
export const WALK_LEVEL = 0; // of the descriptor that decides: 1 to 3
export const WALK_VA = 1; // 64 bits
export const WALK_LEVEL1 = 3; // 64 bits
export const WALK_LEVEL2 = 5; // 64 bits
export const WALK_LEVEL3 = 7; // 64 bits
export const WALK_TRANSLATES = 9; // the address leads to a page
export const WALK_LINEAR = 10; // linear address of the byte, where it translates

/** One frame (inspectFrame). */
export const FRAME_RECORD_KIND = 0; // FRAME_*
export const FRAME_RECORD_ORDER = 1; // of the block that begins with it
export const FRAME_RECORD_FLAGS = 2;
export const FRAME_RECORD_REFCOUNT = 3;
export const FRAME_RECORD_OWNER = 4; // 0 of a free one
