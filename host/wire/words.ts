/**
 * The words of the command and return streams, a row each: what follows the word. Their text, the commands that `bc` makes,
 * and what a read returns follow from the rows.
 *
 * Both streams have one form: a 32-bit word, then the payload, whose size is in bits 29..16 of the word.
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { i32At, u32At } from './endian.ts';

type Fields = Readonly<Record<string, readonly [kind: 'u32' | 'i32' | 'u64', offset: number]>>;

const VALUE = { value: ['u64', 0] } as const;
const RESULT = { value: ['i32', 0] } as const;
const TRANSACTION = {
  ptr: ['u64', wire.TRANSACTION_DATA_TARGET],
  cookie: ['u64', wire.TRANSACTION_DATA_COOKIE],
  code: ['u32', wire.TRANSACTION_DATA_CODE],
  flags: ['u32', wire.TRANSACTION_DATA_FLAGS],
  sender_pid: ['i32', wire.TRANSACTION_DATA_SENDER_PID],
  sender_euid: ['u32', wire.TRANSACTION_DATA_SENDER_EUID],
  data_size: ['u64', wire.TRANSACTION_DATA_DATA_SIZE],
  offsets_size: ['u64', wire.TRANSACTION_DATA_OFFSETS_SIZE],
  buffer: ['u64', wire.TRANSACTION_DATA_BUFFER],
  offsets: ['u64', wire.TRANSACTION_DATA_OFFSETS],
} as const;

/** The payloads, with their fields in text: the names are those of the kernel's structures. */
const PAYLOADS = {
  nothing: {},
  handle: { handle: ['u32', 0] },
  handleCookie: { handle: ['u32', 0], cookie: ['u64', wire.HANDLE_COOKIE_COOKIE] },
  priorityHandle: { priority: ['i32', 0], handle: ['u32', 4] },
  node: { ptr: ['u64', 0], cookie: ['u64', wire.PTR_COOKIE_COOKIE] },
  priorityNode: { priority: ['i32', 0], ptr: ['u64', 8], cookie: ['u64', 16] },
  buffer: VALUE,
  /** A notification's cookie; a command calls it a value. */
  done: VALUE,
  notification: { cookie: ['u64', 0] },
  frozen: {
    cookie: ['u64', wire.FROZEN_STATE_INFO_COOKIE],
    is_frozen: ['u32', wire.FROZEN_STATE_INFO_IS_FROZEN],
    reserved: ['u32', wire.FROZEN_STATE_INFO_RESERVED],
  },
  result: RESULT,
  error: RESULT,
  transaction: TRANSACTION,
  transactionSg: { ...TRANSACTION, buffers_size: ['u64', wire.TRANSACTION_DATA_SG_BUFFERS_SIZE] },
  transactionSecctx: { ...TRANSACTION, secctx: ['u64', wire.TRANSACTION_DATA_SECCTX_SECCTX] },
} as const satisfies Readonly<Record<string, Fields>>;

export type Payload = keyof typeof PAYLOADS;
type Word<Family extends string> = Exclude<Extract<keyof typeof protocol, `${Family}_${string}`>, `${string}_COUNT`>;

/** What follows each word. */
export const WORDS = {
  BC_TRANSACTION: 'transaction',
  BC_REPLY: 'transaction',
  BC_ACQUIRE_RESULT: 'result',
  BC_FREE_BUFFER: 'buffer',
  BC_INCREFS: 'handle',
  BC_ACQUIRE: 'handle',
  BC_RELEASE: 'handle',
  BC_DECREFS: 'handle',
  BC_INCREFS_DONE: 'node',
  BC_ACQUIRE_DONE: 'node',
  BC_ATTEMPT_ACQUIRE: 'priorityHandle',
  BC_REGISTER_LOOPER: 'nothing',
  BC_ENTER_LOOPER: 'nothing',
  BC_EXIT_LOOPER: 'nothing',
  BC_REQUEST_DEATH_NOTIFICATION: 'handleCookie',
  BC_CLEAR_DEATH_NOTIFICATION: 'handleCookie',
  BC_DEAD_BINDER_DONE: 'done',
  BC_TRANSACTION_SG: 'transactionSg',
  BC_REPLY_SG: 'transactionSg',
  BC_REQUEST_FREEZE_NOTIFICATION: 'handleCookie',
  BC_CLEAR_FREEZE_NOTIFICATION: 'handleCookie',
  BC_FREEZE_NOTIFICATION_DONE: 'done',
  BR_ERROR: 'error',
  BR_OK: 'nothing',
  BR_TRANSACTION: 'transaction',
  BR_TRANSACTION_SEC_CTX: 'transactionSecctx',
  BR_REPLY: 'transaction',
  BR_ACQUIRE_RESULT: 'result',
  BR_DEAD_REPLY: 'nothing',
  BR_TRANSACTION_COMPLETE: 'nothing',
  BR_INCREFS: 'node',
  BR_ACQUIRE: 'node',
  BR_RELEASE: 'node',
  BR_DECREFS: 'node',
  BR_ATTEMPT_ACQUIRE: 'priorityNode',
  BR_NOOP: 'nothing',
  BR_SPAWN_LOOPER: 'nothing',
  BR_FINISHED: 'nothing',
  BR_DEAD_BINDER: 'notification',
  BR_CLEAR_DEATH_NOTIFICATION_DONE: 'notification',
  BR_FAILED_REPLY: 'nothing',
  BR_FROZEN_REPLY: 'nothing',
  BR_ONEWAY_SPAM_SUSPECT: 'nothing',
  BR_TRANSACTION_PENDING_FROZEN: 'nothing',
  BR_FROZEN_BINDER: 'frozen',
  BR_CLEAR_FREEZE_NOTIFICATION_DONE: 'notification',
} as const satisfies Readonly<Record<Word<'BC'> | Word<'BR'>, Payload>>;

export type WordName = keyof typeof WORDS;
/** The words of a family, `BC_` or `BR_`, with a payload. */
export type WordWith<Family extends string, P> = {
  [W in WordName]: W extends `${Family}${string}` ? ((typeof WORDS)[W] extends P ? W : never) : never;
}[WordName];

const NAMES: ReadonlyMap<number, WordName> = new Map(
  Object.entries(protocol)
    .filter(([name]) => name in WORDS)
    .map(([name, word]) => [word >>> 0, name as WordName]),
);

/** @returns The name of a BC_ or BR_ word; undefined for an unknown word. */
export function wordName(word: number): WordName | undefined {
  return NAMES.get(word);
}

/** All words with that prefix, with their names. */
export function words<Family extends string>(beginning: Family): [word: number, name: WordWith<Family, Payload>][] {
  return [...NAMES].filter(([, name]) => name.startsWith(beginning)) as [number, WordWith<Family, Payload>][];
}

/** @returns Payload bytes after a word. */
export function payloadSize(word: number): number {
  return (word >>> 16) & 0x3fff;
}

/**
 * The commands in `bytes` from `from` to `to` as text, a string for each: "BC_ACQUIRE handle=1". For people; the bytes decide. Stops at an unknown word, and at a truncated payload.
 *
 * @returns An empty list for fewer bytes than a word.
 */
export function commandWords(bytes: Uint8Array, from = 0, to = bytes.length): string[] {
  return streamWords(bytes, from, to, 'BC_');
}

/** The same for a return stream. */
export function returnWords(bytes: Uint8Array): string[] {
  return streamWords(bytes, 0, bytes.length, 'BR_');
}

/** A word of a stream, field by field. Offsets are those in the stream. */
export interface WordFields {
  readonly name: WordName;
  /** Offset of the word itself; of the first byte after its payload. */
  readonly at: number;
  readonly end: number;
  readonly fields: readonly {
    /** The kernel's name. */
    readonly name: string;
    readonly at: number;
    readonly size: 4 | 8;
  }[];
}

/** The words in `bytes` from `from` to `to`, up to the first that is unknown or truncated. */
export function streamFields(bytes: Uint8Array, from: number, to: number): WordFields[] {
  return headsOf(bytes, from, to, '').flatMap(({ name, at, end, isWhole }): WordFields[] => {
    if (name === undefined || !isWhole) return [];
    const fields = Object.entries(PAYLOADS[WORDS[name]] as Fields).map(([field, [kind, offset]]) => ({
      name: field,
      at: at + 4 + offset,
      size: kind === 'u64' ? (8 as const) : (4 as const),
    }));
    return [{ name, at, end, fields }];
  });
}

function streamWords(bytes: Uint8Array, from: number, to: number, family: 'BC_' | 'BR_'): string[] {
  return headsOf(bytes, from, to, family).map(({ word, name, at, isWhole }) => {
    if (name === undefined) return `${family}UNKNOWN cmd=${family === 'BC_' ? hex32(word) : word}`;
    return isWhole ? name + fieldWords(bytes, at + 4, PAYLOADS[WORDS[name]]) : `${name} truncated=true`;
  });
}

/** A word of a stream, with its name if it is one of the family. */
interface Head {
  readonly word: number;
  readonly name: WordName | undefined;
  readonly at: number;
  readonly end: number;
  readonly isWhole: boolean;
}

/** The words of a stream. One that is unknown or truncated is the last. */
function headsOf(bytes: Uint8Array, from: number, to: number, family: string): Head[] {
  const heads: Head[] = [];
  const limit = Math.min(to, bytes.length);
  for (let at = from; at + 4 <= limit; ) {
    const word = u32At(bytes, at);
    const known = NAMES.get(word);
    const name = known?.startsWith(family) ? known : undefined;
    const end = at + 4 + payloadSize(word);
    heads.push({ word, name, at, end, isWhole: end <= limit });
    if (name === undefined || end > limit) break;
    at = end;
  }
  return heads;
}

function fieldWords(bytes: Uint8Array, at: number, fields: Fields): string {
  let text = '';
  for (const name in fields) {
    const [kind, offset] = fields[name] as Fields[string];
    text += ` ${name}=`;
    if (kind === 'u32') text += u32At(bytes, at + offset);
    else if (kind === 'i32') text += i32At(bytes, at + offset);
    else text += hex64(u32At(bytes, at + offset + 4), u32At(bytes, at + offset));
  }
  return text;
}

function hex32(value: number): string {
  return `0x${value.toString(16)}`;
}

function hex64(high: number, low: number): string {
  return high === 0 ? hex32(low) : `0x${high.toString(16)}${low.toString(16).padStart(8, '0')}`;
}
