/**
 * One system call in strace's format, in two parts: the text before the call may sleep, and the text after. Owns the
 * layout of arguments and results; flags.ts owns the names of flags.
 */

import { type EpollEvent, epollEventsOf } from '../wire/epoll.ts';
import { bytesOfHex } from '../wire/hex.ts';
import { DEVICES, type Field, type KindName } from '../wire/kinds.ts';
import { INPUTS, type Op, straceForm } from '../wire/operations.ts';
import { commandWords, returnWords } from '../wire/words.ts';
import { ERRNO_TEXTS } from './errnotext.ts';
import { FLAG_TEXTS } from './flags.ts';
import type { IoctlInput, IoctlOutput, Output, StepInput, StepOf, WriteReadInput, WriteReadOutput } from './journal.ts';

const DEVICE_NAMES = Object.keys(DEVICES);
/** Maximum of bytes that are shown of a string. */
const QUOTED_MAX = 64;

/** The text of a call before it returns. */
interface CallBegin {
  /** The call's name, for the line that resumes it. */
  name: string;
  /** Everything up to the moment in which the call may sleep, with open parentheses. */
  begin: string;
}

/** Formats of the kinds whose text differs from the journal's. */
const SHOWN: Readonly<Partial<Record<KindName, (value: never) => string>>> = {
  ...FLAG_TEXTS,
  bytes: quoted,
  byte: hexOf,
  data: quoted,
  device: (device = 0) => DEVICE_NAMES[device] ?? '?',
  fcntl_arg: hexOf,
};

/** The text before the call may sleep, for calls that the form of their row does not describe. */
const BEGINS: { readonly [O in Op]?: (step: StepOf<O>) => string } = {
  poke: ({ in: { addr, bytes } }) => `store(${addr}, ${bytes.length / 2} bytes`,
  dup: ({ in: { fd, to } }) => (to < 0 ? `dup(${fd}` : `dup3(${fd}, ${to}, 0`),
  mkfd: ({ in: input }) => makeFileText(input),
  ioctl: ({ in: input }) => ioctlBegin(input),
  wr: ({ in: input, bc }) => writeReadBegin(input, bc),
};

/** The text between that moment and the result, and the text after the result. */
const ENDS: { readonly [O in Op]?: (step: StepOf<O> & Answered<O>) => readonly [before: string, behind?: string] } = {
  peek: ({ out }) => [`, ${out.bytes || '""'}`],
  poll: ({ in: { fd }, out: { ret, revents } }) => [
    '',
    ret > 0 && revents !== undefined ? ` ([{fd=${fd}, revents=${FLAG_TEXTS.events(revents)}}])` : '',
  ],
  epoll_wait: ({ in: { maxevents, timeout }, out }) => [
    `, [${epollEventsOf(bytesOfHex(out.bytes ?? ''))
      .map(readyText)
      .join(', ')}], ${maxevents}, ${timeout}`,
  ],
  read: ({ in: { len }, out }) => [`, ${quoted(out.bytes ?? '')}, ${len}`],
  mkfd: ({ out }) => ['', fileText(out)],
  fdinfo: ({ out }) => ['', fileText(out)],
  ioctl: ({ in: input, out }) => [ioctlEnd(input, out)],
  wr: ({ in: input, out, br }) => [writeReadEnd(input, out, br)],
};

interface Answered<O extends Op> {
  out: NonNullable<StepOf<O>['out']>;
}

/** @param bc The commands as text, if known; otherwise they are decoded. */
export function callBegin(step: StepInput, bc?: string[]): CallBegin {
  const own = BEGINS[step.op] as ((step: object) => string) | undefined;
  const begin = own === undefined ? formed(step) : own({ ...step, bc });
  return { name: begin.slice(0, begin.indexOf('(')), begin };
}

/** The text of the return: results, the closing parenthesis, the return value. */
export function callEnd(step: StepInput, out: Output, br: string[] | undefined): string {
  const own = ENDS[step.op] as ((step: object) => readonly [string, string?]) | undefined;
  const [before, behind = ''] = own?.({ ...step, out, br }) ?? [''];
  return `${before}) = ${result(out as Answer)}${behind}`;
}

/** The row's form with values in it, without its closing parenthesis. */
function formed({ op, in: input }: StepInput): string {
  const form = straceForm(op).slice(0, -1);
  return form.replace(/\$(\w+)/g, (_, name: string) =>
    shownAs(INPUTS[op].get(name) as Field, (input as Readonly<Record<string, unknown>>)[name]),
  );
}

function shownAs({ named }: Field, value: unknown): string {
  const show = SHOWN[named] as ((value: unknown) => string) | undefined;
  return show?.(value) ?? String(value);
}

function readyText({ events, data }: EpollEvent): string {
  return `{events=${FLAG_TEXTS.epoll_events(events)}, data=0x${data.toString(16)}}`;
}

function hexOf(value: number): string {
  return `0x${value.toString(16)}`;
}

function fileText({ file, cloexec }: { file?: string; cloexec?: number }): string {
  const words = [file, cloexec ? 'FD_CLOEXEC' : undefined].filter((word) => word !== undefined);
  return words.length > 0 ? ` (${words.join(', ')})` : '';
}

function makeFileText({ kind, fd, fd2, content = '' }: StepOf<'mkfd'>['in']): string {
  switch (kind) {
    case 'memfd':
      return `memfd_create("", 0 /* ${content.length / 2} bytes */`;
    case 'pipe':
      return `pipe2([${fd}, ${fd2 ?? '?'}], O_NONBLOCK`;
    case 'socketpair':
      return `socketpair(AF_UNIX, SOCK_STREAM, 0, [${fd}, ${fd2 ?? '?'}]`;
    default:
      return `openat(AT_FDCWD, "/dev/${kind}", O_RDWR`;
  }
}

function ioctlBegin(input: IoctlInput): string {
  const name = input.name ?? input.cmd;
  return `ioctl(${input.fd}, ${name}, ${input.poke === '' ? input.arg : `[${words(input.poke)}]`}`;
}

function ioctlEnd(input: IoctlInput, out: IoctlOutput): string {
  const changed = out.bytes !== undefined && out.bytes !== '' && out.bytes !== input.poke;
  return changed ? ` => [${words(out.bytes ?? '')}]` : '';
}

function writeReadBegin(input: WriteReadInput, bc: string[] | undefined): string {
  const fields = [`write_size=${input.write_size}`];
  if (input.write_consumed !== 0) fields.push(`write_consumed=${input.write_consumed}`);
  if (input.write_size > 0) fields.push(`[${(bc ?? commandsOf(input)).join(', ')}]`);
  fields.push(`read_size=${input.read_size}`);
  if (input.read_consumed !== 0) fields.push(`read_consumed=${input.read_consumed}`);
  return `ioctl(${input.fd}, BINDER_WRITE_READ, {${fields.join(', ')}`;
}

function writeReadEnd(input: WriteReadInput, out: WriteReadOutput, br: string[] | undefined): string {
  const fields = [`write_consumed=${out.write_consumed ?? '?'}`, `read_consumed=${out.read_consumed ?? '?'}`];
  if (out.read) fields.push(`[${(br ?? answersOf(input, out)).join(', ')}]`);
  return `, ${fields.join(', ')}}`;
}

/** The commands that a write half parses, as text; commands that a previous call consumed are left out. */
export function commandsOf(input: WriteReadInput): string[] {
  return commandWords(bytesOfHex(input.poke).subarray(input.write_consumed, input.write_size));
}

/** The returns that a read half stored, as text. */
export function answersOf(input: WriteReadInput, out: WriteReadOutput): string[] {
  return returnWords(bytesOfHex(out.read ?? '').subarray(input.read_consumed));
}

/** Bytes as a C string: unprintable bytes are escaped, a long string is cut. */
function quoted(hex: string): string {
  const bytes = bytesOfHex(hex);
  const shown = [...bytes.subarray(0, QUOTED_MAX)].map(escaped).join('');
  return `"${shown}"${bytes.length > QUOTED_MAX ? '...' : ''}`;
}

function escaped(byte: number): string {
  const character = String.fromCharCode(byte);
  if (byte === 0x0a) return '\\n';
  if (character === '"' || character === '\\') return `\\${character}`;
  return byte >= 0x20 && byte < 0x7f ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** Small structures as 32-bit words. */
function words(hex: string): string {
  const list: string[] = [];
  for (let at = 0; at < hex.length; at += 8) {
    const bytes = hex.slice(at, at + 8).match(/../g) ?? [];
    list.push(`0x${Number.parseInt(bytes.reverse().join(''), 16).toString(16)}`);
  }
  return list.join(', ');
}

/** The outputs of a call that make up its return value. */
interface Answer {
  readonly ret: number | string;
  readonly errno?: string;
  readonly signal?: string;
  readonly si_code?: number;
}

/** A return value: the number, or -1 with the name and the text of the error; and the signal that ended an access. */
export function result({ ret, errno, signal, si_code }: Answer): string {
  if (signal !== undefined) return `${ret} --- ${signal} {si_code=${si_code}} ---`;
  if (errno === undefined) return String(ret);
  const says = ERRNO_TEXTS[errno];
  return says === undefined ? `-1 ${errno}` : `-1 ${errno} (${says})`;
}

/** What an injection does, in words. */
export function injectionText({ what, nth, bytes }: StepOf<'inject'>['in']): string {
  if (what === 'nothing') return 'nothing fails by request any more';
  const named = what === 'copy' ? 'copy from or to user memory' : `allocation of a ${what}`;
  if (nth === 0) return `each ${named} is counted`;
  return `${named} number ${nth} fails${what === 'copy' ? ` after ${bytes} bytes` : ''}`;
}
