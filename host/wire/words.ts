/**
 * Command and return streams as text, a string for each word: "BC_ACQUIRE handle=1". For people; the bytes decide.
 *
 * Both streams have one form: a 32-bit word, then the payload, whose size is in bits 29..16 of the word.
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import {
  FROZEN_STATE_INFO_COOKIE,
  FROZEN_STATE_INFO_IS_FROZEN,
  FROZEN_STATE_INFO_RESERVED,
  HANDLE_COOKIE_COOKIE,
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
  TRANSACTION_DATA_SG_BUFFERS_SIZE,
  TRANSACTION_DATA_TARGET,
} from '../../assembly/abi/wire.ts';
import { i32At, u32At } from './endian.ts';

type Field = readonly [name: string, offset: number, kind: 'u32' | 'i32' | 'u64'];

const HANDLE: readonly Field[] = [['handle', 0, 'u32']];
const VALUE: readonly Field[] = [['value', 0, 'u64']];
const COOKIE: readonly Field[] = [['cookie', 0, 'u64']];
const RESULT: readonly Field[] = [['value', 0, 'i32']];
const PTR_COOKIE: readonly Field[] = [
  ['ptr', 0, 'u64'],
  ['cookie', PTR_COOKIE_COOKIE, 'u64'],
];
const HANDLE_COOKIE: readonly Field[] = [
  ['handle', 0, 'u32'],
  ['cookie', HANDLE_COOKIE_COOKIE, 'u64'],
];
const TRANSACTION: readonly Field[] = [
  ['ptr', TRANSACTION_DATA_TARGET, 'u64'],
  ['cookie', TRANSACTION_DATA_COOKIE, 'u64'],
  ['code', TRANSACTION_DATA_CODE, 'u32'],
  ['flags', TRANSACTION_DATA_FLAGS, 'u32'],
  ['sender_pid', TRANSACTION_DATA_SENDER_PID, 'i32'],
  ['sender_euid', TRANSACTION_DATA_SENDER_EUID, 'u32'],
  ['data_size', TRANSACTION_DATA_DATA_SIZE, 'u64'],
  ['offsets_size', TRANSACTION_DATA_OFFSETS_SIZE, 'u64'],
  ['buffer', TRANSACTION_DATA_BUFFER, 'u64'],
  ['offsets', TRANSACTION_DATA_OFFSETS, 'u64'],
];
const TRANSACTION_SG: readonly Field[] = [...TRANSACTION, ['buffers_size', TRANSACTION_DATA_SG_BUFFERS_SIZE, 'u64']];

/** The fields of each payload. Names are those of the kernel's structures. */
const PAYLOADS: Readonly<Record<string, readonly Field[]>> = {
  BC_TRANSACTION: TRANSACTION,
  BC_REPLY: TRANSACTION,
  BC_TRANSACTION_SG: TRANSACTION_SG,
  BC_REPLY_SG: TRANSACTION_SG,
  BC_ACQUIRE_RESULT: RESULT,
  BC_FREE_BUFFER: VALUE,
  BC_INCREFS: HANDLE,
  BC_ACQUIRE: HANDLE,
  BC_RELEASE: HANDLE,
  BC_DECREFS: HANDLE,
  BC_INCREFS_DONE: PTR_COOKIE,
  BC_ACQUIRE_DONE: PTR_COOKIE,
  BC_ATTEMPT_ACQUIRE: [
    ['priority', 0, 'i32'],
    ['handle', 4, 'u32'],
  ],
  BC_REQUEST_DEATH_NOTIFICATION: HANDLE_COOKIE,
  BC_CLEAR_DEATH_NOTIFICATION: HANDLE_COOKIE,
  BC_DEAD_BINDER_DONE: VALUE,
  BC_REQUEST_FREEZE_NOTIFICATION: HANDLE_COOKIE,
  BC_CLEAR_FREEZE_NOTIFICATION: HANDLE_COOKIE,
  BC_FREEZE_NOTIFICATION_DONE: VALUE,
  BR_ERROR: RESULT,
  BR_TRANSACTION: TRANSACTION,
  BR_TRANSACTION_SEC_CTX: [...TRANSACTION, ['secctx', TRANSACTION_DATA_SECCTX_SECCTX, 'u64']],
  BR_REPLY: TRANSACTION,
  BR_ACQUIRE_RESULT: RESULT,
  BR_INCREFS: PTR_COOKIE,
  BR_ACQUIRE: PTR_COOKIE,
  BR_RELEASE: PTR_COOKIE,
  BR_DECREFS: PTR_COOKIE,
  BR_ATTEMPT_ACQUIRE: [
    ['priority', 0, 'i32'],
    ['ptr', 8, 'u64'],
    ['cookie', 16, 'u64'],
  ],
  BR_DEAD_BINDER: COOKIE,
  BR_CLEAR_DEATH_NOTIFICATION_DONE: COOKIE,
  BR_FROZEN_BINDER: [
    ['cookie', FROZEN_STATE_INFO_COOKIE, 'u64'],
    ['is_frozen', FROZEN_STATE_INFO_IS_FROZEN, 'u32'],
    ['reserved', FROZEN_STATE_INFO_RESERVED, 'u32'],
  ],
  BR_CLEAR_FREEZE_NOTIFICATION_DONE: COOKIE,
};

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(protocol)
    .filter(([name]) => /^B[CR]_/.test(name) && !name.endsWith('_COUNT'))
    .map(([name, word]) => [word >>> 0, name]),
);

/** @returns The name of a BC_ or BR_ word; undefined for an unknown word. */
export function wordName(word: number): string | undefined {
  return NAMES.get(word);
}

/** All words with that prefix, with their names. */
export function words(beginning: string): [word: number, name: string][] {
  return [...NAMES].filter(([, name]) => name.startsWith(beginning));
}

/** All BC_ and BR_ names. */
export function wordNames(): string[] {
  return [...NAMES.values()];
}

/** @returns Payload bytes after a word. */
export function payloadSize(word: number): number {
  return (word >>> 16) & 0x3fff;
}

/**
 * The commands in `bytes` from `from` to `to`. Stops at an unknown word, and at a truncated payload.
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

function streamWords(bytes: Uint8Array, from: number, to: number, family: 'BC_' | 'BR_'): string[] {
  const end = Math.min(to, bytes.length);
  const words: string[] = [];
  let at = from;
  while (at + 4 <= end) {
    const word = u32At(bytes, at);
    const name = NAMES.get(word);
    if (name === undefined || !name.startsWith(family)) {
      words.push(`${family}UNKNOWN cmd=${family === 'BC_' ? hex32(word) : word}`);
      break;
    }
    at += 4;
    if (at + payloadSize(word) > end) {
      words.push(`${name} truncated=true`);
      break;
    }
    words.push(name + fieldWords(bytes, at, PAYLOADS[name] ?? []));
    at += payloadSize(word);
  }
  return words;
}

function fieldWords(bytes: Uint8Array, at: number, fields: readonly Field[]): string {
  let text = '';
  for (const [name, offset, kind] of fields) {
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
