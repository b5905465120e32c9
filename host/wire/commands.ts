/** Commands to the driver, as scripts write them. `bc` makes them. */
import {
  BC_ACQUIRE,
  BC_ACQUIRE_DONE,
  BC_ACQUIRE_RESULT,
  BC_ATTEMPT_ACQUIRE,
  BC_CLEAR_DEATH_NOTIFICATION,
  BC_CLEAR_FREEZE_NOTIFICATION,
  BC_DEAD_BINDER_DONE,
  BC_DECREFS,
  BC_ENTER_LOOPER,
  BC_EXIT_LOOPER,
  BC_FREE_BUFFER,
  BC_FREEZE_NOTIFICATION_DONE,
  BC_INCREFS,
  BC_INCREFS_DONE,
  BC_REGISTER_LOOPER,
  BC_RELEASE,
  BC_REPLY,
  BC_REPLY_SG,
  BC_REQUEST_DEATH_NOTIFICATION,
  BC_REQUEST_FREEZE_NOTIFICATION,
  BC_TRANSACTION,
  BC_TRANSACTION_SG,
} from '../../assembly/abi/protocol.ts';
import { Command } from './command.ts';
import { checkForm } from './forms.ts';
import { align, BROUGHT_ALONG, type PayloadInput, payloadOf } from './payload.ts';
import type { Return } from './returns.ts';
import { StreamSize, storeCommands } from './stream.ts';
import { WordView } from './wordview.ts';

/** A call to the node of a handle. */
export interface TransactionInput extends PayloadInput {
  /** The caller's number for the node; 0 is the context manager. */
  handle: number;
  code?: number;
  /** TF_ flags, e.g. TF_ONE_WAY of `binderlab/protocol`. */
  flags?: number;
  cookie?: bigint | number;
}

/** The reply to the call that the thread received last. */
export interface ReplyInput extends Omit<TransactionInput, 'handle'> {
  /** 0 when absent. The driver ignores it: a reply goes back to the caller. */
  handle?: number;
}

/** A node of the caller's own, as in BR_INCREFS and BR_ACQUIRE. */
export interface NodeName {
  ptr: bigint | number;
  cookie: bigint | number;
}

const ENTER_LOOPER: Command = Command.plain(BC_ENTER_LOOPER);
const REGISTER_LOOPER: Command = Command.plain(BC_REGISTER_LOOPER);
const EXIT_LOOPER: Command = Command.plain(BC_EXIT_LOOPER);

/** Makes commands: `bc.transaction({ handle: 0, code: 1 })`. Has all 22 of the protocol, and raw bytes. */
export const bc = {
  transaction: (input: TransactionInput): Command => transaction(BC_TRANSACTION, input),
  reply: (input: ReplyInput = {}): Command => transaction(BC_REPLY, input),
  /** Scatter-gather: `ptr` objects carry buffers of their own. */
  transactionSg: (input: TransactionInput): Command => transaction(BC_TRANSACTION_SG, input),
  replySg: (input: ReplyInput = {}): Command => transaction(BC_REPLY_SG, input),

  /** Frees a received buffer: takes the BR_TRANSACTION or BR_REPLY that named it, or its address. */
  freeBuffer: (received: { readonly buffer: number } | number): Command =>
    Command.plain(BC_FREE_BUFFER, typeof received === 'number' ? received : received.buffer),

  increfs: (handle: number): Command => Command.plain(BC_INCREFS, handle),
  acquire: (handle: number): Command => Command.plain(BC_ACQUIRE, handle),
  release: (handle: number): Command => Command.plain(BC_RELEASE, handle),
  decrefs: (handle: number): Command => Command.plain(BC_DECREFS, handle),
  increfsDone: ({ ptr, cookie }: NodeName): Command => Command.plain(BC_INCREFS_DONE, ptr, cookie),
  acquireDone: ({ ptr, cookie }: NodeName): Command => Command.plain(BC_ACQUIRE_DONE, ptr, cookie),
  /** Acknowledges BR_INCREFS and BR_ACQUIRE: makes a BC_*_DONE for each of them among the returns. */
  acknowledge: (returns: readonly Return[]): Command[] =>
    returns.flatMap((one) => {
      if (one.name === 'BR_INCREFS') return bc.increfsDone(one);
      return one.name === 'BR_ACQUIRE' ? bc.acquireDone(one) : [];
    }),
  /** No driver ever implemented it: EINVAL. */
  attemptAcquire: (priority: number, handle: number): Command => Command.plain(BC_ATTEMPT_ACQUIRE, priority, handle),
  /** No driver ever implemented it: EINVAL. */
  acquireResult: (result: number): Command => Command.plain(BC_ACQUIRE_RESULT, result),

  /** This thread joins the pool; the process made it of its own accord. */
  enterLooper: (): Command => ENTER_LOOPER,
  /** This thread joins the pool; the driver asked for it by BR_SPAWN_LOOPER. */
  registerLooper: (): Command => REGISTER_LOOPER,
  exitLooper: (): Command => EXIT_LOOPER,

  requestDeathNotification: (handle: number, cookie: bigint | number): Command =>
    Command.plain(BC_REQUEST_DEATH_NOTIFICATION, handle, cookie),
  clearDeathNotification: (handle: number, cookie: bigint | number): Command =>
    Command.plain(BC_CLEAR_DEATH_NOTIFICATION, handle, cookie),
  deadBinderDone: (cookie: bigint | number): Command => Command.plain(BC_DEAD_BINDER_DONE, cookie),
  requestFreezeNotification: (handle: number, cookie: bigint | number): Command =>
    Command.plain(BC_REQUEST_FREEZE_NOTIFICATION, handle, cookie),
  clearFreezeNotification: (handle: number, cookie: bigint | number): Command =>
    Command.plain(BC_CLEAR_FREEZE_NOTIFICATION, handle, cookie),
  freezeNotificationDone: (cookie: bigint | number): Command => Command.plain(BC_FREEZE_NOTIFICATION_DONE, cookie),

  /** Raw bytes of the stream, valid or not. */
  raw: (bytes: Uint8Array): Command => Command.raw(bytes),

  /**
   * The bytes of a list of commands: the stream, then the payloads.
   *
   * @param address User address of the first byte: pointers in the stream are relative to it.
   */
  bytes: (commands: readonly Command[], address = 0): Uint8Array => {
    const { size, stream } = new StreamSize(commands);
    const memory = new WordView(new ArrayBuffer(align(size, 8)));
    storeCommands(memory, 0, address, commands, stream);
    return memory.u8.subarray(0, size);
  },
};

/** The fast path: most messages are plain bytes. Kept small, so that the engine inlines it. */
function transaction(word: number, input: ReplyInput): Command {
  const { handle = 0, code = 0, flags = 0, cookie = 0, data } = input;
  const isBare = input.objects === undefined && input.offsets === undefined && input.buffersSize === undefined;
  const isPlain = typeof handle === 'number' && typeof code === 'number' && typeof flags === 'number';
  if (isBare && isPlain && data instanceof Uint8Array) {
    return new Command(word, handle, cookie, code, flags, data, BROUGHT_ALONG, data.length, null);
  }
  const isReply = word === BC_REPLY || word === BC_REPLY_SG;
  if (!isPlain || !isPayload(input) || (input.handle === undefined && !isReply)) {
    checkForm(isReply ? 'bc.reply' : 'bc.transaction', input);
  }
  const { bytes, placedAt, dataSize, attached } = payloadOf(input);
  return new Command(word, handle, cookie, code, flags, bytes, placedAt, dataSize, attached);
}

/** A cheap check of a payload's kind. */
function isPayload({ data, objects, offsets, buffersSize }: ReplyInput): boolean {
  if (objects !== undefined && !Array.isArray(objects)) return false;
  if (offsets !== undefined && !Array.isArray(offsets)) return false;
  if (buffersSize !== undefined && typeof buffersSize !== 'number') return false;
  if (data === undefined || typeof data === 'string' || ArrayBuffer.isView(data)) return true;
  return data !== null && typeof data.address === 'number' && typeof data.length === 'number';
}
