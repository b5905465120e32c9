/**
 * Commands and returns for people: translates the text of a journal ("BC_ACQUIRE handle=1") into its meaning. Zeros, and
 * fields without information for a reader, are left out.
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import { errnoName } from '../wire/errno.ts';
import { WORDS, type WordName } from '../wire/words.ts';
import { bits, namesOf } from './flags.ts';

/** A command or return: its name, and its details. */
export interface WordText {
  name: string;
  details: string[];
  /** The word is a refusal or a warning of the driver. */
  isError: boolean;
}

type Fields = ReadonlyMap<string, string>;

const ERRORS: ReadonlySet<string> = new Set([
  'BR_ERROR',
  'BR_DEAD_REPLY',
  'BR_FAILED_REPLY',
  'BR_FROZEN_REPLY',
  'BR_ONEWAY_SPAM_SUSPECT',
]);

const TRANSACTION_FLAGS = namesOf(protocol, /^TF_/);

/** Size of an offset in the list of objects, in bytes. */
const OFFSET_SIZE = 8;
const HANDLE_BITS = 32;

/** @param word In the format of commandWords and returnWords. */
export function wordText(word: string): WordText {
  const [name = '', ...pairs] = word.split(' ');
  const fields: Fields = new Map(pairs.map((pair) => pair.split('=', 2) as [string, string]));
  return { name, details: detailsOf(name, fields), isError: ERRORS.has(name) };
}

function detailsOf(name: string, fields: Fields): string[] {
  if (fields.has('truncated')) return ['cut off'];
  if (fields.has('data_size')) return transactionDetails(name, fields);
  const value = fields.get('value') ?? '0';
  switch (WORDS[name as WordName]) {
    case 'buffer':
      return [value];
    case 'done':
      return [`cookie ${value}`];
    case 'error':
      return [errnoName(-Number(value))];
    case 'frozen':
      return [...named('cookie', fields), fields.get('is_frozen') === '0' ? 'thawed' : 'frozen'];
    default:
      return [...fields].flatMap(([field, text]) => {
        if (field === 'handle') return [`handle ${text}`];
        if (field === 'cmd') return [text];
        return named(field, fields);
      });
  }
}

function transactionDetails(name: string, fields: Fields): string[] {
  const flags = number(fields, 'flags');
  const objects = number(fields, 'offsets_size') / OFFSET_SIZE;
  const [size, buffer] = [number(fields, 'data_size'), number(fields, 'buffer')];
  return [
    ...targetOf(name, fields),
    ...(name.includes('TRANSACTION') || number(fields, 'code') !== 0
      ? [`code ${codeText(number(fields, 'code'))}`]
      : []),
    ...(flags === 0 ? [] : [transactionFlags(flags)]),
    ...senderOf(name, fields),
    ...(size === 0 && buffer === 0 ? [] : [`${size} bytes at ${fields.get('buffer')}`]),
    ...(objects === 0 ? [] : [objects === 1 ? '1 object' : `${objects} objects`]),
    ...(number(fields, 'buffers_size') === 0 ? [] : [`${number(fields, 'buffers_size')} bytes behind pointers`]),
    ...(number(fields, 'secctx') === 0 ? [] : [`security context at ${fields.get('secctx')}`]),
  ];
}

/** The target of a call. A reply names no target: it goes to the caller. */
function targetOf(name: string, fields: Fields): string[] {
  if (name.startsWith('BC_TRANSACTION')) {
    return [`handle ${BigInt.asUintN(HANDLE_BITS, BigInt(fields.get('ptr') ?? 0))}`];
  }
  if (!name.startsWith('BR_TRANSACTION')) return [];
  return [...named('ptr', fields), ...named('cookie', fields)];
}

/** The sender's pid. A oneway has none, since it has no reply. */
function senderOf(name: string, fields: Fields): string[] {
  if (!name.startsWith('BR_TRANSACTION')) return [];
  const pid = number(fields, 'sender_pid');
  return [pid === 0 ? `from uid ${fields.get('sender_euid')}` : `from pid ${pid} uid ${fields.get('sender_euid')}`];
}

/** "TF_ONE_WAY|TF_ACCEPT_FDS". */
export function transactionFlags(flags: number): string {
  return bits(flags, TRANSACTION_FLAGS);
}

/** Codes that the system reserves are four characters: `_PNG`. */
export function codeText(code: number): string {
  const characters = [24, 16, 8, 0].map((shift) => String.fromCharCode((code >>> shift) & 0xff)).join('');
  return /^_[A-Z]{3}$/.test(characters) ? characters : String(code);
}

/** Field and value; empty for zero. An object's address in its own process is the driver's `ptr`. */
function named(field: string, fields: Fields): string[] {
  if (number(fields, field) === 0) return [];
  return [`${field === 'ptr' ? 'object' : field} ${fields.get(field)}`];
}

function number(fields: Fields, field: string): number {
  return Number(fields.get(field) ?? 0);
}
