/**
 * `npm run instructions`: the machine instructions of the guest for one repetition of a case, function by function. Needs
 * valgrind. They are the same at each run, however busy the machine is, so a change of some per cent can be seen.
 *
 *     instructions.js [CASE] [--build profile|release]
 *
 * Exit code 0, 1 when valgrind is missing or fails, 2 for an invalid command line.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createReadStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { engineFlags } from '../host/wasm/engine.ts';
import { generatedCode, instructionsByFunction } from './callgrind.ts';
import { CASES } from './cases.ts';

const DEFAULT_CASE = 'round-trip/driver/4';
const BUILDS = ['profile', 'release'];
/** Repetitions of the two runs; the difference is without what happens once. */
const FEW = 5000;
const MANY = 15_000;
/** Fewer instructions are the rest of what happens once. */
const LEAST = 0.5;
const MAIN = join(import.meta.dirname, 'main.js');
/** Where V8 writes its map of generated code, whatever TMPDIR says. */
const MAPS = join(sep, 'tmp');
/** The guest's functions in V8's map: "JS:assembly/driver/..." by name, or "JS:wasm-function[12]...". */
const GUEST = /^JS:(assembly\/.+|wasm-function\[\d+\])-\d+-turbofan$/;

function choice(): { name: string; build: string } {
  const options = { build: { type: 'string', default: BUILDS[0] as string } } as const;
  try {
    const { values, positionals } = parseArgs({ options, allowPositionals: true });
    const [name = DEFAULT_CASE] = positionals;
    if (!CASES.some((one) => one.name === name)) throw new Error(`there is no case "${name}"`);
    if (!BUILDS.includes(values.build)) throw new Error(`--build takes ${BUILDS.join(' or ')}, not "${values.build}"`);
    return { name, build: values.build };
  } catch (error) {
    fail(2, (error as Error).message);
  }
}

/** Runs a case under callgrind. @returns Instructions of the guest's functions. */
async function counted(folder: string, name: string, build: string, count: number): Promise<Map<string, number>> {
  const out = join(folder, `callgrind.${count}`);
  const tool = ['--tool=callgrind', '--dump-instr=yes', '--smc-check=all-non-file', `--callgrind-out-file=${out}`];
  const node = ['--no-liftoff', '--single-threaded', '--perf-basic-prof', ...engineFlags()];
  const job = [MAIN, 'repeat', name, 'kmap', '64', '1', String(count), build];
  // V8 leaves a log in the current folder
  const child = spawn('valgrind', [...tool, process.execPath, ...node, ...job], { cwd: folder, stdio: 'ignore' });
  const code = await new Promise((resolve) => child.on('close', resolve));
  if (code !== 0) fail(1, `valgrind ended with ${code}`);
  const map = join(MAPS, `perf-${child.pid}.map`);
  const functions = generatedCode(readFileSync(map, 'utf8'));
  rmSync(map);
  return instructionsByFunction(createInterface({ input: createReadStream(out) }), functions);
}

function fail(code: number, why: string): never {
  process.stderr.write(`instructions: ${why}\n`);
  process.exit(code);
}

const { name, build } = choice();
if (spawnSync('valgrind', ['--version']).status !== 0) fail(1, 'valgrind is missing; on Debian: apt install valgrind');
const folder = mkdtempSync(join(tmpdir(), 'binderlab-'));
try {
  process.stderr.write(`${name}: ${FEW}, then ${MANY} repetitions under valgrind, some 20 s each\n`);
  const few = await counted(folder, name, build, FEW);
  const many = await counted(folder, name, build, MANY);
  const rows = [...many]
    .flatMap(([code, count]) => {
      const each = (count - (few.get(code) ?? 0)) / (MANY - FEW);
      const [, own] = GUEST.exec(code) ?? [];
      return own !== undefined && each >= LEAST ? [{ own, each }] : [];
    })
    .sort((one, other) => other.each - one.each);
  const sum = rows.reduce((total, { each }) => total + each, 0);
  console.log(`instructions of the guest for one ${name}, ${build} build`);
  for (const { own, each } of [{ own: 'all', each: sum }, ...rows])
    console.log(`${each.toFixed(1).padStart(9)}  ${own}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
