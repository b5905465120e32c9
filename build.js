/**
 * Builds everything: `node build.js`, or one half of it with `node build.js wasm` or `node build.js host`.
 *
 *     assembly/index.ts     asc             build/debug.wasm     asserts and poison
 *     assembly/index.ts     asc, wasm-opt   build/release.wasm   the fast one
 *     the same              asc, wasm-opt   build/profile.wasm   nearly as fast, with the names of functions
 *     bench/guest/          asc, wasm-opt   build/bench.wasm     the fast one, with parts to be measured alone
 *     test/guest/assembly/  asc             build/test.wasm      what unit tests call inside of the guest
 *     every other .ts       tsc -b          dist/                same folders as in the sources
 *
 * What is up to date is not built again, so every npm script begins with it. wasm files appear whole or not at all.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
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

const ROOT = import.meta.dirname;
const ASC = 'node_modules/assemblyscript/bin/asc.js';
const WASM_OPT = 'node_modules/binaryen/bin/wasm-opt';
const TSC = 'node_modules/typescript-native/bin/tsc';
const COMMAND = 'dist/host/cli/main.js';
/** Hash of all that the wasm files were made from. */
const STAMP = join(ROOT, 'build/inputs.sha256');

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

/** Every function by itself first, so that what is inlined later is small. Names stay, for the next step. */
const SHRINK = ['-O3', '--skip-pass=inlining', '--skip-pass=inlining-optimizing', '--debuginfo'];

/** What no hot path calls, by names of functions; rare cases in the middle of hot files say so by how they end. */
const RARE = [
  '*Slowly',
  'assembly/check*',
  'assembly/driver/death/*',
  'assembly/driver/freeze/*',
  'assembly/driver/freezer/*',
  'assembly/driver/manager/*',
  'assembly/driver/refs/create',
  'assembly/driver/refs/refFree',
  'assembly/inspect*',
  'assembly/lib/rbtree/blackHeight',
  'assembly/lib/rbtree/rbCheck',
  'assembly/mapping/area/areaZap',
  'assembly/mapping/huge/*',
  'assembly/mapping/remap/*',
  'assembly/mapping/twocopy/*',
  'assembly/mapping/vmalloc/*',
  'assembly/mem/areas/*',
  'assembly/mem/fault/*',
  'assembly/mem/frames/frameAlloc*',
  'assembly/mem/frames/framePut',
  'assembly/mem/leaves/*',
  'assembly/mem/vmalloc/*',
  'assembly/task/mkfd/*',
];

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

async function buildWasm() {
  const tests = filesBelow('test/guest/assembly', '.ts');
  const probes = filesBelow('bench/guest', '.ts');
  const targets = ['debug', 'release', 'profile', 'bench', 'test'];
  const stamp = wasmStamp([...tests, ...probes]);
  const current = existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp;
  if (current && targets.every((target) => existsSync(join(ROOT, `build/${target}.wasm`)))) return;

  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const work = mkdtempSync(join(ROOT, 'build/new-'));
  const file = (target) => join(work, `${target}.wasm`);
  const compile = (target, ...entries) => run(ASC, ...entries, '--target', target, '--outFile', file(target));
  const optimise = (from, target, passes) => run(WASM_OPT, from, ...WASM_OPT_FLAGS, ...passes, '-o', file(target));
  try {
    await Promise.all([
      compile('debug', 'assembly/index.ts').then(() => compile('test', ...tests)),
      compile('release', 'assembly/index.ts')
        .then(() => optimise(file('release'), 'shrunk', SHRINK))
        .then(() => optimise(file('shrunk'), 'release', INLINE))
        .then(() => optimise(file('shrunk'), 'profile', INLINE_LITTLE)),
      compile('bench', 'assembly/index.ts', ...probes)
        .then(() => optimise(file('bench'), 'bench', SHRINK))
        .then(() => optimise(file('bench'), 'bench', INLINE)),
    ]);
    for (const target of targets) renameSync(join(work, `${target}.wasm`), join(ROOT, `build/${target}.wasm`));
    writeFileSync(STAMP, stamp);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function wasmStamp(others) {
  const hash = createHash('sha256');
  const inputs = [...filesBelow('assembly', '.ts'), ...others, 'asconfig.json', 'build.js', 'package-lock.json'];
  for (const file of inputs) {
    const text = readFileSync(join(ROOT, file));
    hash.update(`${file} ${text.length}\n`).update(text);
  }
  return hash.digest('hex');
}

/** tsc writes no executables, and npx starts the command as one. */
async function buildHost() {
  await run(TSC, '-b');
  chmodSync(join(ROOT, COMMAND), 0o755);
}

const halves = { wasm: buildWasm, host: buildHost };
const asked = process.argv[2];
if (asked !== undefined && !Object.hasOwn(halves, asked)) {
  console.error(`usage: node build.js [${Object.keys(halves).join('|')}]`);
  process.exit(2);
}
try {
  for (const half of asked === undefined ? Object.keys(halves) : [asked]) await halves[half]();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
