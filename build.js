/**
 * Builds what is asked for, by name: `node build.js release host`; without a name everything but the coverage build.
 *
 *     release   assembly/index.ts     asc, wasm-opt   build/release.wasm   the fast one
 *     debug     assembly/index.ts     asc             build/debug.wasm     asserts and poison
 *     profile   as release            asc, wasm-opt   build/profile.wasm   nearly as fast, with the names of functions
 *     bench     bench/guest/          asc, wasm-opt   build/bench.wasm     the fast one, with parts to be measured alone
 *     test      test/guest/assembly/  asc             build/test.wasm      what unit tests call inside of the guest
 *     coverage  assembly/index.ts     asc             build/coverage.wasm  the debug build, counting the branches it takes
 *     layout    assembly/index.ts     asc             build/layout.ts      the guest's fields and functions, for the host
 *     cli       host, bench, host/cli tsc -b, esbuild dist/bundle/cli*.js  the command, without API, examples and tests
 *     host      every other .ts       tsc -b, esbuild dist/                same folders as in the sources, and dist/bundle
 *
 * `wasm` stands for all wasm files, and the host has the layout built first. What is up to date is not built again, so every
 * npm script begins with it. wasm files appear whole or not at all.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { hinted } from './hints.js';
import { tracepoints } from './keys.js';

const ROOT = import.meta.dirname;
const ASC = 'node_modules/assemblyscript/bin/asc.js';
const WASM_OPT = 'node_modules/binaryen/bin/wasm-opt';
const TSC = 'node_modules/typescript-native/bin/tsc';
/** The ways into the package, as esbuild takes them. Tests import what is inside of them, file by file. */
const BUNDLES = {
  // a file for what each command alone needs: node starts in half the time when it need not read the others
  cli: {
    entryPoints: { cli: 'dist/host/cli/main.js' },
    platform: 'node',
    packages: 'external',
    splitting: true,
    chunkNames: 'cli-[hash]',
    outfile: undefined,
    outdir: 'dist/bundle',
  },
  binderlab: { entryPoints: ['dist/host/index.js'], platform: 'node', packages: 'external' },
  web: {
    entryPoints: ['dist/host/index.js'],
    platform: 'browser',
    banner: { js: '/*! with @assemblyscript/loader, Apache-2.0 */' },
  },
  bench: { entryPoints: ['dist/bench/main.js'], platform: 'node', packages: 'external' },
  view: {
    entryPoints: ['dist/host/web/main.js'],
    platform: 'browser',
    conditions: ['page'],
    minify: true,
    banner: { js: '/*! with preact, MIT; @assemblyscript/loader, Apache-2.0 */' },
  },
  style: { entryPoints: ['host/web/style/page.css'], minify: true, outfile: 'dist/bundle/view.css' },
  fuzzworker: { entryPoints: ['dist/host/cli/fuzz/worker.js'], platform: 'node', packages: 'external' },
};
/** What says which compilers there are. */
const COMPILERS = ['node_modules/assemblyscript/package.json', 'node_modules/binaryen/package.json'];
/** Hash of all that each wasm file was made from, by its name. */
const STAMPS = join(ROOT, 'build/inputs.json');
const stamps = existsSync(STAMPS) ? JSON.parse(readFileSync(STAMPS, 'utf8')) : {};

/**
 * The features are those that asc itself compiles for; the host gives the guest a fresh memory. A load whose value nobody
 * wants, as of an assert that the release build leaves out, may go: nothing here relies on a trap.
 */
const WASM_OPT_FLAGS = [
  '--enable-bulk-memory',
  '--enable-mutable-globals',
  '--enable-nontrapping-float-to-int',
  '--enable-sign-ext',
  '--zero-filled-memory',
  '--traps-never-happen',
];

/** Every function by itself first, so that what is inlined later is small. The result is text, for hints. */
const SHRINK = ['-O3', '--skip-pass=inlining', '--skip-pass=inlining-optimizing', '--emit-text'];

/**
 * What is no part of a plain call without objects, by names of functions. Rare cases in the middle of hot files say so by how
 * they end.
 */
const RARE = [
  '*Slowly',
  'assembly/alloc/alloc/noSpace',
  'assembly/alloc/alloc/refuses',
  'assembly/calls/streamIoctl',
  'assembly/check*',
  'assembly/driver/commands/*Looper',
  'assembly/driver/commands/refs*',
  'assembly/driver/commands/refuse',
  'assembly/driver/complaints/blame',
  'assembly/driver/complaints/userError',
  'assembly/driver/contents/may*',
  'assembly/driver/death/*',
  'assembly/driver/fixups/*',
  'assembly/driver/freeze/*',
  'assembly/driver/freezer/*',
  'assembly/driver/ioctl/report',
  'assembly/driver/ioctl/run',
  'assembly/driver/ioctl/threadExit',
  'assembly/driver/manager/*',
  'assembly/driver/refs/create',
  'assembly/driver/refs/refFree',
  'assembly/driver/returns/loseTransaction',
  'assembly/driver/returns/takeDeath',
  'assembly/driver/returns/takeError',
  'assembly/driver/returns/takeFreeze*',
  'assembly/driver/returns/takeNode',
  'assembly/driver/route/refuse*',
  'assembly/driver/transaction/abort',
  'assembly/driver/transaction/complain',
  'assembly/driver/transaction/fillObjects',
  'assembly/driver/transaction/refuse',
  'assembly/driver/transaction/reportFailure',
  'assembly/inject*',
  'assembly/inspect*',
  'assembly/klog/*',
  'assembly/mapping/area/areaZap',
  'assembly/mapping/huge/*',
  'assembly/mapping/remap/*',
  'assembly/mapping/twocopy/*',
  'assembly/mapping/vmalloc/*',
  'assembly/mem/areas/*',
  'assembly/mem/client/*',
  'assembly/mem/fault/*',
  'assembly/mem/frames/frameAlloc*',
  'assembly/mem/frames/framePut',
  'assembly/mem/kmem/allocCounted',
  'assembly/mem/leaves/*',
  'assembly/mem/uaccess/*Counted',
  'assembly/mem/uaccess/*Foreign',
  'assembly/mem/uaccess/foreignBytes',
  'assembly/mem/uaccess/putStraddled',
  'assembly/mem/vmalloc/*',
  'assembly/task/epoll/*',
  'assembly/task/mkfd/*',
];

/** Branches into these get a hint. What records events is inlined all the same: an event costs half as much then. */
const RARE_NAMES = [...RARE, '*/record*'].map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));

function isRare(name) {
  return RARE_NAMES.some((names) => names.test(name));
}

/**
 * V8 does not inline wasm into wasm, so binaryen has to, far beyond its usual limits: every function of up to so many
 * nodes, but those for rare cases. In the middle of a fast path they would cost registers and room in the instruction
 * cache, elsewhere they would only make the file large.
 */
const INLINE = [
  ...RARE.map((name) => `--no-inline=${name}`),
  '--always-inline-max-function-size=400',
  '--flexible-inline-max-function-size=400',
  '--one-caller-inline-max-function-size=50000',
  '-O4',
  '-O4',
];

/** For profiles: what is small vanishes in its callers, what has a name of its own worth reading stays. */
const INLINE_LITTLE = [
  '--always-inline-max-function-size=30',
  '--flexible-inline-max-function-size=30',
  '--one-caller-inline-max-function-size=30',
  '-O4',
  '--debuginfo',
];

/** Runs a node program of a dependency from the root folder; rejects when it fails. */
function run(program, ...args) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...args], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${program} ${args.join(' ')}: exit ${code}`)),
    );
  });
}

/** Files below a folder whose path ends with `ending`, relative to the root, sorted. */
function filesBelow(folder, ending) {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((file) => file.endsWith(ending))
    .map((file) => join(folder, file))
    .sort();
}

/** What asc compiles for each wasm file; `profile` is the release build, optimised in another way. */
const ENTRIES = {
  release: ['assembly/index.ts'],
  debug: ['assembly/index.ts'],
  profile: ['assembly/index.ts'],
  bench: ['assembly/index.ts', ...filesBelow('bench/guest', '.ts')],
  test: filesBelow('test/guest/assembly', '.ts'),
  coverage: ['assembly/index.ts'],
  testcoverage: filesBelow('test/guest/assembly', '.ts'),
};
/** The wasm files that are made when none is named. */
const WASM = Object.keys(ENTRIES).filter((name) => !name.endsWith('coverage'));
/** What tells the host how the guest is laid out, and its transform. Every build of the guest says by it which layout it has. */
const LAYOUT = 'build/layout.ts';
const LAYOUT_TRANSFORM = 'layout.js';
const LAYOUT_SECTION = 'layout';
/** Where the flag of the event ring is, as layout.js writes it, and where the finished code reads it. */
const FLAG_SECTION = 'tracing-flag';
const TRACEPOINTS_SECTION = 'tracepoints';
/** Transforms of asc that a build needs; the unit tests' is no guest. */
const TRANSFORMS = {
  ...Object.fromEntries(Object.keys(ENTRIES).map((name) => [name, [LAYOUT_TRANSFORM]])),
  test: [],
  coverage: [LAYOUT_TRANSFORM, 'test/coverage/instrument.js'],
  testcoverage: ['test/coverage/instrument.js'],
};
/** Options of asc's (asconfig.json) that a build has from another one. */
const TARGETS = { coverage: 'debug', testcoverage: 'test' };

/** Makes wasm files in a folder; what two of them are made from is made once. */
class WasmBuild {
  #folder;
  #made = new Map();

  constructor(folder) {
    this.#folder = folder;
  }

  path(name) {
    return join(this.#folder, `${name}.wasm`);
  }

  /** @returns The path of a wasm file: one of `ENTRIES`, or a stage on the way to it. */
  make(name) {
    if (!this.#made.has(name)) this.#made.set(name, this.#make(name));
    return this.#made.get(name);
  }

  async #make(name) {
    switch (name) {
      case 'release':
      case 'bench':
        return this.#finish(name, name, INLINE);
      case 'profile':
        return this.#finish('release', name, INLINE_LITTLE);
      case 'release-small':
      case 'bench-small':
        return this.#shrink(await this.make(name.replace('small', 'plain')), name);
      case 'release-plain':
      case 'bench-plain':
        return this.#compile(name.replace('-plain', ''), name);
      default:
        return this.#compile(name, name);
    }
  }

  async #compile(target, name) {
    tell(`${target}.wasm: asc`);
    const transforms = TRANSFORMS[target].flatMap((file) => ['--transform', `./${file}`]);
    const options = ['--target', TARGETS[target] ?? target, ...transforms, '--outFile', this.path(name)];
    await run(ASC, ...ENTRIES[target], ...options);
    return this.path(name);
  }

  /** The functions one by one, as text with hints. */
  async #shrink(from, name) {
    const path = await this.#optimise(from, name, SHRINK);
    writeFileSync(path, hinted(readFileSync(path, 'utf8'), isRare));
    return path;
  }

  /** The whole; the text on the way to it has lost the guest's layout, which every build states. */
  async #finish(source, name, passes) {
    const path = await this.#optimise(await this.make(`${source}-small`), name, passes);
    const plain = new WebAssembly.Module(readFileSync(this.path(`${source}-plain`)));
    const [layout, flag] = [LAYOUT_SECTION, FLAG_SECTION].map((section) => {
      return Buffer.from(WebAssembly.Module.customSections(plain, section)[0]);
    });
    appendFileSync(path, customSection(LAYOUT_SECTION, layout));
    appendFileSync(path, customSection(TRACEPOINTS_SECTION, tracepoints(readFileSync(path), Number(flag))));
    return path;
  }

  async #optimise(from, name, passes) {
    tell(
      `${name.replace('-small', '')}.wasm: wasm-opt, ${name.endsWith('-small') ? 'function by function' : 'the whole'}`,
    );
    await run(WASM_OPT, from, ...WASM_OPT_FLAGS, ...passes, '-o', this.path(name));
    return this.path(name);
  }
}

/** A custom section of less than 16 KiB as it stands in a wasm file: id 0, length in LEB128 of two bytes, name, contents. */
function customSection(name, bytes) {
  const body = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), bytes]);
  if (body.length >= 1 << 14) throw new Error(`the custom section ${name} is too long: ${body.length} bytes`);
  return Buffer.concat([Uint8Array.of(0, (body.length & 0x7f) | 0x80, body.length >> 7), body]);
}

async function buildWasm(names) {
  const wanted = Object.fromEntries(names.map((name) => [name, stampOf([...ENTRIES[name], ...TRANSFORMS[name]])]));
  const old = names.filter((name) => stamps[name] !== wanted[name] || !existsSync(join(ROOT, `build/${name}.wasm`)));
  if (old.length === 0) return;

  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const work = mkdtempSync(join(ROOT, 'build/new-'));
  const build = new WasmBuild(work);
  try {
    await Promise.all(old.map((name) => build.make(name)));
    for (const name of old) {
      renameSync(build.path(name), join(ROOT, `build/${name}.wasm`));
      stamps[name] = wanted[name];
    }
    writeFileSync(STAMPS, JSON.stringify(stamps));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function buildLayout() {
  const stamp = stampOf([LAYOUT_TRANSFORM]);
  if (stamps.layout === stamp && existsSync(join(ROOT, LAYOUT))) return;
  tell('layout.ts: asc');
  await run(ASC, ...ENTRIES.debug, '--noEmit', '--transform', `./${LAYOUT_TRANSFORM}`);
  stamps.layout = stamp;
  writeFileSync(STAMPS, JSON.stringify(stamps));
}

function stampOf(entries) {
  const hash = createHash('sha256');
  const inputs = [...new Set([...filesBelow('assembly', '.ts'), ...entries])];
  for (const file of [...inputs, 'asconfig.json', 'build.js', 'hints.js', 'keys.js', ...COMPILERS]) {
    const text = readFileSync(join(ROOT, file));
    hash.update(`${file} ${text.length}\n`).update(text);
  }
  return hash.digest('hex');
}

async function buildHost(projects, bundles) {
  await buildLayout();
  if (!existsSync(join(ROOT, 'dist/bundle'))) tell('dist: tsc, esbuild');
  if (projects.length === 0) {
    await run(TSC, '-b', 'host');
    await run(TSC, '-p', 'host/tsconfig.types.json'); // what examples see of it
    writeOldTypes();
  }
  await run(TSC, '-b', ...projects);
  const esbuild = await import('esbuild');
  const options = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    sourcemap: true,
    metafile: true,
    absWorkingDir: ROOT,
  };
  const built = await Promise.all(
    bundles.map((name) => esbuild.build({ ...options, outfile: `dist/bundle/${name}.js`, ...BUNDLES[name] })),
  );
  if (bundles.includes('cli')) removeOthers(built.flatMap(({ metafile }) => Object.keys(metafile.outputs)));
  // npm does this too, but only where it first links the command; a clone that replaces another is linked already
  if (bundles.includes('cli')) chmodSync(join(ROOT, 'dist/bundle/cli.js'), 0o755);
}

/** Writes declarations in the words of older compilers, which know no kinds of Uint8Array. */
function writeOldTypes() {
  for (const file of filesBelow('dist/types', '.d.ts')) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const old = text.replaceAll('Uint8Array<ArrayBufferLike>', 'Uint8Array');
    if (old !== text) writeFileSync(join(ROOT, file), old);
  }
}

/** Removes the parts of the command that an earlier build has left. @param written Paths of what this one wrote. */
function removeOthers(written) {
  for (const name of readdirSync(join(ROOT, 'dist/bundle'))) {
    const path = `dist/bundle/${name}`;
    if (name.startsWith('cli-') && !written.includes(path)) rmSync(join(ROOT, path));
  }
}

function tell(what) {
  process.stderr.write(`building ${what}\n`);
}

const asked = process.argv.slice(2);
const names = asked.length === 0 ? ['wasm', 'host'] : asked;
const known = [...Object.keys(ENTRIES), 'wasm', 'layout', 'cli', 'host'];
if (!names.every((name) => known.includes(name))) {
  console.error(`usage: node build.js [${known.join('|')}]...`);
  process.exit(2);
}
try {
  await Promise.all([
    buildWasm(
      Object.keys(ENTRIES).filter((name) => names.includes(name) || (WASM.includes(name) && names.includes('wasm'))),
    ),
    names.includes('layout') ? buildLayout() : null,
    names.includes('host') ? buildHost([], Object.keys(BUNDLES)) : null,
    names.includes('cli') && !names.includes('host') ? buildHost(['host/cli'], ['cli']) : null,
  ]);
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
