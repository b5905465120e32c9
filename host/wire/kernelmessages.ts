/**
 * The texts of the kernel log: each line of Linux's driver by its number, with the bit of `debug_mask` that switches it. A few
 * have advice: what a script should do instead.
 */
import { ENOMEM, ENOSPC, ESRCH } from '../../assembly/abi/errno.ts';
import * as klog from '../../assembly/abi/klog.ts';
import { BR_FAILED_REPLY } from '../../assembly/abi/protocol.ts';
import { wordName } from './words.ts';
import type { WordView } from './wordview.ts';

/** Bits of the driver's `debug_mask`, all of them set by default. 0: the line is always printed. */
const ALWAYS = 0;
const USER_ERROR = 1;
const FAILED_TRANSACTION = 2;
const DEAD_TRANSACTION = 4;
export const DEBUG_MASK_DEFAULT = USER_ERROR | FAILED_TRANSACTION | DEAD_TRANSACTION;

const CALL_TYPES = ['call', 'async', 'reply'];
const FIXUP_TYPES = ['', 'async ', 'reply '];
const UNDELIVERED = ['process died.', 'fd fixups failed', 'put_user failed', 'copy_to_user failed'];
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

/** The arguments of a line, as printf's conversions show them. */
class Arguments {
  constructor(
    private readonly memory: WordView,
    /** Index of the record's first word. */
    private readonly at: number,
  ) {}

  get line(): number {
    return this.memory.u32(this.at);
  }

  get pid(): number {
    return this.memory.i32[this.at + 1] as number;
  }

  get tid(): number {
    return this.memory.i32[this.at + 2] as number;
  }

  /** "%d:%d" of process and thread. */
  get who(): string {
    return `${this.pid}:${this.tid}`;
  }

  /** The same in reverse, as Linux prints it in some lines. */
  get owh(): string {
    return `${this.tid}:${this.pid}`;
  }

  d(index: number): number {
    return this.memory.i32[this.#word(index)] as number;
  }

  u(index: number): number {
    return this.memory.u32(this.#word(index));
  }

  lld(index: number): bigint {
    return BigInt.asIntN(64, this.memory.big(this.#word(index)));
  }

  lx(index: number): string {
    return this.memory.big(this.#word(index)).toString(16);
  }

  /** "%016llx" */
  ptr(index: number): string {
    return this.lx(index).padStart(16, '0');
  }

  /** The name of a BC_ word. */
  name(index: number): string {
    return wordName(this.u(index)) ?? '';
  }

  #word(index: number): number {
    return this.at + klog.KLOG_FIRST / 4 + 2 * index;
  }
}

type Text = (line: Arguments) => string;

interface Message {
  readonly mask: number;
  readonly text: Text;
  readonly advice?: Text | undefined;
}

const always = (text: Text, advice?: Text): Message => ({ mask: ALWAYS, text, advice });
const user = (text: Text, advice?: Text): Message => ({ mask: USER_ERROR, text, advice });
const failed = (text: Text, advice?: Text): Message => ({ mask: FAILED_TRANSACTION, text, advice });
const dead = (text: Text): Message => ({ mask: DEAD_TRANSACTION, text });

/** @param at Index of the handle among the arguments. */
const noHandle =
  (at: number): Text =>
  (l) =>
    `process ${l.pid} has no handle ${l.u(at)}, or only a weak one: a handle comes in a message (0 is there from the start) and goes with its last bc.release`;
const NOT_PENDING: Text = () => 'each BR_INCREFS and BR_ACQUIRE is answered once, with the ptr and cookie that it has';
const MANAGER_ZERO: Text = () => 'handle 0 is the manager itself; it uses its objects directly';

const COMMANDS: Readonly<Record<number, Message>> = {
  [klog.KLOG_UNKNOWN_COMMAND]: always(
    (l) => `${l.who} unknown command ${l.u(0)}`,
    (l) => `0x${l.lx(0)} is no BC_ word, or a command before it is longer or shorter than its word says`,
  ),
  [klog.KLOG_NOT_SUPPORTED]: always((l) => `${l.name(0)} not supported`),
  [klog.KLOG_MANAGER_ACQUIRES_ZERO]: user((l) => `${l.who} context manager tried to acquire desc 0`, MANAGER_ZERO),
  [klog.KLOG_OTHER_DESC]: user(
    (l) => `${l.who} tried to acquire reference to desc ${l.d(0)}, got ${l.d(1)} instead`,
    (l) => `the process knows the context manager as handle ${l.d(1)} already`,
  ),
  [klog.KLOG_REFS_INVALID]: user(
    (l) => `${l.who} ${REFS_VERBS[l.name(0)]} refcount change on invalid ref ${l.d(1)} ret ${l.d(2)}`,
    noHandle(1),
  ),
  [klog.KLOG_DONE_NO_MATCH]: user((l) => `${l.who} ${l.name(0)} u${l.ptr(1)} no match`, NOT_PENDING),
  [klog.KLOG_DONE_COOKIE]: user(
    (l) => `${l.who} ${l.name(0)} u${l.ptr(1)} node ${l.d(2)} cookie mismatch ${l.ptr(3)} != ${l.ptr(4)}`,
    NOT_PENDING,
  ),
  [klog.KLOG_DONE_NOT_PENDING]: user((l) => {
    const request = l.name(0) === 'BC_ACQUIRE_DONE' ? 'acquire' : 'increfs';
    return `${l.who} ${l.name(0)} node ${l.d(1)} has no pending ${request} request`;
  }, NOT_PENDING),
  [klog.KLOG_FREE_UNRETURNED]: user(
    (l) => `${l.who} BC_FREE_BUFFER u${l.ptr(0)} matched unreturned or currently freeing buffer`,
    () => 'a process frees only a buffer that a BR_TRANSACTION or BR_REPLY gave it',
  ),
  [klog.KLOG_FREE_NO_MATCH]: user(
    (l) => `${l.who} BC_FREE_BUFFER u${l.ptr(0)} no match`,
    () =>
      'no message begins there: it was freed before, or the address is not the "buffer" of a BR_TRANSACTION or BR_REPLY',
  ),
  [klog.KLOG_REGISTER_AFTER_ENTER]: user(
    (l) => `${l.who} ERROR: BC_REGISTER_LOOPER called after BC_ENTER_LOOPER`,
    () =>
      'a thread enters the pool by one of both: the first one by BC_ENTER_LOOPER, one that answers BR_SPAWN_LOOPER by BC_REGISTER_LOOPER',
  ),
  [klog.KLOG_REGISTER_UNREQUESTED]: user(
    (l) => `${l.who} ERROR: BC_REGISTER_LOOPER called without request`,
    () => 'BC_REGISTER_LOOPER answers BR_SPAWN_LOOPER; a thread that joins by itself sends BC_ENTER_LOOPER',
  ),
  [klog.KLOG_ENTER_AFTER_REGISTER]: user(
    (l) => `${l.who} ERROR: BC_ENTER_LOOPER called after BC_REGISTER_LOOPER`,
    () => 'a thread that has registered is in the pool already',
  ),
  [klog.KLOG_DEATH_NO_MEMORY]: failed((l) => `${l.who} BC_REQUEST_DEATH_NOTIFICATION failed`),
  [klog.KLOG_DEATH_INVALID_REF]: user((l) => `${l.who} ${l.name(0)} invalid ref ${l.d(1)}`, noHandle(1)),
  [klog.KLOG_DEATH_ALREADY_SET]: user(
    (l) => `${l.who} BC_REQUEST_DEATH_NOTIFICATION death notification already set`,
    () => 'a handle has one death notification; clear it first',
  ),
  [klog.KLOG_DEATH_NOT_ACTIVE]: user(
    (l) => `${l.who} BC_CLEAR_DEATH_NOTIFICATION death notification not active`,
    () => 'none was requested for that handle, or it was cleared before',
  ),
  [klog.KLOG_DEATH_COOKIE]: user(
    (l) => `${l.who} BC_CLEAR_DEATH_NOTIFICATION death notification cookie mismatch ${l.ptr(0)} != ${l.ptr(1)}`,
    (l) => `it was requested with the cookie 0x${l.lx(0)}`,
  ),
  [klog.KLOG_DEATH_DONE_NOT_FOUND]: user(
    (l) => `${l.who} BC_DEAD_BINDER_DONE ${l.ptr(0)} not found`,
    () => 'each BR_DEAD_BINDER is answered once, with the cookie that it has',
  ),
  [klog.KLOG_FREEZE_INVALID_REF]: user((l) => `${l.who} ${l.name(0)} invalid ref ${l.d(1)}`, noHandle(1)),
  [klog.KLOG_FREEZE_ALREADY_SET]: user(
    (l) => `${l.who} BC_REQUEST_FREEZE_NOTIFICATION already set`,
    () => 'a handle has one freeze notification; clear it first',
  ),
  [klog.KLOG_FREEZE_NOT_ACTIVE]: user(
    (l) => `${l.who} BC_CLEAR_FREEZE_NOTIFICATION freeze notification not active`,
    () => 'none was requested for that handle, or it was cleared before',
  ),
  [klog.KLOG_FREEZE_COOKIE]: user(
    (l) => `${l.who} BC_CLEAR_FREEZE_NOTIFICATION freeze notification cookie mismatch ${l.ptr(0)} != ${l.ptr(1)}`,
    (l) => `it was requested with the cookie 0x${l.lx(0)}`,
  ),
  [klog.KLOG_FREEZE_DONE_NOT_FOUND]: user(
    (l) => `${l.who} BC_FREEZE_NOTIFICATION_DONE ${l.ptr(0)} not found`,
    () => 'each BR_FROZEN_BINDER is answered once, with the cookie that it has',
  ),
  [klog.KLOG_WEAK_AS_STRONG]: user(
    () => 'tried to use weak ref as strong ref',
    () => 'the process holds that handle only weakly; a strong one comes as a BINDER or HANDLE object',
  ),
  [klog.KLOG_INVALID_DEC]: user(
    (l) => {
      const counts = `s ${l.d(3)} w ${l.d(4)}`;
      return `${l.pid} invalid dec ${l.d(0) ? 'strong' : 'weak'}, ref ${l.d(1)} desc ${l.d(2)} ${counts}`;
    },
    () =>
      'the process has dropped that reference already: one bc.release for each bc.acquire, one bc.decrefs for each bc.increfs',
  ),
  [klog.KLOG_INVALID_INC]: always((l) => `invalid inc strong node for ${l.d(0)}`),
};

const TRANSACTIONS: Readonly<Record<number, Message>> = {
  [klog.KLOG_REPLY_NO_STACK]: user(
    (l) => `${l.who} got reply transaction with no transaction stack`,
    (l) =>
      `thread ${l.tid} has no call to answer: only the thread that read BR_TRANSACTION replies, once, and not to a oneway`,
  ),
  [klog.KLOG_REPLY_BAD_STACK]: user(
    (l) =>
      `${l.who} got reply transaction with bad transaction stack, transaction ${l.d(0)} has target ${l.d(1)}:${l.d(2)}`,
    (l) => `thread ${l.tid} waits for the answer to a call of its own; it has nothing to answer before that`,
  ),
  [klog.KLOG_REPLY_NO_TARGET]: failed(
    (l) => `${l.owh} reply target not found`,
    () => 'the caller has ended',
  ),
  [klog.KLOG_REPLY_TARGET_STACK]: user(
    (l) => `${l.who} got reply transaction with bad target transaction stack ${l.d(0)}, expected ${l.d(1)}`,
  ),
  [klog.KLOG_INVALID_TARGET]: user((l) => `${l.who} got transaction to invalid handle, ${l.u(0)}`, noHandle(0)),
  [klog.KLOG_MANAGER_CALLS_ITSELF]: user(
    (l) => `${l.who} got transaction to context manager from process owning it`,
    MANAGER_ZERO,
  ),
  [klog.KLOG_NO_TARGET_NODE]: failed(
    (l) => `${l.owh} cannot find target node`,
    (l) =>
      l.u(0)
        ? `the process of handle ${l.u(0)} is dead`
        : 'there is no context manager yet, or it is dead; each device has its own',
  ),
  [klog.KLOG_SELF]: failed((l) => `${l.owh} self transactions not allowed`),
  [klog.KLOG_CALL_QUEUED]: user(
    (l) => `${l.who} new transaction not allowed when there is a transaction on thread todo`,
    (l) => `a call waits for thread ${l.tid}: it reads that first`,
  ),
  [klog.KLOG_BAD_STACK]: user(
    (l) =>
      `${l.who} got new transaction with bad transaction stack, transaction ${l.d(0)} has target ${l.d(1)}:${l.d(2)}`,
    (l) => `thread ${l.tid} waits for the answer to transaction ${l.d(0)}: it reads the BR_REPLY before it calls again`,
  ),
  [klog.KLOG_NO_TRANSACTION]: failed((l) => `${l.owh} cannot allocate transaction`),
  [klog.KLOG_NO_WORK]: failed((l) => `${l.owh} cannot allocate work for transaction`),
  [klog.KLOG_NO_SECCTX]: failed(
    (l) => `${l.owh} failed to get security context`,
    () => 'the node asks for the sender\'s security context: boot the machine with "secctx"',
  ),
  [klog.KLOG_EXTRA_OVERFLOW]: failed((l) => `${l.owh} integer overflow of extra_buffers_size`),
  [klog.KLOG_NO_BUFFER]: failed((l) => `cannot allocate buffer${BUFFER_ERRORS[-l.d(0)] ?? ''}`),
  [klog.KLOG_OFFSETS_POINTER]: user(
    (l) => `${l.who} got transaction with invalid offsets ptr`,
    () => 'the offsets, or the bytes of a PTR object, are not in memory that the sender can read',
  ),
  [klog.KLOG_OFFSETS_SIZE]: user(
    (l) => `${l.who} got transaction with invalid offsets size, ${l.lld(0)}`,
    () => 'each offset has 8 bytes',
  ),
  [klog.KLOG_EXTRA_SIZE]: user(
    (l) => `${l.who} got transaction with unaligned buffers size, ${l.lld(0)}`,
    () => 'buffers_size is a multiple of 8',
  ),
  [klog.KLOG_DATA_POINTER]: user(
    (l) => `${l.who} got transaction with invalid data ptr`,
    () => 'the data is not in memory that the sender can read, or an offset is beyond the data',
  ),
  [klog.KLOG_OFFSET]: user(
    (l) => `${l.who} got transaction with invalid offset (${l.lld(0)}, min ${l.lld(1)} max ${l.lld(2)}) or object.`,
    () => 'each offset is a multiple of 4, after the object before it, and at a whole object inside the data',
  ),
  [klog.KLOG_TRANSLATE_BINDER]: failed((l) => `${l.owh} translate binder failed`),
  [klog.KLOG_TRANSLATE_HANDLE]: failed((l) => `${l.owh} translate handle failed`),
  [klog.KLOG_TRANSLATE_FD]: failed((l) => `${l.owh} translate fd failed`),
  [klog.KLOG_TRANSLATE_FDA]: failed((l) => `${l.owh} translate fd array failed`),
  [klog.KLOG_COOKIE]: user(
    (l) => `${l.who} sending u${l.ptr(0)} node ${l.d(1)}, cookie mismatch ${l.ptr(2)} != ${l.ptr(3)}`,
    (l) => `the object was sent before with the cookie 0x${l.lx(3)}; a ptr has one cookie`,
  ),
  [klog.KLOG_INVALID_HANDLE]: user((l) => `${l.who} got transaction with invalid handle, ${l.d(0)}`, noHandle(0)),
  [klog.KLOG_FD_REFUSED]: user(
    (l) => `${l.who} got ${l.d(0) ? 'reply' : 'transaction'} with fd, ${l.d(1)}, but target does not allow fds`,
    (l) => (l.d(0) ? 'the call has no TF_ACCEPT_FDS' : 'the object was sent without FLAT_BINDER_FLAG_ACCEPTS_FDS'),
  ),
  [klog.KLOG_FD_INVALID]: user(
    (l) => `${l.who} got transaction with invalid fd, ${l.d(0)}`,
    () => 'that descriptor is not open in the sending process',
  ),
  [klog.KLOG_FDA_NUMBER]: user((l) => `${l.who} got transaction with invalid number of fds (${l.lld(0)})`),
  [klog.KLOG_FDA_SPACE]: user(
    (l) => `${l.who} not enough space to store ${l.lld(0)} fds in buffer`,
    () => 'the parent of an FDA object has 4 bytes for each descriptor',
  ),
  [klog.KLOG_FDA_ALIGNMENT]: user((l) => `${l.who} parent offset not aligned correctly.`),
  [klog.KLOG_PARENT]: user(
    (l) => `${l.who} got transaction with invalid parent offset or type`,
    () => 'the parent is the index of an earlier PTR object in the offsets',
  ),
  [klog.KLOG_FIXUP_ORDER]: user(
    (l) => `${l.who} got transaction with out-of-order buffer fixup`,
    () => 'objects come in the order of a walk through the tree of their parents, and parent offsets rise',
  ),
  [klog.KLOG_PARENT_SIZE]: user((l) => `${l.who} invalid ptr object size: ${l.lld(0)} vs ${l.lld(1)}`),
  [klog.KLOG_PARENT_OFFSET]: user(
    (l) => `${l.who} got transaction with invalid parent offset`,
    () => 'the pointer, 8 bytes at the parent offset, is inside its parent',
  ),
  [klog.KLOG_BUFFER_TOO_LARGE]: user(
    (l) => `${l.who} got transaction with too large buffer`,
    () =>
      'buffers_size is the sum of the lengths of all PTR objects, each rounded up to 8; only the _SG commands have it',
  ),
  [klog.KLOG_DEFERRED_COPY]: failed((l) => `${l.owh} deferred copy failed`),
  [klog.KLOG_FIXUP_PARENT]: failed((l) => `${l.owh} failed to fixup parent`),
  [klog.KLOG_NOT_QUEUED]: failed(
    (l) => `${l.who} ${l.d(0) ? 'frozen' : 'dead'} process or thread`,
    (l) =>
      l.d(0) ? 'the callee is frozen until thread.freeze(fd, its pid, { enable: false })' : 'the receiver has ended',
  ),
  [klog.KLOG_TRANSACTION_FAILED]: failed((l) => {
    const outcome = `${l.d(3)}/${l.d(4)}/${l.d(5)}, size ${l.lld(6)}-${l.lld(7)} line LINE`;
    return `${l.who} transaction ${CALL_TYPES[l.d(0)]} to ${l.d(1)}:${l.d(2)} failed ${outcome}`;
  }),
  [klog.KLOG_FAILED_REPLY]: failed((l) => `send failed reply for transaction ${l.d(0)} to ${l.d(1)}:${l.d(2)}`),
  [klog.KLOG_UNEXPECTED_REPLY_ERROR]: always((l) => `Unexpected reply error: ${l.u(0)}`),
  [klog.KLOG_FAILED_REPLY_DEAD]: failed((l) => `send failed reply for transaction ${l.d(0)}, target dead`),
  [klog.KLOG_UNDELIVERED]: dead((l) => `undelivered transaction ${l.d(0)}, ${UNDELIVERED[l.d(1)]}`),
  [klog.KLOG_FD_FIXUPS]: failed(
    (l) => {
      const outcome = `fd fixups failed ${BR_FAILED_REPLY}/${l.d(2)}, line LINE`;
      return `${l.who} ${FIXUP_TYPES[l.d(0)]}transaction ${l.d(1)} ${outcome}`;
    },
    () => 'the receiver has as many descriptors open as its limit allows',
  ),
  [klog.KLOG_UNDELIVERED_ERROR]: dead((l) => `undelivered TRANSACTION_ERROR: ${l.u(0)}`),
  [klog.KLOG_UNDELIVERED_COMPLETE]: dead(() => 'undelivered TRANSACTION_COMPLETE'),
  [klog.KLOG_UNDELIVERED_DEATH]: dead((l) => `undelivered death notification, ${l.ptr(0)}`),
  [klog.KLOG_UNDELIVERED_FREEZE]: dead((l) => `undelivered freeze notification, ${l.ptr(0)}`),
  [klog.KLOG_UNEXPECTED_WORK]: always((l) => `unexpected work type, ${l.d(0)}, not freed`),
  [klog.KLOG_STILL_ACTIVE]: dead(
    (l) => `release ${l.who} transaction ${l.d(0)} ${l.d(1) ? 'in' : 'out'}, still active`,
  ),
  [klog.KLOG_RELEASE_OBJECT]: always(
    (l) => `transaction release ${l.d(0)} bad object at offset ${l.lld(1)}, size ${l.lld(2)}`,
  ),
  [klog.KLOG_RELEASE_NODE]: always((l) => `transaction release ${l.d(0)} bad node ${l.ptr(1)}`),
  [klog.KLOG_RELEASE_HANDLE]: always(
    (l) => `transaction release ${l.d(0)} bad handle ${l.d(1)}, ret = ${l.d(2)}`,
    () => 'a buffer that is freed drops the handles that came in it: the process has dropped one more than it took',
  ),
  [klog.KLOG_RELEASE_PARENT]: always((l) => `transaction release ${l.d(0)} bad parent offset`),
  [klog.KLOG_RELEASE_NUMBER]: always((l) => `transaction release ${l.d(0)} invalid number of fds (${l.lld(1)})`),
  [klog.KLOG_RELEASE_SPACE]: always(
    (l) => `transaction release ${l.d(0)} not enough space for ${l.lld(1)} fds in buffer`,
  ),
};

const REST: Readonly<Record<number, Message>> = {
  [klog.KLOG_WAITS_WITHOUT_LOOPER]: user((l) => {
    const before = 'before calling BC_REGISTER_LOOPER or BC_ENTER_LOOPER';
    return `${l.who} ERROR: Thread waiting for process work ${before} (state ${l.lx(0)})`;
  }),
  [klog.KLOG_NICE]: user((l) => `${l.tid} RLIMIT_NICE not set`),
  [klog.KLOG_MANAGER_SET]: always(() => 'BINDER_SET_CONTEXT_MGR already set'),
  [klog.KLOG_MANAGER_UID]: always((l) => `BINDER_SET_CONTEXT_MGR bad uid ${l.d(0)} != ${l.d(1)}`),
  [klog.KLOG_NODE_INFO]: user((l) => `${l.pid} BINDER_GET_NODE_INFO_FOR_REF: only handle may be non-zero.`),
  [klog.KLOG_IOCTL]: always((l) => `${l.who} ioctl ${l.lx(0)} ${l.lx(1)} returned ${l.d(2)}`),
  [klog.KLOG_MMAP_FLAGS]: always((l) => `binder_mmap: ${l.pid} ${l.lx(0)}-${l.lx(1)} bad vm_flags failed -1`),
};

/** Of binder_alloc.c, which is another module where the driver is built in. */
const ALLOCATOR: Readonly<Record<number, Message>> = {
  [klog.KLOG_MMAP_TWICE]: user(
    (l) => `binder_alloc_mmap_handler: ${l.pid} ${l.lx(0)}-${l.lx(1)} already mapped failed -16`,
  ),
  [klog.KLOG_MMAP_NO_MEMORY]: user(
    (l) => `binder_alloc_mmap_handler: ${l.pid} ${l.lx(0)}-${l.lx(1)} alloc page array failed -12`,
  ),
  [klog.KLOG_NO_VMA]: user(
    (l) => `${l.pid}: binder_alloc_buf, no vma`,
    ({ pid }) => `process ${pid} has not mapped its descriptor (mmap), or has unmapped it`,
  ),
  [klog.KLOG_NO_SPACE]: user(
    (l) => `${l.pid}: binder_alloc_buf size ${l.lld(0)} failed, no address space`,
    ({ pid }) =>
      `no hole in the mapping of process ${pid} is large enough: it frees messages (BC_FREE_BUFFER), or maps more`,
  ),
  [klog.KLOG_SPACE]: user((l) => {
    const part = (at: number) => `${l.lld(at)} (num: ${l.lld(at + 1)} largest: ${l.lld(at + 2)})`;
    return `allocated: ${part(0)}, free: ${part(3)}`;
  }),
  [klog.KLOG_SPAM]: user((l) => {
    const held = `${l.lld(1)} buffers allocated for a total size of ${l.lld(2)}`;
    return `${l.pid}: pid ${l.d(0)} spamming oneway? ${held}`;
  }),
  [klog.KLOG_NO_PAGE]: always(
    (l) => `${l.pid}: failed to allocate page`,
    () => 'the machine has no memory left: boot it with more "memoryMiB"',
  ),
  [klog.KLOG_PAGE_OUTSIDE]: always(
    (l) => `${l.pid}: binder_install_single_page failed to insert page at offset ${l.lx(0)} with -14`,
    ({ pid }) => `munmap or mprotect has cut the mapping of process ${pid}`,
  ),
};

const MESSAGES: Readonly<Record<number, Message>> = { ...COMMANDS, ...TRANSACTIONS, ...REST, ...ALLOCATOR };

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
  const line = new Arguments(memory, at);
  const message = MESSAGES[line.line];
  if (message === undefined || (message.mask !== ALWAYS && (message.mask & mask) === 0)) return null;
  const module = line.line in ALLOCATOR ? 'binder_alloc' : 'binder';
  const isFailure = line.line === klog.KLOG_TRANSACTION_FAILED;
  return {
    text: `${module}: ${message.text(line)}`,
    advice: message.advice?.(line) ?? null,
    tid: line.tid,
    receiver: isFailure ? line.d(2) : 0,
    shortage: isFailure && line.d(5) === -ENOSPC ? line.d(3) : 0,
  };
}
