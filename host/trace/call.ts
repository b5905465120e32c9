/**
 * One system call in strace's words: what stands before the moment in which it may sleep, and what after. Owns the
 * layout of arguments and results; the names of flags are flags.ts's.
 */
import { bytesOfHex } from '../kernel/hex.ts';
import { commandWords, returnWords } from '../kernel/words.ts';
import { errnoText } from './errnotext.ts';
import { fcntlCommand, mapFlags, openFlags, pollEvents, protection } from './flags.ts';
import type {
  IoctlInput,
  IoctlOutput,
  Output,
  PeekOutput,
  ReadOutput,
  ResultOutput,
  StepInput,
  StoreOutput,
  WriteReadInput,
  WriteReadOutput,
} from './journal.ts';

/** Binder devices by number. */
const DEVICES = ['binder', 'hwbinder', 'vndbinder'];
/** Bytes of a string that are shown. */
const QUOTED_MAX = 64;

/** What is known of a call before it returns. */
export interface CallBegin {
  /** The call's name, for the line that resumes it. */
  name: string;
  /** Everything up to the moment in which the call may sleep, the parentheses still open. */
  begin: string;
}

/** @param bc The commands in words, when they are known; otherwise they are decoded. */
export function callBegin(step: StepInput, bc?: string[]): CallBegin {
  switch (step.op) {
    case 'spawn':
      return { name: 'clone', begin: 'clone(CLONE_VM|CLONE_FILES|CLONE_THREAD' };
    case 'fork':
      return { name: 'fork', begin: 'fork(' };
    case 'setuid':
      return { name: 'setresuid', begin: `setresuid(${step.in.uid}, ${step.in.uid}, ${step.in.uid}` };
    case 'setcon':
      return { name: 'setcon', begin: `setcon(${quoted(step.in.context)}` };
    case 'rlimit':
      return { name: 'setrlimit', begin: `setrlimit(RLIMIT_NOFILE, {rlim_cur=${step.in.nofile}}` };
    case 'poke':
      return { name: 'store', begin: `store(${step.in.addr}, ${step.in.bytes.length / 2} bytes` };
    case 'fill':
      return { name: 'memset', begin: `memset(${step.in.addr}, 0x${step.in.byte.toString(16)}, ${step.in.len}` };
    case 'peek':
      return { name: 'load', begin: `load(${step.in.addr}, ${step.in.len} bytes` };
    case 'open':
      return {
        name: 'openat',
        begin: `openat(AT_FDCWD, "/dev/${DEVICES[step.in.device ?? 0] ?? '?'}", ${openFlags(step.in.flags)}`,
      };
    case 'close':
      return { name: 'close', begin: `close(${step.in.fd}` };
    case 'dup':
      if (step.in.to < 0) return { name: 'dup', begin: `dup(${step.in.fd}` };
      return { name: 'dup3', begin: `dup3(${step.in.fd}, ${step.in.to}, 0` };
    case 'fcntl':
      return {
        name: 'fcntl',
        begin: `fcntl(${step.in.fd}, ${fcntlCommand(step.in.cmd)}, 0x${step.in.arg.toString(16)}`,
      };
    case 'mmap': {
      const { addr, len, prot, flags, fd, off } = step.in;
      const text = `mmap(${addr}, ${len}, ${protection(prot)}, ${mapFlags(flags)}, ${fd}, ${off}`;
      return { name: 'mmap', begin: text };
    }
    case 'munmap':
      return { name: 'munmap', begin: `munmap(${step.in.addr}, ${step.in.len}` };
    case 'mprotect':
      return { name: 'mprotect', begin: `mprotect(${step.in.addr}, ${step.in.len}, ${protection(step.in.prot)}` };
    case 'poll': {
      const asked = `[{fd=${step.in.fd}, events=${pollEvents(step.in.events)}}]`;
      return { name: 'poll', begin: `poll(${asked}, 1, ${step.in.timeout}` };
    }
    case 'read':
      return { name: 'read', begin: `read(${step.in.fd}` };
    case 'write':
      return { name: 'write', begin: `write(${step.in.fd}, ${quoted(step.in.poke)}, ${step.in.len}` };
    case 'ftruncate':
      return { name: 'ftruncate', begin: `ftruncate(${step.in.fd}, ${step.in.len}` };
    case 'mkfd':
      return makeFileText(step.in);
    case 'fdinfo':
      return { name: 'fstat', begin: `fstat(${step.in.fd}` };
    case 'ioctl':
      return { name: 'ioctl', begin: ioctlBegin(step.in) };
    case 'wr':
      return { name: 'ioctl', begin: writeReadBegin(step.in, bc) };
    default:
      return { name: step.op, begin: `${step.op}(` };
  }
}

/** What follows when the call returns: results, the closing parenthesis, the value. */
export function callEnd(step: StepInput, out: Output, br: string[] | undefined): string {
  switch (step.op) {
    case 'poke':
    case 'fill':
      return `) = ${storeResult(out as StoreOutput)}`;
    case 'peek':
      return `, ${(out as PeekOutput).bytes || '""'}) = ${storeResult(out as StoreOutput)}`;
    case 'mmap':
      return `) = ${result(out as ResultOutput)}`;
    case 'poll': {
      const { ret, revents } = out as { ret: number; revents?: number };
      const ready = ret > 0 && revents !== undefined ? ` ([{fd=${step.in.fd}, revents=${pollEvents(revents)}}])` : '';
      return `) = ${result(out as ResultOutput)}${ready}`;
    }
    case 'read':
      return `, ${quoted((out as ReadOutput).bytes ?? '')}, ${step.in.len}) = ${result(out as ResultOutput)}`;
    case 'mkfd':
    case 'fdinfo': {
      const { file, cloexec } = out as { file?: string; cloexec?: number };
      const words = [file, cloexec ? 'FD_CLOEXEC' : undefined].filter((word) => word !== undefined);
      return `) = ${result(out as ResultOutput)}${words.length > 0 ? ` (${words.join(', ')})` : ''}`;
    }
    case 'ioctl':
      return ioctlEnd(step.in, out as IoctlOutput);
    case 'wr':
      return writeReadEnd(step.in, out as WriteReadOutput, br);
    default:
      return `) = ${result(out as ResultOutput)}`;
  }
}

function makeFileText(input: { kind: string; fd: number; fd2?: number; content?: string }): CallBegin {
  switch (input.kind) {
    case 'memfd':
      return { name: 'memfd_create', begin: `memfd_create("", 0 /* ${(input.content ?? '').length / 2} bytes */` };
    case 'pipe':
      return { name: 'pipe2', begin: `pipe2([${input.fd}, ${input.fd2 ?? '?'}], O_NONBLOCK` };
    case 'socketpair':
      return {
        name: 'socketpair',
        begin: `socketpair(AF_UNIX, SOCK_STREAM, 0, [${input.fd}, ${input.fd2 ?? '?'}]`,
      };
    default:
      return { name: 'openat', begin: `openat(AT_FDCWD, "/dev/${input.kind}", O_RDWR` };
  }
}

function ioctlBegin(input: IoctlInput): string {
  const name = input.name ?? input.cmd;
  return `ioctl(${input.fd}, ${name}, ${input.poke === '' ? input.arg : `[${words(input.poke)}]`}`;
}

function ioctlEnd(input: IoctlInput, out: IoctlOutput): string {
  const changed = out.bytes !== undefined && out.bytes !== '' && out.bytes !== input.poke;
  return `${changed ? ` => [${words(out.bytes ?? '')}]` : ''}) = ${result(out)}`;
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
  return `, ${fields.join(', ')}}) = ${result(out)}`;
}

/** The commands that a write half would parse, in words; what a previous call consumed is left out. */
export function commandsOf(input: WriteReadInput): string[] {
  return commandWords(bytesOfHex(input.poke).subarray(input.write_consumed, input.write_size));
}

/** The answers that a read half stored, in words. */
export function answersOf(input: WriteReadInput, out: WriteReadOutput): string[] {
  return returnWords(bytesOfHex(out.read ?? '').subarray(input.read_consumed));
}

/** Bytes as a string of C's: what does not print is escaped, and what is long is cut. */
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

/** Small structures as 32-bit words, as people read them. */
function words(hex: string): string {
  const list: string[] = [];
  for (let at = 0; at < hex.length; at += 8) {
    const bytes = hex.slice(at, at + 8).match(/../g) ?? [];
    list.push(`0x${Number.parseInt(bytes.reverse().join(''), 16).toString(16)}`);
  }
  return list.join(', ');
}

/** A return value: the number, or -1 with the name of the error and what it says. */
export function result(out: { ret: number | string; errno?: string }): string {
  if (out.errno === undefined) return String(out.ret);
  const says = errnoText(out.errno);
  return says === undefined ? `-1 ${out.errno}` : `-1 ${out.errno} (${says})`;
}

function storeResult(out: StoreOutput): string {
  return out.signal === undefined ? String(out.ret) : `${out.ret} --- ${out.signal} {si_code=${out.si_code}} ---`;
}
