/** The C part of `serve`: what is preloaded into programs, and what watches them. Compiled at its first use, then kept. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../packagefile.ts';
import { UsageError } from '../usage.ts';

const SOURCES = ['request.h', 'shim.c', 'watch.c'];

/** Paths of the compiled files. */
export interface Native {
  /** For LD_PRELOAD. */
  readonly shim: string;
  readonly watch: string;
}

/** @throws UsageError where it cannot be compiled: not on Linux, or without a C compiler. */
export function nativeFiles(): Native {
  if (process.platform !== 'linux')
    throw new UsageError('serve works on Linux only: it preloads a library into programs');
  const digest = createHash('sha256').update(process.arch);
  for (const name of SOURCES) digest.update(readFileSync(source(name)));
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const folder = join(cache, 'binderlab', digest.digest('hex').slice(0, 16));
  mkdirSync(folder, { recursive: true });
  return {
    shim: compiled(folder, 'shim.c', 'shim.so', ['-shared', '-fPIC', '-pthread']),
    watch: compiled(folder, 'watch.c', 'watch', []),
  };
}

function source(name: string): string {
  return join(ROOT, 'native', name);
}

function compiled(folder: string, name: string, target: string, flags: readonly string[]): string {
  const path = join(folder, target);
  if (existsSync(path)) return path;
  const cc = process.env.CC || 'cc';
  const made = `${path}.${process.pid}`;
  const { error, status, stderr } = spawnSync(cc, ['-O2', ...flags, '-o', made, source(name), '-ldl'], {
    encoding: 'utf8',
  });
  if (error !== undefined) {
    throw new UsageError(
      `serve compiles ${name} at its first use, and there is no C compiler "${cc}": install one, or set CC`,
    );
  }
  if (status !== 0) throw new UsageError(`${cc} does not compile ${name}:\n${stderr}`);
  renameSync(made, path);
  return path;
}
