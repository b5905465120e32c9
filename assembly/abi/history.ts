/**
 * Published faults of earlier binder drivers that a machine can be booted with: one bit each, so that any number can be on.
 * host/historicalbugs.ts has their names.
 */
/** CVE-2019-2215: BINDER_THREAD_EXIT frees a binder thread whose wait queue an epoll instance is still in. */
export const BUG_THREAD_EXIT_EPOLL = 1;
/** CVE-2020-0041: the parent of a buffer object may be an object that was not verified. */
export const BUG_UNVERIFIED_PARENT = 2;
/** CVE-2024-46740: the copy of what is between two objects overwrites the offsets. */
export const BUG_GAP_OVER_OFFSETS = 4;
/** CVE-2024-26606: a thread that polls is not woken for work that it queues itself. */
export const BUG_OWN_WORK_UNPOLLED = 8;
/** CVE-2025-68260: the release of a node moves its deaths to a list of its own, and others may run before it has walked that. */
export const BUG_DEATHS_MOVED = 16;

// misuse of memory by such a fault, as the invariant checker reports it
export const MISUSE_NONE = 0;
export const MISUSE_FREED = 1; // address of a free object: bytes written, who has the pointer
export const MISUSE_UNVERIFIED = 2; // buffer: index of the object, objects verified
export const MISUSE_OFFSETS = 3; // buffer: bytes of data, end of the copy
export const MISUSE_DEATHS = 4; // death notification that is free: bytes read, node whose release does so
