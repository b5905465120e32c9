/**
 * Commands to the driver: `bc` makes them, `storeCommands` lays a list of them out as BINDER_WRITE_READ takes it:
 *
 *     | command stream ... | payload of the first transaction | payload of the next ...
 *     ^ write buffer       ^ each at a multiple of 16
 */
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
import {
  HANDLE_COOKIE_COOKIE,
  HANDLE_COOKIE_SIZE,
  PTR_COOKIE_COOKIE,
  PTR_COOKIE_SIZE,
  TRANSACTION_DATA_BUFFER,
  TRANSACTION_DATA_CODE,
  TRANSACTION_DATA_COOKIE,
  TRANSACTION_DATA_DATA_SIZE,
  TRANSACTION_DATA_FLAGS,
  TRANSACTION_DATA_OFFSETS,
  TRANSACTION_DATA_OFFSETS_SIZE,
  TRANSACTION_DATA_SENDER_EUID,
  TRANSACTION_DATA_SENDER_PID,
  TRANSACTION_DATA_SG_BUFFERS_SIZE,
  TRANSACTION_DATA_SG_SIZE,
  TRANSACTION_DATA_SIZE,
  TRANSACTION_DATA_TARGET,
} from '../../assembly/abi/wire.ts';
import { storeBig, storeU64 } from './endian.ts';
import {
  align,
  offsetsPlace,
  type Payload,
  type PayloadInput,
  payloadOf,
  storePayload,
  type Target,
} from './payload.ts';
import type { Return } from './returns.ts';

/** One command, ready to be written; `word` is the BC_ word, `shape` says which payload follows it. */
export type Command =
  | { readonly shape: 'bare'; readonly word: number }
  | {
      readonly shape: 'transaction';
      readonly word: number;
      readonly handle: number;
      readonly code: number;
      readonly flags: number;
      readonly cookie: bigint | number;
      readonly scatterGather: boolean;
      readonly payload: Payload;
    }
  | { readonly shape: 'handle'; readonly word: number; readonly handle: number }
  | { readonly shape: 'value'; readonly word: number; readonly value: bigint | number }
  | {
      readonly shape: 'ptr-cookie';
      readonly word: number;
      readonly ptr: bigint | number;
      readonly cookie: bigint | number;
    }
  | {
      readonly shape: 'handle-cookie';
      readonly word: number;
      readonly handle: number;
      readonly cookie: bigint | number;
    }
  | { readonly shape: 'pair'; readonly word: number; readonly first: number; readonly second: number }
  | { readonly shape: 'raw'; readonly bytes: Uint8Array };

/** What consists of whole words. */
type WordCommand = Exclude<Command, { shape: 'raw' }>;

/** A call to the node behind a handle. */
export interface TransactionInput extends PayloadInput {
  /** The caller's number for the node; 0 is the context manager. */
  handle: number;
  code?: number;
  /** TF_ flags, e.g. 1 for a oneway call. */
  flags?: number;
  cookie?: bigint | number;
}

/** The answer to the call that the thread got last. */
export type ReplyInput = Omit<TransactionInput, 'handle'>;

/** A node of the caller's own, as BR_INCREFS and BR_ACQUIRE name it. */
export interface NodeName {
  ptr: bigint | number;
  cookie: bigint | number;
}

/** Up to here a loop is quicker than `fill`. */
const ZERO_SHORT = 256;

const ENTER_LOOPER: Command = { shape: 'bare', word: BC_ENTER_LOOPER };
const REGISTER_LOOPER: Command = { shape: 'bare', word: BC_REGISTER_LOOPER };
const EXIT_LOOPER: Command = { shape: 'bare', word: BC_EXIT_LOOPER };

/** Makes commands: `bc.transaction({ handle: 0, code: 1 })`. All 22 of the protocol, and raw bytes. */
export const bc = {
  transaction: (input: TransactionInput): Command => transaction(BC_TRANSACTION, false, input.handle, input),
  reply: (input: ReplyInput = {}): Command => transaction(BC_REPLY, false, 0, input),
  /** Scatter-gather: `ptr` objects carry buffers of their own. */
  transactionSg: (input: TransactionInput): Command => transaction(BC_TRANSACTION_SG, true, input.handle, input),
  replySg: (input: ReplyInput = {}): Command => transaction(BC_REPLY_SG, true, 0, input),

  /** Gives a received buffer back: the BR_TRANSACTION or BR_REPLY that told of it, or its address. */
  freeBuffer: (received: { readonly buffer: number } | number): Command => ({
    shape: 'value',
    word: BC_FREE_BUFFER,
    value: typeof received === 'number' ? received : received.buffer,
  }),

  increfs: (handle: number): Command => ({ shape: 'handle', word: BC_INCREFS, handle }),
  acquire: (handle: number): Command => ({ shape: 'handle', word: BC_ACQUIRE, handle }),
  release: (handle: number): Command => ({ shape: 'handle', word: BC_RELEASE, handle }),
  decrefs: (handle: number): Command => ({ shape: 'handle', word: BC_DECREFS, handle }),
  increfsDone: ({ ptr, cookie }: NodeName): Command => ({ shape: 'ptr-cookie', word: BC_INCREFS_DONE, ptr, cookie }),
  acquireDone: ({ ptr, cookie }: NodeName): Command => ({ shape: 'ptr-cookie', word: BC_ACQUIRE_DONE, ptr, cookie }),
  /** What the driver waits for after BR_INCREFS and BR_ACQUIRE: a BC_*_DONE for each of them among the returns. */
  acknowledge: (returns: readonly Return[]): Command[] =>
    returns.flatMap((one) => {
      if (one.name === 'BR_INCREFS') return bc.increfsDone(one);
      return one.name === 'BR_ACQUIRE' ? bc.acquireDone(one) : [];
    }),
  /** Never worked in any driver: EINVAL. */
  attemptAcquire: (priority: number, handle: number): Command => ({
    shape: 'pair',
    word: BC_ATTEMPT_ACQUIRE,
    first: priority,
    second: handle,
  }),
  /** Never worked in any driver: EINVAL. */
  acquireResult: (result: number): Command => ({ shape: 'handle', word: BC_ACQUIRE_RESULT, handle: result }),

  /** This thread serves calls; the process made it by itself. */
  enterLooper: (): Command => ENTER_LOOPER,
  /** This thread serves calls; the driver had asked for it with BR_SPAWN_LOOPER. */
  registerLooper: (): Command => REGISTER_LOOPER,
  exitLooper: (): Command => EXIT_LOOPER,

  requestDeathNotification: (handle: number, cookie: bigint | number): Command => ({
    shape: 'handle-cookie',
    word: BC_REQUEST_DEATH_NOTIFICATION,
    handle,
    cookie,
  }),
  clearDeathNotification: (handle: number, cookie: bigint | number): Command => ({
    shape: 'handle-cookie',
    word: BC_CLEAR_DEATH_NOTIFICATION,
    handle,
    cookie,
  }),
  deadBinderDone: (cookie: bigint | number): Command => ({ shape: 'value', word: BC_DEAD_BINDER_DONE, value: cookie }),
  requestFreezeNotification: (handle: number, cookie: bigint | number): Command => ({
    shape: 'handle-cookie',
    word: BC_REQUEST_FREEZE_NOTIFICATION,
    handle,
    cookie,
  }),
  clearFreezeNotification: (handle: number, cookie: bigint | number): Command => ({
    shape: 'handle-cookie',
    word: BC_CLEAR_FREEZE_NOTIFICATION,
    handle,
    cookie,
  }),
  freezeNotificationDone: (cookie: bigint | number): Command => ({
    shape: 'value',
    word: BC_FREEZE_NOTIFICATION_DONE,
    value: cookie,
  }),

  /** Bytes of the stream as they are, right or wrong. */
  raw: (bytes: Uint8Array): Command => ({ shape: 'raw', bytes }),

  /**
   * What a list of commands is in memory: the stream, and the payloads behind it.
   *
   * @param address Where it would lie: the pointers in it count from there.
   */
  bytes: (commands: readonly Command[], address = 0): Uint8Array => {
    const size = commandsSize(commands);
    const i32 = new Int32Array((size + 3) >> 2);
    const u8 = new Uint8Array(i32.buffer, 0, size);
    storeCommands({ view: new DataView(i32.buffer), u8, i32, base: 0, address }, commands);
    return u8;
  },
};

/** @returns Bytes of the command stream alone. */
export function streamSize(commands: readonly Command[]): number {
  let size = 0;
  for (let i = 0; i < commands.length; i++) size += commandSize(commands[i] as Command);
  return size;
}

/** @returns Bytes of the stream and of the payloads behind it. */
export function commandsSize(commands: readonly Command[], stream: number = streamSize(commands)): number {
  let payloads = 0;
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i] as Command;
    if (command.shape === 'transaction') payloads += command.payload.size;
  }
  return payloads === 0 ? stream : align(stream, 16) + payloads;
}

/**
 * Lays the commands out at the beginning of `target`, which has room for `commandsSize` bytes.
 *
 * @param stream What `streamSize` says of them.
 */
export function storeCommands(
  target: Target,
  commands: readonly Command[],
  stream: number = streamSize(commands),
): void {
  let at = 0;
  let payloadAt = align(stream, 16);
  if (commandsSize(commands, stream) > stream) zero(target, stream, payloadAt - stream);
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i] as Command;
    if (command.shape === 'raw') target.u8.set(command.bytes, target.base + at);
    else if ((at & 3) === 0) storeCommand(target.i32, (target.base + at) >> 2, command, target.address + payloadAt);
    else storeApart(target, at, command, target.address + payloadAt);
    at += commandSize(command);
    if (command.shape !== 'transaction' || command.payload.size === 0) continue;
    zero(target, payloadAt, command.payload.size);
    storePayload(target, payloadAt, command.payload);
    payloadAt += command.payload.size;
  }
}

/** A command behind raw bytes of an odd number: it does not lie on words, so it is made elsewhere and copied. */
function storeApart(target: Target, at: number, command: WordCommand, payloadAddress: number): void {
  const words = new Int32Array(commandSize(command) >> 2);
  storeCommand(words, 0, command, payloadAddress);
  target.u8.set(new Uint8Array(words.buffer), target.base + at);
}

/** Zeroes `size` bytes from `at` on. */
function zero({ u8, i32, base }: Target, at: number, size: number): void {
  const from = base + at;
  if (size > ZERO_SHORT || ((from | size) & 3) !== 0) u8.fill(0, from, from + size);
  else for (let word = from >> 2; word < (from + size) >> 2; word++) i32[word] = 0;
}

function commandSize(command: Command): number {
  switch (command.shape) {
    case 'bare':
      return 4;
    case 'transaction':
      return 4 + (command.scatterGather ? TRANSACTION_DATA_SG_SIZE : TRANSACTION_DATA_SIZE);
    case 'handle':
      return 8;
    case 'value':
    case 'pair':
      return 12;
    case 'ptr-cookie':
      return 4 + PTR_COOKIE_SIZE;
    case 'handle-cookie':
      return 4 + HANDLE_COOKIE_SIZE;
    case 'raw':
      return command.bytes.length;
  }
}

/** Stores one command from word `index` on; its payload will lie at `payloadAddress`. */
function storeCommand(words: Int32Array, index: number, command: WordCommand, payloadAddress: number): void {
  words[index] = command.word;
  const body = index + 1;
  switch (command.shape) {
    case 'bare':
      break;
    case 'transaction':
      storeTransaction(words, body, command, payloadAddress);
      break;
    case 'handle':
      words[body] = command.handle;
      break;
    case 'value':
      storeBig(words, body, command.value);
      break;
    case 'ptr-cookie':
      storeBig(words, body, command.ptr);
      storeBig(words, body + PTR_COOKIE_COOKIE / 4, command.cookie);
      break;
    case 'handle-cookie':
      words[body] = command.handle;
      storeBig(words, body + HANDLE_COOKIE_COOKIE / 4, command.cookie);
      break;
    case 'pair':
      words[body] = command.first;
      words[body + 1] = command.second;
      break;
  }
}

/** A part without bytes has the address 0, as libbinder sends it. */
function storeTransaction(
  words: Int32Array,
  body: number,
  { handle, cookie, code, flags, payload, scatterGather }: Extract<Command, { shape: 'transaction' }>,
  payloadAddress: number,
): void {
  const { dataSize, offsets, placedAt } = payload;
  const data = placedAt === 0 ? payloadAddress : placedAt;
  storeU64(words, body + TRANSACTION_DATA_TARGET / 4, handle);
  storeBig(words, body + TRANSACTION_DATA_COOKIE / 4, cookie);
  words[body + TRANSACTION_DATA_CODE / 4] = code;
  words[body + TRANSACTION_DATA_FLAGS / 4] = flags;
  words[body + TRANSACTION_DATA_SENDER_PID / 4] = 0; // the driver's to fill in
  words[body + TRANSACTION_DATA_SENDER_EUID / 4] = 0;
  storeU64(words, body + TRANSACTION_DATA_DATA_SIZE / 4, dataSize);
  storeU64(words, body + TRANSACTION_DATA_OFFSETS_SIZE / 4, 8 * offsets.length);
  storeU64(words, body + TRANSACTION_DATA_BUFFER / 4, dataSize > 0 ? data : 0);
  storeU64(words, body + TRANSACTION_DATA_OFFSETS / 4, offsets.length > 0 ? offsetsPlace(payload, payloadAddress) : 0);
  if (scatterGather) storeU64(words, body + TRANSACTION_DATA_SG_BUFFERS_SIZE / 4, payload.buffersSize);
}

function transaction(word: number, scatterGather: boolean, handle: number, input: ReplyInput): Command {
  return {
    shape: 'transaction',
    word,
    handle,
    code: input.code ?? 0,
    flags: input.flags ?? 0,
    cookie: input.cookie ?? 0,
    scatterGather,
    payload: payloadOf(input),
  };
}
