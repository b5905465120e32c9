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
import { u64Of } from './endian.ts';
import { payloadSize, wordName } from './words.ts';

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
  readonly #stream: DataView;
  readonly #at: number;

  constructor(name: TransactionReturn['name'], stream: DataView, at: number) {
    this.name = name;
    this.#stream = stream;
    this.#at = at;
    this.code = stream.getUint32(at + TRANSACTION_DATA_CODE, true);
    this.flags = stream.getUint32(at + TRANSACTION_DATA_FLAGS, true);
    this.senderPid = stream.getInt32(at + TRANSACTION_DATA_SENDER_PID, true);
    this.senderEuid = stream.getUint32(at + TRANSACTION_DATA_SENDER_EUID, true);
    this.dataSize = u64Of(stream, at + TRANSACTION_DATA_DATA_SIZE);
    this.offsetsSize = u64Of(stream, at + TRANSACTION_DATA_OFFSETS_SIZE);
    this.buffer = u64Of(stream, at + TRANSACTION_DATA_BUFFER);
    this.offsets = u64Of(stream, at + TRANSACTION_DATA_OFFSETS);
    this.secctx = name === 'BR_TRANSACTION_SEC_CTX' ? u64Of(stream, at + TRANSACTION_DATA_SECCTX_SECCTX) : 0;
  }

  /** The receiver's node that is called; 0 in replies, and for the context manager's. */
  get ptr(): bigint {
    return this.#stream.getBigUint64(this.#at + TRANSACTION_DATA_TARGET, true);
  }

  get cookie(): bigint {
    return this.#stream.getBigUint64(this.#at + TRANSACTION_DATA_COOKIE, true);
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

/** Decodes the returns in `stream` from `from` up to `to`. They go on to use it, so it is to stay as it is. */
export function returnsOf(stream: DataView, from = 0, to = stream.byteLength): Return[] {
  const returns: Return[] = [];
  let at = from;
  while (at + 4 <= to) {
    const word = stream.getUint32(at, true);
    at += 4;
    const one = at + payloadSize(word) <= to ? returnOf(word, stream, at) : undefined;
    if (one === undefined) {
      returns.push({ name: 'BR_UNKNOWN', word, rest: new Uint8Array(stream.buffer, stream.byteOffset + at, to - at) });
      break;
    }
    returns.push(one);
    at += payloadSize(word);
  }
  return returns;
}

function returnOf(word: number, stream: DataView, at: number): Return | undefined {
  switch (word) {
    case BR_TRANSACTION:
      return new TransactionReturn('BR_TRANSACTION', stream, at);
    case BR_TRANSACTION_SEC_CTX:
      return new TransactionReturn('BR_TRANSACTION_SEC_CTX', stream, at);
    case BR_REPLY:
      return new TransactionReturn('BR_REPLY', stream, at);
    case BR_INCREFS:
      return {
        name: 'BR_INCREFS',
        ptr: stream.getBigUint64(at, true),
        cookie: stream.getBigUint64(at + PTR_COOKIE_COOKIE, true),
      };
    case BR_ACQUIRE:
      return {
        name: 'BR_ACQUIRE',
        ptr: stream.getBigUint64(at, true),
        cookie: stream.getBigUint64(at + PTR_COOKIE_COOKIE, true),
      };
    case BR_RELEASE:
      return {
        name: 'BR_RELEASE',
        ptr: stream.getBigUint64(at, true),
        cookie: stream.getBigUint64(at + PTR_COOKIE_COOKIE, true),
      };
    case BR_DECREFS:
      return {
        name: 'BR_DECREFS',
        ptr: stream.getBigUint64(at, true),
        cookie: stream.getBigUint64(at + PTR_COOKIE_COOKIE, true),
      };
    case BR_DEAD_BINDER:
      return { name: 'BR_DEAD_BINDER', cookie: stream.getBigUint64(at, true) };
    case BR_CLEAR_DEATH_NOTIFICATION_DONE:
      return { name: 'BR_CLEAR_DEATH_NOTIFICATION_DONE', cookie: stream.getBigUint64(at, true) };
    case BR_CLEAR_FREEZE_NOTIFICATION_DONE:
      return { name: 'BR_CLEAR_FREEZE_NOTIFICATION_DONE', cookie: stream.getBigUint64(at, true) };
    case BR_FROZEN_BINDER:
      return {
        name: 'BR_FROZEN_BINDER',
        cookie: stream.getBigUint64(at + FROZEN_STATE_INFO_COOKIE, true),
        isFrozen: stream.getUint32(at + FROZEN_STATE_INFO_IS_FROZEN, true) !== 0,
      };
    case BR_ERROR:
      return { name: 'BR_ERROR', error: stream.getInt32(at, true) };
    default:
      return word >>> 8 === PLAIN_WORDS ? PLAIN[word & 0xff] : undefined;
  }
}
