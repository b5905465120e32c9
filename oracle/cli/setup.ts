/** `oracle setup`: QEMU, a compiler and Debian's newest 6.12 kernel, by apt. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../host/cli/usage.ts';
import {
  type Flavour,
  FOLDER_VARIABLE,
  findFile,
  isSetUp,
  kernelFolder,
  NotSetUpError,
  oracleFolder,
} from '../place.ts';
import type { Command } from './options.ts';
import { complain } from './recording.ts';

/** Requirements of an architecture: programs, their packages, and its kernels by Debian's names. */
interface Needs {
  debian: 'amd64' | 'arm64';
  programs: readonly string[];
  packages: readonly string[];
  kernels: readonly { flavour: Flavour; suffix: string }[];
}

const NEEDS: Readonly<Record<string, Needs>> = {
  x86_64: {
    debian: 'amd64',
    programs: ['qemu-system-x86_64', 'gcc', 'xz'],
    packages: ['qemu-system-x86', 'qemu-system-data', 'seabios', 'ipxe-qemu', 'xz-utils', 'gcc', 'libc6-dev'],
    kernels: [{ flavour: 'x86_64', suffix: 'amd64' }],
  },
  arm64: {
    debian: 'arm64',
    programs: ['qemu-system-aarch64', 'aarch64-linux-gnu-gcc', 'xz'],
    packages: ['qemu-system-arm', 'ipxe-qemu', 'gcc-aarch64-linux-gnu', 'libc6-dev-arm64-cross', 'xz-utils'],
    kernels: [
      { flavour: 'arm64', suffix: 'arm64' },
      { flavour: 'arm64-16k', suffix: 'arm64-16k' },
    ],
  },
};

export const setupCommand: Command = {
  usage: 'setup [--arch x86_64|arm64]',
  about: `Installs QEMU and a compiler and unpacks Debian's newest 6.12 kernel into the oracle's folder, which ${FOLDER_VARIABLE} may name. arm64 has two kernels, with pages of 4 and of 16 KiB.`,
  options: { arch: { type: 'string', value: 'A', about: 'x86_64 or arm64; x86_64 when absent' } },
  async run(line) {
    if (line.words.length > 0) throw new UsageError(`setup takes no "${line.words[0]}"`);
    const arch = line.get('arch') ?? 'x86_64';
    const needs = NEEDS[arch];
    if (needs === undefined)
      throw new UsageError(`there is no --arch ${arch}; there are ${Object.keys(NEEDS).join(', ')}`);
    const missing = needs.kernels.filter(({ flavour }) => !isSetUp(flavour));
    const lacks = needs.programs.filter((program) => !isInstalled(program));
    if (lacks.length > 0 || missing.length > 0) requireApt(needs, lacks);
    if (lacks.length > 0) install(needs.packages, lacks);
    if (missing.length > 0) unpackKernels(needs, missing);
    for (const { flavour } of needs.kernels) console.log(`${flavour}: ready in ${kernelFolder(flavour)}`);
  },
};

function isInstalled(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** @throws NotSetUpError that says how to do without apt */
function requireApt({ kernels }: Needs, lacks: readonly string[]): void {
  if (isInstalled('apt-get') && isInstalled('dpkg-deb')) return;
  const programs = lacks.length === 0 ? '' : ` install ${lacks.join(', ')} (the compiler with a static C library);`;
  const folders = kernels.map(
    ({ flavour, suffix }) => `linux-image-6.12.*-${suffix}-unsigned into ${kernelFolder(flavour)}`,
  );
  throw new NotSetUpError(
    `this system has no apt-get and dpkg-deb. By hand:${programs} unpack Debian's package ${folders.join(', and ')}`,
  );
}

function install(packages: readonly string[], lacks: readonly string[]): void {
  complain(`${lacks.join(', ')} ${lacks.length === 1 ? 'is' : 'are'} not installed`);
  if (process.getuid?.() !== 0) {
    throw new NotSetUpError(
      `only root may install them; run: apt-get install --no-install-recommends ${packages.join(' ')}`,
    );
  }
  run('apt-get', ['update']);
  run('apt-get', ['install', '-y', '--no-install-recommends', ...packages]);
}

/** Debian's package lists of another architecture go into folders of their own: those of the system do not change. */
function unpackKernels({ debian }: Needs, kernels: Needs['kernels']): void {
  const folder = join(oracleFolder(), 'packages', debian);
  for (const below of ['lists/partial', 'cache/archives/partial', 'deb'])
    mkdirSync(join(folder, below), { recursive: true });
  const options = [
    `-oAPT::Architecture=${debian}`,
    `-oAPT::Architectures=${debian}`,
    `-oDir::State::Lists=${join(folder, 'lists')}`,
    `-oDir::Cache=${join(folder, 'cache')}`,
    '-oDir::State::status=/dev/null',
  ];
  run('apt-get', [...options, 'update']);
  for (const { flavour, suffix } of kernels) {
    const name = newestKernel(options, suffix);
    const deb = join(folder, 'deb', flavour);
    rmSync(deb, { recursive: true, force: true });
    mkdirSync(deb, { recursive: true });
    run('apt-get', [...options, 'download', name], deb);
    run('dpkg-deb', ['-x', findFile(deb, /\.deb$/) ?? '', kernelFolder(flavour)]);
  }
}

function newestKernel(options: readonly string[], suffix: string): string {
  const found = text('apt-cache', [...options, 'search', '-n', `^linux-image-6\\.12\\..*-${suffix}-unsigned$`])
    .split('\n')
    .map((line) => line.split(' ')[0] ?? '')
    .filter((name) => name !== '' && !/cloud|rt-/.test(name))
    .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const newest = found.at(-1);
  if (newest === undefined)
    throw new NotSetUpError(`apt knows no kernel 6.12 for ${suffix}; add a source of Debian that has one`);
  return newest;
}

function run(program: string, args: readonly string[], cwd?: string): void {
  complain(`${program} ${args.filter((arg) => !arg.startsWith('-o')).join(' ')}`);
  text(program, args, cwd);
}

/** @throws NotSetUpError with the output of the program */
function text(program: string, args: readonly string[], cwd?: string): string {
  try {
    return execFileSync(program, args, {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 1 << 26,
    });
  } catch (error) {
    const said = String((error as { stderr?: string }).stderr ?? '').trim();
    throw new NotSetUpError(`${program} failed: ${said || (error as Error).message}`);
  }
}
