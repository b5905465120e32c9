/** The C part of `serve`: what is preloaded into programs, what watches them, what Node lacks. Compiled at first use, then kept. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../packagefile.ts';
import { UsageError } from '../usage.ts';

const FOLDER = join(ROOT, 'native');
const SHIM = ['session', 'files', 'ioctl', 'memory', 'events', 'paths', 'identity'].map((name) => `shim/${name}.c`);
const SECCOMP = ['main', 'calls', 'poll', 'epoll', 'files', 'inject'].map((name) => `seccomp/${name}.c`);
const HEADERS = ['devices.h', 'ring.h', 'socket.h', 'twins.h', 'shim/shim.h', 'seccomp/seccomp.h'];

/** Functions of native/addon.c. A result is as a system call's: 0 or more, or -errno. */
export interface Addon {
  /** Maps a file. The first one is the ring. */
  map(path: string, size: number): ArrayBuffer | number;
  /** Unmaps all bytes of a mapping. */
  unmap(bytes: Uint8Array): void;
  /** Says where the guest's memory is, and its window in there. */
  enter(memory: Uint8Array, window: number): void;
  /** Says whose slot it is: the guest's record of the program's space. */
  own(slot: number, space: number): void;
  /** @returns A slot's index * 8 + what is pending there; 0 after `timeoutMs`, -1 after SIGINT. Lends the guest the window until the next call. */
  next(spinNs: number, timeoutMs: number): number;
  /** Tells the threads of their answers, which are in the ring; `next` does so, too. */
  tell(): void;
  /** The slot's thread stores the bytes when its call returns. @returns How many of them. */
  keep(slot: number, address: number, bytes: Uint8Array): number;
  /** The slot's thread closes the descriptor when its call returns. */
  shut(slot: number, fd: number): void;
  /** Asks the slot's thread, which waits for an answer, for something. @returns 1 when it has done so. */
  ask(slot: number, state: number, ms: number): number;
  /** The slot is free from now on. */
  release(slot: number): void;
  /** @returns How many bytes were copied; it may stop before the first that the process does not have. */
  read(pid: number, address: number, target: Uint8Array): number;
  write(pid: number, address: number, source: Uint8Array): number;
  /** @returns 1 when the process has ended. */
  ended(pid: number): number;
  /** Copies a descriptor of another process. */
  take(pid: number, fd: number): number;
  /** Sends a descriptor through a socket. */
  give(socket: number, fd: number): number;
  catchInterrupts(): void;
}

/** How the calls of programs come here: by a preloaded library, or by the kernel. */
export type Mode = 'preload' | 'seccomp';

export interface Native {
  /** Paths: for LD_PRELOAD, and programs. */
  readonly shim: string;
  readonly watch: string;
  /** Null where it is not asked for. */
  readonly seccomp: string | null;
  readonly addon: Addon;
}

/** @throws UsageError where it cannot be compiled: not on Linux, or without a C compiler. */
export function nativeFiles(mode: Mode): Native {
  if (process.platform !== 'linux')
    throw new UsageError('serve works on Linux only: it preloads a library into programs');
  const digest = createHash('sha256').update(process.arch);
  for (const name of [...HEADERS, ...SHIM, ...SECCOMP, 'watch.c', 'addon.c'])
    digest.update(readFileSync(join(FOLDER, name)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'binderlab', digest.digest('hex').slice(0, 16));
  mkdirSync(folder, { recursive: true });
  const library = ['-shared', '-fPIC', '-pthread'];
  return {
    shim: compiled(folder, SHIM, 'shim.so', library),
    watch: compiled(folder, ['watch.c'], 'watch', []),
    seccomp: mode === 'seccomp' ? compiled(folder, SECCOMP, 'seccomp', ['-pthread']) : null,
    addon: load(compiled(folder, ['addon.c'], 'addon.node', library)),
  };
}

function compiled(folder: string, names: readonly string[], target: string, flags: readonly string[]): string {
  const path = join(folder, target);
  if (existsSync(path)) return path;
  const cc = process.env.CC || 'cc';
  const made = `${path}.${process.pid}`;
  const sources = names.map((name) => join(FOLDER, name));
  const { error, status, stderr } = spawnSync(cc, ['-O2', ...flags, '-o', made, ...sources, '-ldl'], {
    encoding: 'utf8',
  });
  if (error !== undefined) {
    throw new UsageError(
      `serve compiles ${target} at its first use, and there is no C compiler "${cc}": install one, or set CC`,
    );
  }
  if (status !== 0) throw new UsageError(`${cc} does not compile ${target}:\n${stderr}`);
  renameSync(made, path);
  return path;
}

function load(path: string): Addon {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports as Addon;
}
