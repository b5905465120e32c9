/** The initrd of a recording machine: the recorder as /init, and the driver's module. Built once for each kernel and recorder. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type Flavour, findFile, kernelFolder, NotSetUpError, runFolder } from './place.ts';

const RECORDER = join(import.meta.dirname, '../../oracle/recorder.c');
const FLAGS = ['-O2', '-Wall', '-static', '-no-pie', '-fno-stack-protector'];
const COMPILERS: Readonly<Record<Flavour, readonly string[]>> = {
  x86_64: ['gcc', ...FLAGS, '-fcf-protection=none'],
  arm64: ['aarch64-linux-gnu-gcc', ...FLAGS],
  'arm64-16k': ['aarch64-linux-gnu-gcc', ...FLAGS],
};
/** Bytes of an unpacked module at most. */
const MODULE_MAX = 1 << 26;

/** @throws NotSetUpError without a kernel or a compiler */
export function initrdFor(flavour: Flavour): string {
  const modules = join(kernelFolder(flavour), 'lib', 'modules');
  const driver = findFile(modules, /^binder_linux\.ko(\.xz)?$/);
  if (driver === null) throw new NotSetUpError(`there is no binder_linux.ko below ${modules}`);
  const hash = createHash('sha256').update(readFileSync(RECORDER)).update(COMPILERS[flavour].join(' ')).update(driver);
  const path = join(runFolder(), `initrd-${flavour}-${hash.digest('hex').slice(0, 16)}.gz`);
  if (existsSync(path)) return path;
  mkdirSync(runFolder(), { recursive: true });
  const work = mkdtempSync(join(runFolder(), 'new-'));
  try {
    const files: [string, number, Uint8Array][] = [
      ['init', 0o100755, compileRecorder(flavour, join(work, 'recorder'))],
      ['binder_linux.ko', 0o100644, unpacked(driver)],
    ];
    writeFileSync(join(work, 'initrd'), gzipSync(cpio(files), { level: 1 }));
    renameSync(join(work, 'initrd'), path);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return path;
}

function compileRecorder(flavour: Flavour, target: string): Buffer {
  const [compiler = '', ...flags] = COMPILERS[flavour];
  runTool(compiler, [...flags, '-o', target, RECORDER]);
  return readFileSync(target);
}

function unpacked(path: string): Buffer {
  return path.endsWith('.xz') ? runTool('xz', ['-dc', path]) : readFileSync(path);
}

function runTool(tool: string, args: readonly string[]): Buffer {
  try {
    return execFileSync(tool, args, { maxBuffer: MODULE_MAX, stdio: ['ignore', 'pipe', 'inherit'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new NotSetUpError(`${tool} is not installed`);
  }
}

const DIRECTORY = 0o040755;
const TRAILER = 'TRAILER!!!';

/** An archive in cpio's "newc" format: a header of 13 hexadecimal fields, the name, the data, each padded to 4 bytes. */
function cpio(files: readonly (readonly [name: string, mode: number, data: Uint8Array])[]): Buffer {
  const none = new Uint8Array(0);
  const folders = ['proc', 'sys', 'dev'].map((name) => [name, DIRECTORY, none] as const);
  const entries = [...folders, ...files, [TRAILER, 0, none] as const];
  const parts = entries.flatMap(([name, mode, data], inode) => {
    const nameBytes = Buffer.from(`${name}\0`);
    const fields = [inode + 1, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, nameBytes.length, 0];
    const head = Buffer.from(`070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`);
    return [head, nameBytes, padding(head.length + nameBytes.length), data, padding(data.length)];
  });
  return Buffer.concat(parts);
}

function padding(size: number): Buffer {
  return Buffer.alloc(-size & 3);
}
