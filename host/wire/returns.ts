/** The return stream of a read, decoded: one `Return` for each BR_ word. 64-bit values that an owner chose are bigints. */
import { BR_REPLY, BR_TRANSACTION } from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { LogChunk } from './steplog.ts';
import { payloadSize, WORDS, type WordWith, words } from './words.ts';
import { WordView } from './wordview.ts';

// Word offsets of the fields. Local copies: V8 looks up an imported constant at every use.
const TARGET = wire.TRANSACTION_DATA_TARGET / 4;
const COOKIE = wire.TRANSACTION_DATA_COOKIE / 4;
const CODE = wire.TRANSACTION_DATA_CODE / 4;
const FLAGS = wire.TRANSACTION_DATA_FLAGS / 4;
const SENDER_PID = wire.TRANSACTION_DATA_SENDER_PID / 4;
const SENDER_EUID = wire.TRANSACTION_DATA_SENDER_EUID / 4;
const DATA_SIZE = wire.TRANSACTION_DATA_DATA_SIZE / 4;
const OFFSETS_SIZE = wire.TRANSACTION_DATA_OFFSETS_SIZE / 4;
const BUFFER = wire.TRANSACTION_DATA_BUFFER / 4;
const OFFSETS = wire.TRANSACTION_DATA_OFFSETS / 4;
const SECCTX = wire.TRANSACTION_DATA_SECCTX_SECCTX / 4;
const NODE_COOKIE = wire.PTR_COOKIE_COOKIE / 4;
const FROZEN_COOKIE = wire.FROZEN_STATE_INFO_COOKIE / 4;
const FROZEN_IS_FROZEN = wire.FROZEN_STATE_INFO_IS_FROZEN / 4;
/** Least number of words of a message in the stream. */
const MESSAGE_WORDS = 1 + wire.TRANSACTION_DATA_SIZE / 4;

const CALL = BR_TRANSACTION | 0;
const REPLY = BR_REPLY | 0;
/** The second byte of every BR_ word: 'r'. */
const FAMILY = 0x72;
/** Upper bound of every index. With it the engine omits overflow checks of sums. */
const INDEX = 0x3fff_ffff;

/** The returns with that payload. */
type ReturnWith<Payload> = WordWith<'BR_', Payload>;
export type MessageName = ReturnWith<'transaction' | 'transactionSecctx'>;

/** A received call or reply. Its bytes are in the receiver's mapping until the receiver frees the buffer. */
export class TransactionReturn {
  readonly #chunk: LogChunk;
  readonly #at: number;

  /** @internal */ constructor(
    readonly name: MessageName,
    readonly code: number,
    readonly flags: number,
    /** 0 for oneway calls and replies. */
    readonly senderPid: number,
    readonly senderEuid: number,
    /** Address of the data, as `bc.freeBuffer` takes it, and its bytes. */
    readonly buffer: number,
    readonly dataSize: number,
    /** Address and bytes of the offsets array. */
    readonly offsets: number,
    readonly offsetsSize: number,
    /** Address of the sender's security context; 0 unless the word is BR_TRANSACTION_SEC_CTX. */
    readonly secctx: number,
    chunk: LogChunk,
    /** Offset in the results chunk of the word after the BR_ word. */
    at: number,
  ) {
    this.#chunk = chunk;
    this.#at = at;
  }

  /** The receiver's node that is called; 0 in replies, and for the context manager. */
  get ptr(): bigint {
    return this.#big(TARGET);
  }

  get cookie(): bigint {
    return this.#big(COOKIE);
  }

  #big(field: number): bigint {
    const { memory, base } = this.#chunk;
    return memory.big(((this.#at - base) >> 2) + field);
  }
}

export type Return =
  | TransactionReturn
  | { readonly name: ReturnWith<'nothing'> }
  | { readonly name: ReturnWith<'node'>; readonly ptr: bigint; readonly cookie: bigint }
  | { readonly name: ReturnWith<'notification'>; readonly cookie: bigint }
  | { readonly name: ReturnWith<'frozen'>; readonly cookie: bigint; readonly isFrozen: boolean }
  | { readonly name: ReturnWith<'error'>; readonly error: number }
  /** A word that no driver sends: the buffer holds something else. The rest is not decoded. */
  | { readonly name: 'BR_UNKNOWN'; readonly word: number; readonly rest: Uint8Array };

export type ReturnName = Return['name'];
type SentName = Exclude<ReturnName, 'BR_UNKNOWN'>;

/** The return that may have that name. */
export type ReturnOf<N extends ReturnName> = Return extends infer R
  ? R extends { readonly name: infer M }
    ? N extends M
      ? R
      : never
    : never
  : never;

/** Payloads that no driver sends. */
const NEVER_SENT: readonly string[] = ['result', 'priorityNode'] satisfies (typeof WORDS)[ReturnWith<unknown>][];
const SENT = words('BR_').filter(([, name]) => !NEVER_SENT.includes(WORDS[name])) as [word: number, name: SentName][];
const NAMES: ReadonlyMap<number, SentName> = new Map(SENT.map(([word, name]) => [word | 0, name]));
const NUMBERS: ReadonlyMap<string, number> = new Map(SENT.map(([word, name]) => [name, word | 0]));
/** One shared object for each word without payload. */
const PLAIN: ReadonlyMap<string, Return> = new Map(
  SENT.filter(([word]) => payloadSize(word) === 0).map(([, name]) => [
    name,
    Object.freeze({ name: name as ReturnWith<'nothing'> }),
  ]),
);

/** The returns in `length` bytes from offset `start` of the chunk, a multiple of 4. */
export function returnsIn(chunk: LogChunk, start: number, length: number): Return[] {
  const { memory, base } = chunk;
  const returns: Return[] = [];
  const end = ((start - base) >>> 2) + (length >>> 2);
  for (let at = (start - base) >>> 2; at < end; ) {
    const word = memory.i32[at] as number;
    const name = NAMES.get(word);
    const words = 1 + payloadSize(word) / 4;
    if (name === undefined || at + words > end) {
      const rest = memory.u8.slice(4 * (at + 1), 4 * end + (length & 3));
      returns.push({ name: 'BR_UNKNOWN', word: word >>> 0, rest });
      break;
    }
    returns.push(words < MESSAGE_WORDS ? otherReturn(name, memory, at + 1) : messageOf(name, chunk, at + 1));
    at += words;
  }
  return returns;
}

/**
 * Finds the first return of a name without decoding the others.
 *
 * @returns null when none comes before the first unknown word.
 */
export function findReturn(chunk: LogChunk, start: number, length: number, name: ReturnName): Return | null {
  const { i32 } = chunk.memory;
  const wanted = wordOf(name);
  let at = (start - chunk.base) >>> 2;
  const end = at + (length >>> 2);
  while (at < end) {
    const word = i32[at] as number;
    const words = 1 + ((word >>> 18) & 0xfff);
    if (((word >>> 8) & 0xff) !== FAMILY || at + words > end) break;
    if (word === wanted)
      return words < MESSAGE_WORDS ? otherReturn(name, chunk.memory, at + 1) : messageOf(name, chunk, at + 1);
    at = (at + words) & INDEX;
  }
  return null;
}

/** @returns The word of a name; 0 for an unknown name. */
function wordOf(name: ReturnName): number {
  if (name === 'BR_TRANSACTION') return CALL;
  if (name === 'BR_REPLY') return REPLY;
  return NUMBERS.get(name) ?? 0;
}

/** The returns in the bytes of a whole stream. */
export function returnsOf(bytes: Uint8Array): Return[] {
  return returnsIn(new LogChunk(WordView.of(bytes), 0), 0, bytes.length);
}

/**
 * Reads all fields before it constructs the object: the engine then allocates it in one go.
 *
 * @param at Index of the payload in the chunk's words.
 */
function messageOf(name: ReturnName, chunk: LogChunk, at: number): TransactionReturn {
  const { memory, base } = chunk;
  const { i32 } = memory;
  const code = (i32[at + CODE] as number) >>> 0;
  const flags = (i32[at + FLAGS] as number) >>> 0;
  const senderPid = i32[at + SENDER_PID] as number;
  const senderEuid = (i32[at + SENDER_EUID] as number) >>> 0;
  const dataSize = (i32[at + DATA_SIZE] as number) >>> 0; // the high word is 0: no mapping is that large
  const offsetsSize = (i32[at + OFFSETS_SIZE] as number) >>> 0;
  const buffer = memory.u64(at + BUFFER);
  const offsets = memory.u64(at + OFFSETS);
  const secctx = name === 'BR_TRANSACTION_SEC_CTX' ? memory.u64(at + SECCTX) : 0;
  return new TransactionReturn(
    name as MessageName,
    code,
    flags,
    senderPid,
    senderEuid,
    buffer,
    dataSize,
    offsets,
    offsetsSize,
    secctx,
    chunk,
    base + 4 * at,
  );
}

/** Decodes a word that carries no message. @param at Index of its payload. */
function otherReturn(name: ReturnName, memory: WordView, at: number): Return {
  const plain = PLAIN.get(name);
  if (plain !== undefined) return plain;
  switch (WORDS[name as SentName]) {
    case 'node':
      return { name: name as ReturnWith<'node'>, ptr: memory.big(at), cookie: memory.big(at + NODE_COOKIE) };
    case 'frozen': {
      const isFrozen = memory.u32(at + FROZEN_IS_FROZEN) !== 0;
      return { name: name as ReturnWith<'frozen'>, cookie: memory.big(at + FROZEN_COOKIE), isFrozen };
    }
    case 'error':
      return { name: name as ReturnWith<'error'>, error: memory.u32(at) | 0 };
    default:
      return { name: name as ReturnWith<'notification'>, cookie: memory.big(at) };
  }
}
