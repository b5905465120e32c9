/**
 * The emulated machine as numbers: sizes, identifiers and the layouts of records that guest and host share.
 *
 * Linear memory, from the bottom:
 *
 *     0 ......... POISON_END   poison; a null pointer of the guest lands here
 *     POISON_END ............  static data of the wasm module
 *     __heap_base, aligned ..  frame table: FRAME_TABLE_ENTRY bytes for every 4 KiB of memory
 *     after the table .......  frames: all other memory
 */
export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 4096;
export const PAGE_MASK = 4095;
export const POISON_END = 65536;
/** Byte that fills the poison area and, in debug builds, free frames. */
export const POISON_BYTE = 0xa5;
export const FRAME_TABLE_ENTRY = 16;
/** Largest order of the frame allocator: 2^9 frames = 2 MiB. */
export const FRAME_ORDER_MAX = 9;

/** User addresses are below 2^39 (arm64 with 39-bit addresses, three levels). */
export const VA_BITS = 39;
/** Addresses of programs outside of the machine are below 2^48. */
export const FOREIGN_VA_BITS = 48;
/** The window of mem/client.ts: its size, how many pieces it has of each kind, and the bytes at its end for stores. */
export const CLIENT_WINDOW_BYTES = 4096;
export const CLIENT_PIECES = 8;
export const CLIENT_STORED_BYTES = 2048;
/** The kernel's vmalloc area starts at 0xffffffc0_08000000. */
export const VMALLOC_START_HI = 0xffffffc0;
export const VMALLOC_START_LO = 0x08000000;

/** Result of a system call that parks its thread. No negative errno is that low. */
export const PARKED = -65536;

// a thread's window: what its BINDER_WRITE_READ points at, in user memory from the start of a page on
export const WINDOW_WRITE = 0;
export const WINDOW_READ = 0x20000;
export const WINDOW_ARGUMENT = 0x3f000;
export const WINDOW_SIZE = 0x40000;

// the batch, for a BINDER_WRITE_READ from a window
export const BATCH_NEXT = 0; // u32: the thread to resume, or 0
export const BATCH_RECORD = 4; // u32: linear address of the call's record in the step log; 0 without a record
export const BATCH_PAYLOADS_SIZE = 8; // u32: bytes of the payloads, each rounded up to a multiple of 16
export const BATCH_COMMANDS = 64; // up to BATCH_COMMANDS_MAX commands, BATCH_COMMAND_SIZE bytes each
export const BATCH_COMMANDS_MAX = 15;
export const BATCH_COMMAND_SIZE = 32;
export const BATCH_STREAM = 544; // room for their stream, up to where the payloads begin
export const BATCH_PAYLOADS = 1568; // payloads of the transactions, each at a multiple of 16
export const BATCH_PAYLOADS_MAX = 32768;
export const BATCH_SIZE = 34336;

// a command of the batch: u32 each; the host has encoded the commands already when COMMAND_WORD of the first one is 0
export const COMMAND_WORD = 0; // the BC_ word; 0: the commands are at BATCH_PAYLOADS as the driver reads them
export const COMMAND_FIRST = 4; // first payload word of a plain command, handle of a transaction; word 0: bytes of stream and payloads
export const COMMAND_SECOND = 8; // second payload word, cookie of a transaction; word 0: bytes of the command stream
export const COMMAND_CODE = 12;
export const COMMAND_FLAGS = 16;
export const COMMAND_DATA_SIZE = 20;
export const COMMAND_DATA = 24; // user address of the data; COMMAND_DATA_BROUGHT when it is among the payloads
export const COMMAND_DATA_BROUGHT = 0xffffffff;

/** The step log: entries of what steps did, until the host takes them away. Each begins with its kind, and its size in words. */
export const LOG_SIZE = 65536;
export const LOG_END = 0; // u32: offset of the next entry from the start of the log; 0 before the first entry
export const LOG_FIRST = 8; // the first entry
export const LOG_CALL_MAX = 33280; // bytes of the longest ENTRY_CALL
export const ENTRY_KIND_BITS = 8; // u32 of every entry: its kind, above it its size in words

/** The result of a BINDER_WRITE_READ that succeeded. The record follows. */
export const ENTRY_RESULT = 1;
export const RESULT_ACTOR = 4; // u32, by the host: number of the thread that woke
export const RESULT_STEP = 8; // u32, by the host: number of the step that made its call
export const RESULT_RANK = 12; // u32, by the host: its place among those that the step woke
export const RESULT_RECORD = 16;
// its record
export const RECORD_WRITE_CONSUMED = 0; // u64
export const RECORD_READ_CONSUMED = 8; // u64
export const RECORD_LENGTH = 16; // u32: bytes of what was read
export const RECORD_READ = 20; // what was read

/** A BINDER_WRITE_READ from a window, as it was asked for. */
export const ENTRY_CALL = 2;
export const CALL_ACTOR = 4; // u32: number of the thread
export const CALL_FD = 8; // i32
export const CALL_WINDOW = 12; // u32: page number
export const CALL_READ_SIZE = 16; // u32
export const CALL_COUNT = 20; // u32: number of commands
export const CALL_COMMANDS = 24; // the first CALL_COMMAND_SIZE bytes of each command in the batch, all of a transaction's; the payloads
export const CALL_COMMAND_SIZE = 12;
export const CALL_TRANSACTION_SIZE = 28;

// who owns a frame (FrameTable entry, `kind`)
export const FRAME_FREE = 0;
export const FRAME_RESERVED = 1; // poison, statics, the frame table itself
export const FRAME_SLAB = 2; // kernel objects; owner is the cache's number
export const FRAME_TABLE = 3; // page table; owner is the space
export const FRAME_ANON = 4; // a user's private memory; reference-counted over fork
export const FRAME_BINDER = 5; // a page of a binder mapping; owner is the binder_alloc
export const FRAME_ARRAY = 6; // kernel arrays: page arrays, descriptor tables, bitmaps
export const FRAME_FILE = 7; // contents of a memfd, pipe or socket buffer
export const FRAME_STAGE = 8; // kernel copy of a message (two-copy, sockets)
export const FRAME_KINDS = 9;

// frame flags
export const FRAME_DIRTY = 1;
/** First frame of an allocated block; the others of the block have no flags. */
export const FRAME_HEAD = 2;
/** The frame is free and filled with POISON_BYTE (debug builds only). */
export const FRAME_POISONED = 4;

/** Threads that may live at one time. */
export const THREADS_MAX = 8192;

// access to user memory
export const ACCESS_READ = 0;
export const ACCESS_WRITE = 1;

// protection and flags of mmap
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const PROT_EXEC = 4;
export const PROT_SEM = 8;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_SHARED_VALIDATE = 3;
export const MAP_TYPE = 0xf;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = 0x20;
export const MAP_NORESERVE = 0x4000;
export const MAP_SYNC = 0x80000;
export const MAP_FIXED_NOREPLACE = 0x100000;

// signals, and the si_code for their cause
export const SIGBUS = 7;
export const SIGSEGV = 11;
export const SEGV_MAPERR = 1;
export const SEGV_ACCERR = 2;
export const BUS_ADRERR = 2;

// open files
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_APPEND = 0x400;
export const O_DIRECT = 0x4000;
export const O_NOATIME = 0x40000;
export const O_NONBLOCK = 0x800;
export const O_LARGEFILE = 0x8000; // set by every open(2) of a 64-bit process
export const O_CLOEXEC = 0x80000;
export const FD_CLOEXEC = 1;
export const F_DUPFD = 0;
export const F_GETFD = 1;
export const F_SETFD = 2;
export const F_GETFL = 3;
export const F_SETFL = 4;
export const F_DUPFD_CLOEXEC = 1030;
export const NOFILE_DEFAULT = 1024;

// what fileMake makes
export const FILE_KIND_MEMFD = 0;
export const FILE_KIND_PIPE = 1;
export const FILE_KIND_NULL = 2;
export const FILE_KIND_SOCKETPAIR = 3;
/** Longest security context, in bytes. */
export const SECCTX_MAX = 256;
/** A stream holds 2^4 pages: 64 KiB. */
export const STREAM_ORDER = 4;
/** ioctl of streams: how many bytes wait to be read. */
export const FIONREAD = 0x541b;

export const DEVICE_BINDER = 0;
export const DEVICE_HWBINDER = 1;
export const DEVICE_VNDBINDER = 2;
export const DEVICE_COUNT = 3;

// poll
export const EPOLLIN = 0x1;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLNVAL = 0x20;
export const EPOLLRDNORM = 0x40;
export const EPOLLWRNORM = 0x100;
export const EPOLLRDHUP = 0x2000;
// of epoll only: the modes of a watch
export const EPOLLEXCLUSIVE = 0x10000000;
export const EPOLLWAKEUP = 0x20000000;
export const EPOLLONESHOT = 0x40000000;
export const EPOLLET = 0x80000000;

// epoll
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;
/** struct epoll_event as on x86-64, without padding: u32 events, u64 data. */
export const EPOLL_EVENT_SIZE = 12;
export const EPOLL_EVENT_DATA = 4;
/** Longest chain of epoll instances that watch each other. */
export const EPOLL_NESTS_MAX = 4;

// what an injected failure fails
export const INJECT_NOTHING = 0;
export const INJECT_FRAME = 1; // an allocation of frames
export const INJECT_OBJECT = 2; // an allocation of a kernel object
export const INJECT_BUFFER = 3; // the reservation of a binder buffer
export const INJECT_COPY = 4; // a copy of the kernel's from or to user memory

// mapping strategies
export const STRATEGY_KMAP = 0;
export const STRATEGY_VMALLOC = 1;
export const STRATEGY_TWO_COPY = 2;
export const STRATEGY_PREFAULT = 3;
export const STRATEGY_HUGE = 4;
export const STRATEGY_REMAP = 5;
export const STRATEGY_FAULT = 6;
/**
 * A strategy for one mapping, in the flags of its mmap: its number plus 1, from this bit on; 0 stands for the machine's.
 * Linux has the size of huge pages there, which a binder mapping never takes.
 */
export const MAP_STRATEGY_SHIFT = 26;

// limits of the driver
export const BINDER_MAP_MAX = 0x400000;
export const LOG_ENTRIES = 32;

// slab caches, one for each kind of kernel object
export const CACHE_SPACE = 0;
export const CACHE_VMA = 1;
export const CACHE_PAGE_ARRAY = 2;
export const CACHE_PROCESS = 3;
export const CACHE_THREAD = 4;
export const CACHE_FILE = 5;
export const CACHE_BINDER_ALLOC = 6;
export const CACHE_BINDER_BUFFER = 7;
export const CACHE_BINDER_PROC = 8;
export const CACHE_BINDER_THREAD = 9;
export const CACHE_BINDER_NODE = 10;
export const CACHE_BINDER_REF = 11;
export const CACHE_BINDER_REF_DEATH = 12;
export const CACHE_BINDER_REF_FREEZE = 13;
export const CACHE_BINDER_TRANSACTION = 14;
export const CACHE_BINDER_WORK = 15;
export const CACHE_FD_FIXUP = 16;
export const CACHE_SG_COPY = 17;
export const CACHE_SG_FIXUP = 18;
export const CACHE_MEMFD = 19;
export const CACHE_STREAM = 20;
export const CACHE_EPOLL = 21;
export const CACHE_WATCH = 22;
export const CACHE_COUNT = 24;

/**
 * Counters of the memory model. Each is a u64; this is its index in the counter block of a space.
 * Frames are counted machine-wide only (block of the kernel's space).
 */
export const COUNTER_COPIES = 0;
export const COUNTER_BYTES_COPIED = 1;
export const COUNTER_COMMAND_BYTES = 2;
export const COUNTER_FRAMES_ALLOCATED = 3;
export const COUNTER_FRAMES_ZEROED = 4;
export const COUNTER_PTE_WRITES_USER = 5;
export const COUNTER_PTE_WRITES_KERNEL = 6;
export const COUNTER_TLB_FLUSHES = 7;
export const COUNTER_FAULTS = 8;
export const COUNTER_KMAPS = 9;
export const COUNTER_WALKS = 10;
export const COUNTER_COUNT = 11;
