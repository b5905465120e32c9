/** What a read returned, decoded: one `Return` for each BR_ word. 64-bit values that an owner chose are bigints. */
import {
  BR_ACQUIRE,
  BR_CLEAR_DEATH_NOTIFICATION_DONE,
  BR_CLEAR_FREEZE_NOTIFICATION_DONE,
  BR_DEAD_BINDER,
  BR_DECREFS,
  BR_ERROR,
  BR_FROZEN_BINDER,
  BR_INCREFS,
  BR_RELEASE,
  BR_REPLY,
  BR_TRANSACTION,
  BR_TRANSACTION_SEC_CTX,
} from '../../assembly/abi/protocol.ts';
import {
  FROZEN_STATE_INFO_COOKIE,
  FROZEN_STATE_INFO_IS_FROZEN,
  PTR_COOKIE_COOKIE,
  TRANSACTION_DATA_BUFFER,
  TRANSACTION_DATA_CODE,
  TRANSACTION_DATA_COOKIE,
  TRANSACTION_DATA_DATA_SIZE,
  TRANSACTION_DATA_FLAGS,
  TRANSACTION_DATA_OFFSETS,
  TRANSACTION_DATA_OFFSETS_SIZE,
  TRANSACTION_DATA_SECCTX_SECCTX,
  TRANSACTION_DATA_SENDER_EUID,
  TRANSACTION_DATA_SENDER_PID,
  TRANSACTION_DATA_TARGET,
} from '../../assembly/abi/wire.ts';
import { Piece } from './piece.ts';
import { payloadSize, wordName } from './words.ts';

// An imported constant is looked up at every use; one of the file's own costs nothing.
const CALL = BR_TRANSACTION;
const CALL_SECCTX = BR_TRANSACTION_SEC_CTX;
const REPLY = BR_REPLY;
// where the fields lie, in words
const TARGET = TRANSACTION_DATA_TARGET / 4;
const COOKIE = TRANSACTION_DATA_COOKIE / 4;
const CODE = TRANSACTION_DATA_CODE / 4;
const FLAGS = TRANSACTION_DATA_FLAGS / 4;
const SENDER_PID = TRANSACTION_DATA_SENDER_PID / 4;
const SENDER_EUID = TRANSACTION_DATA_SENDER_EUID / 4;
const DATA_SIZE = TRANSACTION_DATA_DATA_SIZE / 4;
const OFFSETS_SIZE = TRANSACTION_DATA_OFFSETS_SIZE / 4;
const BUFFER = TRANSACTION_DATA_BUFFER / 4;
const OFFSETS = TRANSACTION_DATA_OFFSETS / 4;
const SECCTX = TRANSACTION_DATA_SECCTX_SECCTX / 4;
const NODE_COOKIE = PTR_COOKIE_COOKIE / 4;
const FROZEN_COOKIE = FROZEN_STATE_INFO_COOKIE / 4;
const FROZEN_IS_FROZEN = FROZEN_STATE_INFO_IS_FROZEN / 4;

/** Words without payload. */
export type PlainName =
  | 'BR_NOOP'
  | 'BR_OK'
  | 'BR_DEAD_REPLY'
  | 'BR_TRANSACTION_COMPLETE'
  | 'BR_SPAWN_LOOPER'
  | 'BR_FINISHED'
  | 'BR_FAILED_REPLY'
  | 'BR_FROZEN_REPLY'
  | 'BR_ONEWAY_SPAM_SUSPECT'
  | 'BR_TRANSACTION_PENDING_FROZEN';

/** A call that arrived, or the reply to one. Its bytes lie in the receiver's mapping until it frees the buffer. */
export class TransactionReturn {
  readonly name: 'BR_TRANSACTION' | 'BR_TRANSACTION_SEC_CTX' | 'BR_REPLY';
  readonly code: number;
  readonly flags: number;
  /** 0 for oneway calls and replies. */
  readonly senderPid: number;
  readonly senderEuid: number;
  /** Address of the data, which `bc.freeBuffer` takes; and bytes of it. */
  readonly buffer: number;
  readonly dataSize: number;
  /** Address and bytes of the offsets of the objects. */
  readonly offsets: number;
  readonly offsetsSize: number;
  /** Address of the sender's security context; 0 unless the word is BR_TRANSACTION_SEC_CTX. */
  readonly secctx: number;
  readonly #piece: Piece;
  readonly #at: number;

  /** @param at Index in the piece of the word behind the BR_ word. */
  constructor(word: number, piece: Piece, at: number) {
    this.name = word === REPLY ? 'BR_REPLY' : word === CALL ? 'BR_TRANSACTION' : 'BR_TRANSACTION_SEC_CTX';
    this.code = piece.u32(at + CODE);
    this.flags = piece.u32(at + FLAGS);
    this.senderPid = piece.u32(at + SENDER_PID) | 0;
    this.senderEuid = piece.u32(at + SENDER_EUID);
    this.buffer = piece.u64(at + BUFFER);
    this.dataSize = piece.u64(at + DATA_SIZE);
    this.offsets = piece.u64(at + OFFSETS);
    this.offsetsSize = piece.u64(at + OFFSETS_SIZE);
    this.secctx = word === CALL_SECCTX ? piece.u64(at + SECCTX) : 0;
    this.#piece = piece;
    this.#at = at;
  }

  /** The receiver's node that is called; 0 in replies, and for the context manager's. */
  get ptr(): bigint {
    return this.#piece.big(this.#at + TARGET);
  }

  get cookie(): bigint {
    return this.#piece.big(this.#at + COOKIE);
  }
}

export type Return =
  | TransactionReturn
  | { readonly name: PlainName }
  | {
      readonly name: 'BR_INCREFS' | 'BR_ACQUIRE' | 'BR_RELEASE' | 'BR_DECREFS';
      readonly ptr: bigint;
      readonly cookie: bigint;
    }
  | {
      readonly name: 'BR_DEAD_BINDER' | 'BR_CLEAR_DEATH_NOTIFICATION_DONE' | 'BR_CLEAR_FREEZE_NOTIFICATION_DONE';
      readonly cookie: bigint;
    }
  | { readonly name: 'BR_FROZEN_BINDER'; readonly cookie: bigint; readonly isFrozen: boolean }
  | { readonly name: 'BR_ERROR'; readonly error: number }
  /** A word that the driver never sends: the buffer held something else. The rest is left undecoded. */
  | { readonly name: 'BR_UNKNOWN'; readonly word: number; readonly rest: Uint8Array };

export type ReturnName = Return['name'];

/** The return that may have that name. */
export type ReturnOf<N extends ReturnName> = Return extends infer R
  ? R extends { readonly name: infer M }
    ? N extends M
      ? R
      : never
    : never
  : never;

/** Words without payload: nothing but the family 'r' above the number. */
const PLAIN_WORDS = 0x72;
/** One shared value for each of them, by number. */
const PLAIN: readonly (Return | undefined)[] = Array.from({ length: 256 }, (_, number) => {
  const name = wordName((PLAIN_WORDS << 8) | number);
  return name === undefined ? undefined : Object.freeze({ name: name as PlainName });
});

/** Goes through what a read returned. The returns go on to use the piece, so it is to stay as it is. */
export class ReturnStream {
  /** The stream lies in the bytes of `piece` from `at`, a multiple of 4, up to `end`. */
  constructor(
    private readonly piece: Piece,
    private at: number,
    private readonly end: number,
  ) {}

  /** All that are left. */
  rest(): Return[] {
    const returns: Return[] = [];
    for (let one = this.next(); one !== null; one = this.next()) returns.push(one);
    return returns;
  }

  /** The next return; null when there is none. */
  next(): Return | null {
    const { piece, at, end } = this;
    if (at + 4 > end) return null;
    const word = piece.u32(at >> 2);
    const next = at + 4 + payloadSize(word);
    const one = next <= end ? returnOf(word, piece, (at >> 2) + 1) : undefined;
    this.at = one === undefined ? end : next;
    return one ?? { name: 'BR_UNKNOWN', word, rest: piece.u8.subarray(at + 4, end) };
  }
}

/** The returns in the bytes of a whole stream. */
export function returnsOf(bytes: Uint8Array): Return[] {
  return new ReturnStream(Piece.of(bytes), 0, bytes.length).rest();
}

/** What a word says with the payload at index `at`; undefined when the driver never sends it. */
function returnOf(word: number, piece: Piece, at: number): Return | undefined {
  if (word >>> 8 === PLAIN_WORDS) return PLAIN[word & 0xff];
  switch (word) {
    case CALL:
    case CALL_SECCTX:
    case REPLY:
      return new TransactionReturn(word, piece, at);
    default:
      return rareReturn(word, piece, at);
  }
}

/** The same for words that bring no message. */
function rareReturn(word: number, piece: Piece, at: number): Return | undefined {
  switch (word) {
    case BR_INCREFS:
      return { name: 'BR_INCREFS', ptr: piece.big(at), cookie: piece.big(at + NODE_COOKIE) };
    case BR_ACQUIRE:
      return { name: 'BR_ACQUIRE', ptr: piece.big(at), cookie: piece.big(at + NODE_COOKIE) };
    case BR_RELEASE:
      return { name: 'BR_RELEASE', ptr: piece.big(at), cookie: piece.big(at + NODE_COOKIE) };
    case BR_DECREFS:
      return { name: 'BR_DECREFS', ptr: piece.big(at), cookie: piece.big(at + NODE_COOKIE) };
    case BR_DEAD_BINDER:
      return { name: 'BR_DEAD_BINDER', cookie: piece.big(at) };
    case BR_CLEAR_DEATH_NOTIFICATION_DONE:
      return { name: 'BR_CLEAR_DEATH_NOTIFICATION_DONE', cookie: piece.big(at) };
    case BR_CLEAR_FREEZE_NOTIFICATION_DONE:
      return { name: 'BR_CLEAR_FREEZE_NOTIFICATION_DONE', cookie: piece.big(at) };
    case BR_FROZEN_BINDER: {
      const isFrozen = piece.u32(at + FROZEN_IS_FROZEN) !== 0;
      return { name: 'BR_FROZEN_BINDER', cookie: piece.big(at + FROZEN_COOKIE), isFrozen };
    }
    case BR_ERROR:
      return { name: 'BR_ERROR', error: piece.u32(at) | 0 };
    default:
      return undefined;
  }
}
