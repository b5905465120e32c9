/**
 * The driver's nouns, in one file because they point at each other.
 *
 *     Context ──manager──> Node <──node── Ref ──proc──> Proc ──alloc──> BinderAlloc ──> Buffer
 *                           │ refs: list of Ref          │ threads, nodes, refsByDesc, refsByNode: trees
 *                           └──proc──> Proc              │ todo: list of Work
 *     Transaction ──from, toThread──> BinderThread ──proc┘ todo: list of Work, stack: Transaction
 *
 * A BinderThread is Linux's binder_thread; a Thread is the task that it belongs to. The other names are Linux's without
 * their prefix. A Work is the first part of everything that can be queued, so that a queue entry is its object.
 */
import { BC_COUNT, BR_COUNT } from '../abi/protocol';
import {
  CACHE_BINDER_THREAD,
  CACHE_BINDER_NODE,
  CACHE_BINDER_PROC,
  CACHE_BINDER_REF,
  CACHE_BINDER_REF_DEATH,
  CACHE_BINDER_REF_FREEZE,
  CACHE_BINDER_TRANSACTION,
  CACHE_BINDER_WORK,
  CACHE_FD_FIXUP,
  CACHE_SG_COPY,
  CACHE_SG_FIXUP,
} from '../abi/machine';
import { BinderAlloc } from '../alloc/alloc';
import { Buffer } from '../alloc/buffer';
import { kmemCache } from '../mem/kmem';
import { OpenFile } from '../task/file';
import { Process, Thread } from '../task/process';
import { SecurityContext } from '../task/secctx';

// what a queued Work is
export const WORK_TRANSACTION: u32 = 1;
export const WORK_TRANSACTION_COMPLETE: u32 = 2;
export const WORK_TRANSACTION_PENDING: u32 = 3;
export const WORK_TRANSACTION_ONEWAY_SPAM_SUSPECT: u32 = 4;
export const WORK_RETURN_ERROR: u32 = 5;
export const WORK_NODE: u32 = 6;
export const WORK_DEAD_BINDER: u32 = 7;
export const WORK_DEAD_BINDER_AND_CLEAR: u32 = 8;
export const WORK_CLEAR_DEATH_NOTIFICATION: u32 = 9;
export const WORK_FROZEN_BINDER: u32 = 10;
export const WORK_CLEAR_FREEZE_NOTIFICATION: u32 = 11;

/** An entry of a todo list: something that a thread's read turns into BR_ words. */
@unmanaged
export class Work {
  next: usize; // link in the list it waits in; zero while it is in none
  prev: usize;
  type: u32; // WORK_*
}

/** A BR_ word for a thread, about a failed transaction. Each thread contains two. */
@unmanaged
export class ErrorWork extends Work {
  command: u32; // BR_OK while it is free
}

// states of a binder thread, as in Linux's dumps
export const LOOPER_REGISTERED: u32 = 0x01;
export const LOOPER_ENTERED: u32 = 0x02;
export const LOOPER_EXITED: u32 = 0x04;
export const LOOPER_INVALID: u32 = 0x08;
export const LOOPER_WAITING: u32 = 0x10;
export const LOOPER_POLL: u32 = 0x20;

// what a Proc waits to have done by deferred work
export const DEFERRED_FLUSH: u8 = 1;
export const DEFERRED_RELEASE: u8 = 2;

/** A device: binder, hwbinder or vndbinder. */
@unmanaged
export class BinderContext {
  manager: Node | null; // the node that handle 0 means; null while there is none
  managerUid: i64; // uid that first became manager since boot, -1 before; it stays for ever
}

/** One open file of a device. It lives until the file is released and its last reference goes. */
@unmanaged
export class Proc {
  procsNext: usize; // link in the list of all procs, newest first; first, so that a link is a proc
  procsPrev: usize;
  deferredNext: usize; // link in the list of procs with deferred work
  deferredPrev: usize;
  waitingNext: usize; // head of binder threads that wait for process work, newest first
  waitingPrev: usize;
  todoNext: usize; // head of work that any binder thread may take
  todoPrev: usize;
  deliveredDeathNext: usize; // head of deaths that user space has not answered
  deliveredDeathPrev: usize;
  deliveredFreezeNext: usize; // head of freeze notifications that user space has not answered
  deliveredFreezePrev: usize;
  threads: usize; // tree of binder threads by tid
  nodes: usize; // tree of nodes by ptr
  refsByDesc: usize; // tree of refs by handle
  refsByNode: usize; // tree of refs by node
  descBitmap: usize; // frames with one bit for each handle in use; 0 before the first
  descOrder: i32;
  descLow: i32; // no handle from 1 up to below this one is free
  context: BinderContext;
  process: Process; // the opener of the file; held, and possibly dead
  secctx: SecurityContext | null; // the opener's when it opened the file; held
  alloc: BinderAlloc;
  pid: i32;
  device: u8;
  deferred: u8; // DEFERRED_*
  isDead: bool;
  debugfsEntry: bool; // its pid has a file in debugfs on its account: no other proc of that pid was there when it opened
  isFrozen: bool;
  syncRecv: bool; // a call came while frozen
  asyncRecv: bool; // a oneway came while frozen
  spamDetection: bool; // BINDER_ENABLE_ONEWAY_SPAM_DETECTION
  defaultPriority: i32; // nice of the opener
  maxThreads: u32;
  requestedThreads: i32; // BR_SPAWN_LOOPER sent and not answered: 0 or 1
  requestedThreadsStarted: u32; // BC_REGISTER_LOOPERs that answered one; never goes down
  outstandingTxns: i32; // transactions that are queued to it or being served
  tmpRefs: i32; // holders for the length of an operation, and dead binder threads that still hold it
}

/** One thread of a Proc, made by its first ioctl or poll. */
@unmanaged
export class BinderThread {
  rbParent: usize; // node in the proc's tree of threads; first, so that a tree node is a binder thread
  rbLeft: usize;
  rbRight: usize;
  waitingNext: usize; // link in the proc's list of waiting binder threads
  waitingPrev: usize;
  todoNext: usize; // head of work for this binder thread alone
  todoPrev: usize;
  returnErrorNext: usize; // ErrorWork: the binder thread's own last transaction failed
  returnErrorPrev: usize;
  returnErrorType: u32;
  returnErrorCommand: u32;
  replyErrorNext: usize; // ErrorWork: a call it made got no reply
  replyErrorPrev: usize;
  replyErrorType: u32;
  replyErrorCommand: u32;
  proc: Proc;
  stack: Transaction | null; // calls it serves and waits for, innermost first
  waiter: Thread | null; // the task that sleeps at it in read or poll
  watchesNext: usize; // queue of epoll watches
  watchesPrev: usize;
  tid: i32;
  state: u32; // LOOPER_*
  tmpRefs: i32;
  errorId: u32; // extended error: transaction, BR_ word, -errno
  errorCommand: u32;
  errorParam: i32;
  needReturn: bool; // its next read returns at once; set at birth, by flush, and by closed descriptors
  processTodo: bool; // its todo list holds something worth returning for
  isDead: bool; // released, and kept until its last holder goes
}

/** An object that a process has sent: what handles refer to. */
@unmanaged
export class Node extends Work {
  rbParent: usize; // node in the owner's tree by ptr; when it is dead, a link in the list of dead nodes
  rbLeft: usize;
  rbRight: usize;
  refsNext: usize; // head of the refs to it, newest first
  refsPrev: usize;
  asyncTodoNext: usize; // head of oneways that wait for the one being handled
  asyncTodoPrev: usize;
  ptr: u64; // the owner's names for it
  cookie: u64;
  proc: Proc | null; // owner; null once it died
  debugId: i32;
  internalStrongRefs: i32; // refs of other processes that are strong
  localStrongRefs: i32; // buffers and commands under way in the owner
  localWeakRefs: i32;
  tmpRefs: i32;
  hasStrongRef: bool; // the state that the last BR_ word gave the owner
  pendingStrongRef: bool; // it has not answered BR_ACQUIRE
  hasWeakRef: bool;
  pendingWeakRef: bool;
  acceptFds: bool; // flags it was first sent with
  txnSecurityCtx: bool;
  hasAsyncTransaction: bool; // a oneway is queued, or delivered and not freed
  minPriority: u8;
}

/** A process's handle on a node. */
@unmanaged
export class Ref {
  descParent: usize; // node in the tree by handle; first, so that a tree node is a ref
  descLeft: usize;
  descRight: usize;
  nodeParent: usize; // node in the tree by node
  nodeLeft: usize;
  nodeRight: usize;
  siblingNext: usize; // link in the node's list of refs
  siblingPrev: usize;
  proc: Proc;
  node: Node;
  death: RefDeath | null;
  freeze: RefFreeze | null;
  debugId: i32;
  desc: u32; // the handle
  strong: i32;
  weak: i32;
}

/** A request for a notification of a node's death. */
@unmanaged
export class RefDeath extends Work {
  cookie: u64;
}

/** A request for notifications when a node's owner is frozen and thawed. */
@unmanaged
export class RefFreeze extends Work {
  cookie: u64;
  isFrozen: bool;
  sent: bool; // user space has it, and has not answered yet
  resend: bool; // something changed since
}

/** A message on its way, from BC_TRANSACTION or BC_REPLY until it was answered or taken. */
@unmanaged
export class Transaction extends Work {
  fixupsNext: usize; // head of descriptors that are to be given to the receiver
  fixupsPrev: usize;
  from: BinderThread | null; // caller that waits for the reply; null for oneways, replies, and dead callers
  fromParent: Transaction | null; // next on the caller's stack
  toProc: Proc | null; // null once the receiver's thread died
  toThread: BinderThread | null; // null until a thread took it, unless it was addressed to one
  toParent: Transaction | null; // next on the receiver's stack
  buffer: Buffer | null;
  securityCtx: u64; // user address of the sender's security context, or 0
  debugId: i32;
  fromPid: i32;
  fromTid: i32;
  senderEuid: u32;
  code: u32;
  flags: u32;
  priority: i32;
  savedPriority: i32;
  needReply: bool;
}

/** A descriptor in flight: the file is held, and gets a number when the receiver reads the message. */
@unmanaged
export class FdFixup {
  next: usize; // link in its transaction
  prev: usize;
  file: OpenFile;
  offset: u32; // in the buffer, of the 32-bit number
  targetFd: i32; // number reserved at the receiver, -1 before
}

/** Scatter-gather bytes that wait to be copied until every fix-up is known. */
@unmanaged
export class SgCopy {
  next: usize; // link, in rising order of offset
  prev: usize;
  offset: u64; // in the buffer
  sender: u64; // user address
  length: u64;
}

/** A place in scatter-gather bytes that is not copied: a pointer to be stored, or descriptors to be filled in later. */
@unmanaged
export class SgFixup {
  next: usize; // link, in rising order of offset
  prev: usize;
  offset: u64;
  value: u64; // to be stored when skip is 0
  skip: u64; // bytes to leave alone
}

/** Counts of one proc, or of the whole driver: BC_ and BR_ words by number. A proc's follow it in memory. */
export const STATS_BC: usize = 0;
export const STATS_BR: usize = BC_COUNT * 4;
const STATS_SIZE: usize = (BC_COUNT + BR_COUNT) * 4;

export function objectsBoot(): void {
  kmemCache(CACHE_BINDER_PROC, ((offsetof<Proc>() + 7) & ~7) + STATS_SIZE);
  kmemCache(CACHE_BINDER_THREAD, offsetof<BinderThread>());
  kmemCache(CACHE_BINDER_NODE, offsetof<Node>());
  kmemCache(CACHE_BINDER_REF, offsetof<Ref>());
  kmemCache(CACHE_BINDER_REF_DEATH, offsetof<RefDeath>());
  kmemCache(CACHE_BINDER_REF_FREEZE, offsetof<RefFreeze>());
  kmemCache(CACHE_BINDER_TRANSACTION, offsetof<Transaction>());
  kmemCache(CACHE_BINDER_WORK, offsetof<Work>());
  kmemCache(CACHE_FD_FIXUP, offsetof<FdFixup>());
  kmemCache(CACHE_SG_COPY, offsetof<SgCopy>());
  kmemCache(CACHE_SG_FIXUP, offsetof<SgFixup>());
}

export function procStats(proc: Proc): usize {
  return changetype<usize>(proc) + ((offsetof<Proc>() + 7) & ~7);
}

export function procTodo(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('todoNext');
}

export function procWaiting(proc: Proc): usize {
  return changetype<usize>(proc) + offsetof<Proc>('waitingNext');
}

export function binderThreadTodo(binderThread: BinderThread): usize {
  return changetype<usize>(binderThread) + offsetof<BinderThread>('todoNext');
}

export function binderThreadWatches(binderThread: BinderThread): usize {
  return changetype<usize>(binderThread) + offsetof<BinderThread>('watchesNext');
}

export function binderThreadReturnError(binderThread: BinderThread): ErrorWork {
  return changetype<ErrorWork>(changetype<usize>(binderThread) + offsetof<BinderThread>('returnErrorNext'));
}

export function binderThreadReplyError(binderThread: BinderThread): ErrorWork {
  return changetype<ErrorWork>(changetype<usize>(binderThread) + offsetof<BinderThread>('replyErrorNext'));
}

export function nodeRefs(node: Node): usize {
  return changetype<usize>(node) + offsetof<Node>('refsNext');
}

export function nodeAsyncTodo(node: Node): usize {
  return changetype<usize>(node) + offsetof<Node>('asyncTodoNext');
}

export function transactionFixups(transaction: Transaction): usize {
  return changetype<usize>(transaction) + offsetof<Transaction>('fixupsNext');
}

/** The ref whose link in its node's list is at `link`. */
export function refOfSibling(link: usize): Ref {
  assert(link != 0, 'refOfSibling: no link');
  return changetype<Ref>(link - offsetof<Ref>('siblingNext'));
}

/** The binder thread whose link in its proc's waiting list is at `link`. */
export function binderThreadOfWaiting(link: usize): BinderThread {
  assert(link != 0, 'binderThreadOfWaiting: no link');
  return changetype<BinderThread>(link - offsetof<BinderThread>('waitingNext'));
}
