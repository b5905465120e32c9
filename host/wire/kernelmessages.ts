/**
 * The texts of the kernel log: each line of Linux's driver by its name in abi/klog, with the bit of `debug_mask` that switches
 * it. Many have advice: what a script should do instead.
 *
 * In a text, `{pid}` and `{tid}` are those of the record, and `{who}` both; `{d0}` is argument 0 under the conversion `d`.
 */
import { ENOMEM, ENOSPC, ESRCH } from '../../assembly/abi/errno.ts';
import * as klog from '../../assembly/abi/klog.ts';
import { BR_FAILED_REPLY } from '../../assembly/abi/protocol.ts';
import { wordName } from './words.ts';
import type { WordView } from './wordview.ts';

type Name = {
  [N in keyof typeof klog]: N extends `KLOG_${infer Rest}` ? Exclude<Rest, 'SIZE' | 'FIRST' | 'CAPACITY'> : never;
}[keyof typeof klog];
/** What to do instead; of two advices the first is for an argument 0 that is 0. */
type Advice = string | readonly [string, string];
type Texts = Readonly<Partial<Record<Name, string>>>;

/** Bits of the driver's `debug_mask`, all of them set by default. 0: the line is always printed. */
const ALWAYS = 0;
const USER_ERROR = 1;
const FAILED_TRANSACTION = 2;
const DEAD_TRANSACTION = 4;
export const DEBUG_MASK_DEFAULT = USER_ERROR | FAILED_TRANSACTION | DEAD_TRANSACTION;

/** The lines, by the bit that switches them. */
const TEXTS: Readonly<Record<number, Texts>> = {
  [ALWAYS]: {
    UNKNOWN_COMMAND: '{who} unknown command {u0}',
    NOT_SUPPORTED: '{word0} not supported',
    INVALID_INC: 'invalid inc strong node for {d0}',
    UNEXPECTED_REPLY_ERROR: 'Unexpected reply error: {u0}',
    UNEXPECTED_WORK: 'unexpected work type, {d0}, not freed',
    RELEASE_OBJECT: 'transaction release {d0} bad object at offset {lld1}, size {lld2}',
    RELEASE_NODE: 'transaction release {d0} bad node {ptr1}',
    RELEASE_HANDLE: 'transaction release {d0} bad handle {d1}, ret = {d2}',
    RELEASE_PARENT: 'transaction release {d0} bad parent offset',
    RELEASE_NUMBER: 'transaction release {d0} invalid number of fds ({lld1})',
    RELEASE_SPACE: 'transaction release {d0} not enough space for {lld1} fds in buffer',
    MANAGER_SET: 'BINDER_SET_CONTEXT_MGR already set',
    MANAGER_UID: 'BINDER_SET_CONTEXT_MGR bad uid {d0} != {d1}',
    IOCTL: '{who} ioctl {lx0} {lx1} returned {d2}',
    MMAP_FLAGS: 'binder_mmap: {pid} {lx0}-{lx1} bad vm_flags failed -1',
    NO_PAGE: '{pid}: failed to allocate page',
    PAGE_OUTSIDE: '{pid}: binder_install_single_page failed to insert page at offset {lx0} with -14',
  },
  [USER_ERROR]: {
    MANAGER_ACQUIRES_ZERO: '{who} context manager tried to acquire desc 0',
    OTHER_DESC: '{who} tried to acquire reference to desc {d0}, got {d1} instead',
    REFS_INVALID: '{who} {verb0} refcount change on invalid ref {d1} ret {d2}',
    DONE_NO_MATCH: '{who} {word0} u{ptr1} no match',
    DONE_COOKIE: '{who} {word0} u{ptr1} node {d2} cookie mismatch {ptr3} != {ptr4}',
    DONE_NOT_PENDING: '{who} {word0} node {d1} has no pending {request0} request',
    FREE_UNRETURNED: '{who} BC_FREE_BUFFER u{ptr0} matched unreturned or currently freeing buffer',
    FREE_NO_MATCH: '{who} BC_FREE_BUFFER u{ptr0} no match',
    REGISTER_AFTER_ENTER: '{who} ERROR: BC_REGISTER_LOOPER called after BC_ENTER_LOOPER',
    REGISTER_UNREQUESTED: '{who} ERROR: BC_REGISTER_LOOPER called without request',
    ENTER_AFTER_REGISTER: '{who} ERROR: BC_ENTER_LOOPER called after BC_REGISTER_LOOPER',
    DEATH_INVALID_REF: '{who} {word0} invalid ref {d1}',
    DEATH_ALREADY_SET: '{who} BC_REQUEST_DEATH_NOTIFICATION death notification already set',
    DEATH_NOT_ACTIVE: '{who} BC_CLEAR_DEATH_NOTIFICATION death notification not active',
    DEATH_COOKIE: '{who} BC_CLEAR_DEATH_NOTIFICATION death notification cookie mismatch {ptr0} != {ptr1}',
    DEATH_DONE_NOT_FOUND: '{who} BC_DEAD_BINDER_DONE {ptr0} not found',
    FREEZE_INVALID_REF: '{who} {word0} invalid ref {d1}',
    FREEZE_ALREADY_SET: '{who} BC_REQUEST_FREEZE_NOTIFICATION already set',
    FREEZE_NOT_ACTIVE: '{who} BC_CLEAR_FREEZE_NOTIFICATION freeze notification not active',
    FREEZE_COOKIE: '{who} BC_CLEAR_FREEZE_NOTIFICATION freeze notification cookie mismatch {ptr0} != {ptr1}',
    FREEZE_DONE_NOT_FOUND: '{who} BC_FREEZE_NOTIFICATION_DONE {ptr0} not found',
    WEAK_AS_STRONG: 'tried to use weak ref as strong ref',
    INVALID_DEC: '{pid} invalid dec {strength0}, ref {d1} desc {d2} s {d3} w {d4}',
    REPLY_NO_STACK: '{who} got reply transaction with no transaction stack',
    REPLY_BAD_STACK: '{who} got reply transaction with bad transaction stack, transaction {d0} has target {d1}:{d2}',
    REPLY_TARGET_STACK: '{who} got reply transaction with bad target transaction stack {d0}, expected {d1}',
    INVALID_TARGET: '{who} got transaction to invalid handle, {u0}',
    MANAGER_CALLS_ITSELF: '{who} got transaction to context manager from process owning it',
    CALL_QUEUED: '{who} new transaction not allowed when there is a transaction on thread todo',
    BAD_STACK: '{who} got new transaction with bad transaction stack, transaction {d0} has target {d1}:{d2}',
    OFFSETS_POINTER: '{who} got transaction with invalid offsets ptr',
    OFFSETS_SIZE: '{who} got transaction with invalid offsets size, {lld0}',
    EXTRA_SIZE: '{who} got transaction with unaligned buffers size, {lld0}',
    DATA_POINTER: '{who} got transaction with invalid data ptr',
    OFFSET: '{who} got transaction with invalid offset ({lld0}, min {lld1} max {lld2}) or object.',
    COOKIE: '{who} sending u{ptr0} node {d1}, cookie mismatch {ptr2} != {ptr3}',
    INVALID_HANDLE: '{who} got transaction with invalid handle, {d0}',
    FD_REFUSED: '{who} got {message0} with fd, {d1}, but target does not allow fds',
    FD_INVALID: '{who} got transaction with invalid fd, {d0}',
    FDA_NUMBER: '{who} got transaction with invalid number of fds ({lld0})',
    FDA_SPACE: '{who} not enough space to store {lld0} fds in buffer',
    FDA_ALIGNMENT: '{who} parent offset not aligned correctly.',
    PARENT: '{who} got transaction with invalid parent offset or type',
    FIXUP_ORDER: '{who} got transaction with out-of-order buffer fixup',
    PARENT_SIZE: '{who} invalid ptr object size: {lld0} vs {lld1}',
    PARENT_OFFSET: '{who} got transaction with invalid parent offset',
    BUFFER_TOO_LARGE: '{who} got transaction with too large buffer',
    WAITS_WITHOUT_LOOPER:
      '{who} ERROR: Thread waiting for process work before calling BC_REGISTER_LOOPER or BC_ENTER_LOOPER (state {lx0})',
    NICE: '{tid} RLIMIT_NICE not set',
    NODE_INFO: '{pid} BINDER_GET_NODE_INFO_FOR_REF: only handle may be non-zero.',
    MMAP_TWICE: 'binder_alloc_mmap_handler: {pid} {lx0}-{lx1} already mapped failed -16',
    MMAP_NO_MEMORY: 'binder_alloc_mmap_handler: {pid} {lx0}-{lx1} alloc page array failed -12',
    NO_VMA: '{pid}: binder_alloc_buf, no vma',
    NO_SPACE: '{pid}: binder_alloc_buf size {lld0} failed, no address space',
    SPACE: 'allocated: {lld0} (num: {lld1} largest: {lld2}), free: {lld3} (num: {lld4} largest: {lld5})',
    SPAM: '{pid}: pid {d0} spamming oneway? {lld1} buffers allocated for a total size of {lld2}',
  },
  [FAILED_TRANSACTION]: {
    DEATH_NO_MEMORY: '{who} BC_REQUEST_DEATH_NOTIFICATION failed',
    REPLY_NO_TARGET: '{tid}:{pid} reply target not found',
    NO_TARGET_NODE: '{tid}:{pid} cannot find target node',
    SELF: '{tid}:{pid} self transactions not allowed',
    NO_TRANSACTION: '{tid}:{pid} cannot allocate transaction',
    NO_WORK: '{tid}:{pid} cannot allocate work for transaction',
    NO_SECCTX: '{tid}:{pid} failed to get security context',
    EXTRA_OVERFLOW: '{tid}:{pid} integer overflow of extra_buffers_size',
    NO_BUFFER: 'cannot allocate buffer{why0}',
    TRANSLATE_BINDER: '{tid}:{pid} translate binder failed',
    TRANSLATE_HANDLE: '{tid}:{pid} translate handle failed',
    TRANSLATE_FD: '{tid}:{pid} translate fd failed',
    TRANSLATE_FDA: '{tid}:{pid} translate fd array failed',
    DEFERRED_COPY: '{tid}:{pid} deferred copy failed',
    FIXUP_PARENT: '{tid}:{pid} failed to fixup parent',
    NOT_QUEUED: '{who} {receiver0} process or thread',
    TRANSACTION_FAILED: '{who} transaction {call0} to {d1}:{d2} failed {d3}/{d4}/{d5}, size {lld6}-{lld7} line LINE',
    FAILED_REPLY: 'send failed reply for transaction {d0} to {d1}:{d2}',
    FAILED_REPLY_DEAD: 'send failed reply for transaction {d0}, target dead',
    FD_FIXUPS: `{who} {fixup0}transaction {d1} fd fixups failed ${BR_FAILED_REPLY}/{d2}, line LINE`,
  },
  [DEAD_TRANSACTION]: {
    UNDELIVERED: 'undelivered transaction {d0}, {reason1}',
    UNDELIVERED_ERROR: 'undelivered TRANSACTION_ERROR: {u0}',
    UNDELIVERED_COMPLETE: 'undelivered TRANSACTION_COMPLETE',
    UNDELIVERED_DEATH: 'undelivered death notification, {ptr0}',
    UNDELIVERED_FREEZE: 'undelivered freeze notification, {ptr0}',
    STILL_ACTIVE: 'release {who} transaction {d0} {direction1}, still active',
  },
};

const NOT_PENDING = 'each BR_INCREFS and BR_ACQUIRE is answered once, with the ptr and cookie that it has';
const MANAGER_ZERO = 'handle 0 is the manager itself; it uses its objects directly';
/** @param handle Place of the handle in a text. */
const noHandle = (handle: string) =>
  `process {pid} has no handle ${handle}, or only a weak one: a handle comes in a message, handle 0 by bc.acquire(0), and goes with its last bc.release`;

const ADVICE: Readonly<Partial<Record<Name, Advice>>> = {
  UNKNOWN_COMMAND: '0x{lx0} is no BC_ word, or a command before it is longer or shorter than its word says',
  NOT_SUPPORTED: 'no driver implements that command; bc.acquire takes a reference',
  MANAGER_ACQUIRES_ZERO: MANAGER_ZERO,
  OTHER_DESC: 'the process knows the context manager as handle {d1} already',
  REFS_INVALID: noHandle('{u1}'),
  DONE_NO_MATCH: NOT_PENDING,
  DONE_COOKIE: NOT_PENDING,
  DONE_NOT_PENDING: NOT_PENDING,
  FREE_UNRETURNED: 'a process frees only a buffer that a BR_TRANSACTION or BR_REPLY gave it',
  FREE_NO_MATCH:
    'no message of process {pid} begins there: it was freed before, or the address is not the "buffer" of a BR_TRANSACTION or BR_REPLY that this process read',
  REGISTER_AFTER_ENTER:
    'a thread enters the pool by one of both: the first one by BC_ENTER_LOOPER, one that answers BR_SPAWN_LOOPER by BC_REGISTER_LOOPER',
  REGISTER_UNREQUESTED:
    'BC_REGISTER_LOOPER answers BR_SPAWN_LOOPER; a thread that joins by itself sends BC_ENTER_LOOPER',
  ENTER_AFTER_REGISTER: 'a thread that has registered is in the pool already',
  DEATH_INVALID_REF: noHandle('{u1}'),
  DEATH_ALREADY_SET: 'a handle has one death notification; clear it first',
  DEATH_NOT_ACTIVE: 'none was requested for that handle, or it was cleared before',
  DEATH_COOKIE: 'it was requested with the cookie 0x{lx0}',
  DEATH_DONE_NOT_FOUND: 'each BR_DEAD_BINDER is answered once, with the cookie that it has',
  FREEZE_INVALID_REF: noHandle('{u1}'),
  FREEZE_ALREADY_SET: 'a handle has one freeze notification; clear it first',
  FREEZE_NOT_ACTIVE: 'none was requested for that handle, or it was cleared before',
  FREEZE_COOKIE: 'it was requested with the cookie 0x{lx0}',
  FREEZE_DONE_NOT_FOUND: 'each BR_FROZEN_BINDER is answered once, with the cookie that it has',
  WEAK_AS_STRONG: 'the process holds that handle only weakly; a strong one comes as a BINDER or HANDLE object',
  INVALID_DEC:
    'the process has dropped that reference already: one bc.release for each bc.acquire, one bc.decrefs for each bc.increfs',
  REPLY_NO_STACK:
    'thread {tid} has no call to answer: only the thread that read BR_TRANSACTION replies, once, and not to a oneway',
  REPLY_BAD_STACK: 'thread {tid} waits for the answer to a call of its own; it has nothing to answer before that',
  REPLY_NO_TARGET: 'the caller has ended',
  INVALID_TARGET: noHandle('{u0}'),
  MANAGER_CALLS_ITSELF: MANAGER_ZERO,
  NO_TARGET_NODE: [
    'there is no context manager yet, or it is dead; each device has its own',
    'the process of handle {u0} is dead',
  ],
  CALL_QUEUED: 'a call waits for thread {tid}: it reads that first',
  BAD_STACK: 'thread {tid} waits for the answer to transaction {d0}: it reads the BR_REPLY before it calls again',
  NO_SECCTX: 'the node asks for the sender\'s security context: boot the machine with "secctx"',
  OFFSETS_POINTER: 'the offsets, or the bytes of a PTR object, are not in memory that the sender can read',
  OFFSETS_SIZE: 'each offset has 8 bytes',
  EXTRA_SIZE: 'buffers_size is a multiple of 8',
  DATA_POINTER:
    'the data is not in memory that the sender can read, or an offset is beyond the data, or before the end of another object',
  OFFSET:
    'each offset is a multiple of 4, after the end of the object before it, and at a whole object inside the data, which begins with its BINDER_TYPE_',
  COOKIE: 'the object was sent before with the cookie 0x{lx3}; a ptr has one cookie',
  INVALID_HANDLE: noHandle('{u0}'),
  FD_REFUSED: [
    'the target was sent without FLAT_BINDER_FLAG_ACCEPTS_FDS: its process sets that flag in the BINDER object, or in becomeContextManager',
    'the call has no TF_ACCEPT_FDS: its caller sets that flag',
  ],
  FD_INVALID: 'that descriptor is not open in the sending process',
  FDA_SPACE: 'the parent of an FDA object has 4 bytes for each descriptor',
  PARENT: 'the parent is the index of an earlier PTR object in the offsets',
  FIXUP_ORDER:
    'objects come in the order of a walk through the tree of their parents, and parent offsets rise; a parent at offset 0 of the data counts as none',
  PARENT_OFFSET: 'the pointer, 8 bytes at the parent offset, is inside its parent',
  BUFFER_TOO_LARGE:
    'buffers_size is the sum of the lengths of all PTR objects, each rounded up to 8; only the _SG commands have it',
  NOT_QUEUED: ['the receiver has ended', 'the callee is frozen until thread.freeze(fd, its pid, { enable: false })'],
  FD_FIXUPS: 'the receiver has as many descriptors open as its limit allows',
  RELEASE_HANDLE:
    'a buffer that is freed drops the handles that came in it: the process has dropped one more than it took',
  NO_VMA: 'process {pid} has not mapped its descriptor (mmap), or has unmapped it',
  NO_SPACE: 'no hole in the mapping of process {pid} is large enough: it frees messages (BC_FREE_BUFFER), or maps more',
  NO_PAGE: 'the machine has no memory left: boot it with more "memoryMiB"',
  PAGE_OUTSIDE: 'munmap or mprotect has cut the mapping of process {pid}',
};

const chosen =
  (...texts: readonly string[]) =>
  (value: bigint) =>
    texts[Number(value)];
const number32 = (value: bigint) => Number(BigInt.asIntN(32, value));
const wordOf = (value: bigint) => wordName(Number(BigInt.asUintN(32, value))) ?? '';
const REFS_VERBS: Readonly<Record<string, string>> = {
  BC_INCREFS: 'IncRefs 0',
  BC_ACQUIRE: 'Acquire 1',
  BC_RELEASE: 'Release 1',
  BC_DECREFS: 'DecRefs 0',
};
const BUFFER_ERRORS: Readonly<Record<number, string>> = {
  [ESRCH]: ': vma cleared, target dead or dying',
  [ENOSPC]: ': no space left',
  [ENOMEM]: ': memory allocation failed',
};

/** How arguments are shown, at first as printf does. */
const CONVERSIONS: Readonly<Record<string, (value: bigint) => unknown>> = {
  d: number32,
  u: (value) => BigInt.asUintN(32, value),
  lld: (value) => BigInt.asIntN(64, value),
  lx: (value) => value.toString(16),
  ptr: (value) => value.toString(16).padStart(16, '0'), // %016llx
  word: wordOf,
  verb: (value) => REFS_VERBS[wordOf(value)],
  request: (value) => (wordOf(value) === 'BC_ACQUIRE_DONE' ? 'acquire' : 'increfs'),
  why: (value) => BUFFER_ERRORS[-number32(value)] ?? '',
  strength: chosen('weak', 'strong'),
  message: chosen('transaction', 'reply'),
  receiver: chosen('dead', 'frozen'),
  direction: chosen('out', 'in'),
  call: chosen('call', 'async', 'reply'),
  fixup: chosen('', 'async ', 'reply '),
  reason: chosen('process died.', 'fd fixups failed', 'put_user failed', 'copy_to_user failed'),
};

/** From this line on they are of binder_alloc.c, which is another module where the driver is built in. */
const ALLOCATOR = klog.KLOG_MMAP_TWICE;

const NUMBERS: Readonly<Record<`KLOG_${Name}`, number>> = klog;

interface Line {
  readonly mask: number;
  readonly text: string;
  readonly advice: Advice | undefined;
}

const LINES: ReadonlyMap<number, Line> = new Map(
  Object.entries(TEXTS).flatMap(([mask, texts]) =>
    (Object.entries(texts) as [Name, string][]).map(([name, text]): [number, Line] => [
      NUMBERS[`KLOG_${name}`],
      { mask: Number(mask), text, advice: ADVICE[name] },
    ]),
  ),
);

/** A line of the kernel log. */
export interface KernelMessage {
  /** As dmesg shows it, from the module's name on. Where Linux has the number of a source line it says `line LINE`. */
  readonly text: string;
  /** What the script should do instead; null where that follows from the text, or from another line. */
  readonly advice: string | null;
  /** Thread that it is about; 0 for none. */
  readonly tid: number;
  /** Thread to which a failed transaction was addressed; 0 for none, and in other lines. */
  readonly receiver: number;
  /** Number of a transaction that failed because it found no buffer; 0 in other lines. */
  readonly shortage: number;
}

/**
 * The line of a record.
 *
 * @param at Index of its first word.
 * @returns null when `mask`, the driver's `debug_mask`, switches it off.
 */
export function kernelMessage(memory: WordView, at: number, mask: number): KernelMessage | null {
  const number = memory.u32(at);
  const line = LINES.get(number);
  if (line === undefined || (line.mask !== ALWAYS && (line.mask & mask) === 0)) return null;
  const [pid, tid] = [memory.i32[at + 1] as number, memory.i32[at + 2] as number];
  const head: Readonly<Record<string, unknown>> = { pid, tid, who: `${pid}:${tid}` };
  const argument = (index: number) => memory.big(at + klog.KLOG_FIRST / 4 + 2 * index);
  const filled = (text: string) =>
    text.replace(/\{([a-z]+)(\d?)\}/g, (_, name: string, index: string) =>
      String(index === '' ? head[name] : CONVERSIONS[name]?.(argument(Number(index)))),
    );
  const advice = typeof line.advice === 'object' ? line.advice[argument(0) === 0n ? 0 : 1] : line.advice;
  const isFailure = number === klog.KLOG_TRANSACTION_FAILED;
  return {
    text: `${number < ALLOCATOR ? 'binder' : 'binder_alloc'}: ${filled(line.text)}`,
    advice: advice === undefined ? null : filled(advice),
    tid,
    receiver: isFailure ? number32(argument(2)) : 0,
    shortage: isFailure && number32(argument(5)) === -ENOSPC ? number32(argument(3)) : 0,
  };
}
