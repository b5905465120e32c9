/**
 * The violations that the invariant checker finds. `check()` returns one of these numbers, or 0. `checkAddress()` returns
 * the address of the object. `checkWanted()` and `checkFound()` return the two numbers that should be equal.
 * host/os/violation.ts has a sentence for each violation.
 *
 * The first ones are counts: an object's reference count is not the number of its holders.
 */
export const VIOLATION_FRAME_REFS = 1; // block of frames: reference count, holders
export const VIOLATION_OWNER = 2; // object: 1 if it is in use, owners
export const VIOLATION_LINK = 3; // link of a list: 1 if it is linked, lists that have it
export const VIOLATION_SLAB_LIVE = 4; // cache: objects in use by its count, by its pages
export const VIOLATION_PROCESS_REFS = 5; // process: refs, holders
export const VIOLATION_SPACE_REFS = 6; // space: refs, holders
export const VIOLATION_FILE_REFS = 7; // open file: refs, holders
export const VIOLATION_STREAM_READERS = 8; // stream: readers, open files that read it
export const VIOLATION_STREAM_WRITERS = 9; // stream: writers, open files that write it
export const VIOLATION_KERNEL_RANGE = 10; // area of the kernel's space: 1, binder areas that reserved it
export const VIOLATION_KERNEL_LEAF = 11; // frame: kernel entries that map it, binder pages that have it
export const VIOLATION_PROC_FILE = 12; // proc: 1 unless it is being released, open files of it
export const VIOLATION_PROC_REFS = 13; // proc: tmpRefs, holders
export const VIOLATION_LOOPER_REFS = 14; // looper: tmpRefs, holders
export const VIOLATION_OUTSTANDING = 15; // proc: outstandingTxns, transactions for it
export const VIOLATION_FREE_TREE = 16; // buffer: 1 if it is free, places in the tree of free buffers
export const VIOLATION_NODE_STRONG = 17; // node: internalStrongRefs, strong refs
export const VIOLATION_NODE_LOCAL_STRONG = 18; // node: localStrongRefs, holders
export const VIOLATION_NODE_LOCAL_WEAK = 19; // node: localWeakRefs, holders
export const VIOLATION_NODE_ONEWAY = 20; // node: oneways that it counts, buffers of oneways to it
export const VIOLATION_REF_BY_NODE = 21; // ref: 1, places in the tree of refs by node
export const VIOLATION_STACK = 22; // transaction: stacks that should have it, stacks that have it
export const VIOLATION_LOOSE = 23; // transaction without caller and server: 1, transactions above it
export const VIOLATION_KEEPER = 24; // frame: 1 if it names who keeps it, binder pages that do
export const VIOLATION_TALLIES = 25; // number of the counts, plus 1

// memory
export const VIOLATION_POISON = 30; // address of the byte: what it should be, what it is
export const VIOLATION_FRAME_TABLE = 31; // frame whose entry is wrong
export const VIOLATION_FRAME_LISTS = 32; // free lists and the number of free frames disagree
export const VIOLATION_FRAME_KIND = 33; // frame: kind (or order, or owner) that its holder expects, what it is
export const VIOLATION_SLAB_PAGE = 34; // slab page whose free list, count or membership is wrong
export const VIOLATION_POINTER = 35; // who points: at what cache, at what address
export const VIOLATION_LIST = 36; // head of a list that does not close
export const VIOLATION_TREE = 37; // root of a tree that breaks the rules
export const VIOLATION_TREE_ORDER = 38; // entry of a tree that is out of order

// address spaces
export const VIOLATION_AREA = 40; // area of a space: out of order, or not what its file maps
export const VIOLATION_TABLE = 41; // entry of a page table that is neither table nor leaf
export const VIOLATION_LEAF_STRAY = 42; // leaf outside of any area: page number
export const VIOLATION_LEAF_FRAME = 43; // leaf: frame that should be mapped, frame that is
export const VIOLATION_LEAF_RIGHTS = 44; // leaf: page number
export const VIOLATION_RESIDENT = 45; // space: resident, leaves
export const VIOLATION_AREA_LEAVES = 46; // area of a binder mapping: pages with frames, leaves
export const VIOLATION_TLB = 47; // space: keeps a translation that a walk would not come to

// tasks and files
export const VIOLATION_PROCESS = 50; // process: alive or dead with the wrong belongings
export const VIOLATION_THREAD = 51; // thread: call it is parked in
export const VIOLATION_DESCRIPTOR = 52; // process: descriptor, its file
export const VIOLATION_FILE = 53; // open file: kind
export const VIOLATION_FILE_MAPPED = 54; // open file: whether it says that it is mapped, whether it is
export const VIOLATION_MEMFD = 55; // memfd: size, pages
export const VIOLATION_STREAM = 56; // stream: bytes read, bytes written
export const VIOLATION_EPOLL = 57; // epoll instance that is not its file's
export const VIOLATION_WATCH = 58; // watch of an epoll instance: descriptor; in no list, or in another's

// buffers and their pages
export const VIOLATION_ALLOC = 60; // allocator of a proc
export const VIOLATION_BUFFER_TILE = 61; // buffer: where it should begin at least, where it begins
export const VIOLATION_BUFFER_NEIGHBOURS = 62; // buffer: free, as the one before it
export const VIOLATION_BUFFER_TREE = 63; // buffer: allocated one that the tree has there, or 0
export const VIOLATION_BUFFER_SIZE = 64; // buffer: bytes of its message, bytes that it has
export const VIOLATION_ASYNC_SPACE = 65; // allocator: bytes left for oneways, as counted over the buffers
export const VIOLATION_PAGE_FRAME = 66; // page: touched by a buffer, without a frame
export const VIOLATION_PAGE_LRU = 67; // page: whether it should be on the LRU, whether it is
export const VIOLATION_PAGE_KERNEL = 68; // page: its frame, frame that the kernel's twin maps
export const VIOLATION_PAGES_HIGH = 69; // allocator: pagesHigh, pages up to the last with a frame
export const VIOLATION_BUFFER_OBJECT = 70; // buffer: offset of a binder object, without a node

// the driver
export const VIOLATION_PROC = 80; // proc
export const VIOLATION_MANAGER = 81; // context: its manager
export const VIOLATION_LOOPER = 82; // looper: its flags
export const VIOLATION_WAITER = 83; // looper: thread that it thinks sleeps there, thread that does
export const VIOLATION_WAITING = 84; // looper: whether it should be on the list of waiting ones, whether it is
export const VIOLATION_WORK = 85; // work: its type, where it has no business
export const VIOLATION_NODE = 86; // node: its owner
export const VIOLATION_NODE_FLAGS = 87; // node
export const VIOLATION_NODE_HELD_BY_NOBODY = 88; // node
export const VIOLATION_REF = 89; // ref
export const VIOLATION_HANDLES = 90; // proc: handles in its bitmap, refs
export const VIOLATION_DEATH = 91; // death notification: its type
export const VIOLATION_FREEZE = 92; // freeze notification: its type
export const VIOLATION_TRANSACTION = 93; // transaction
export const VIOLATION_TRANSACTION_BUFFER = 94; // transaction: its buffer; or buffer: its transaction
export const VIOLATION_STACK_ORDER = 95; // looper: transaction that has no place on its stack
export const VIOLATION_USE_AFTER_FREE = 98; // address in a free object: bytes written there, who points at it
export const VIOLATION_UNVERIFIED_PARENT = 99; // buffer: number of the parent, objects that were verified
export const VIOLATION_OFFSETS_OVERWRITTEN = 100; // buffer: bytes of its data, end of a copy
export const VIOLATION_LOST_WAKEUP = 101; // looper: thread that sleeps, descriptor by which it waits
export const VIOLATION_DEATH_LIST = 102; // death notification that is free: bytes read there, node whose deaths they are
export const VIOLATION_STATS = 96; // kind of object (STAT_*): created and not deleted, in use
