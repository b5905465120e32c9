/**
 * Round trips of two C programs through `binderlab serve`, compared with a bare socket pair in the same run. Arguments: how often;
 * default 3. The exit code is 1 where the median of the ratios is above its limit.
 *
 *     node dist/bench/servetrips.js
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const SOURCE = join(ROOT, 'bench/serve/roundtrip.c');
const COMMAND = join(ROOT, 'dist/bundle/cli.js');
/** How many times as long as by a socket pair a call may take, by its bytes. */
const LIMITS = new Map([
  [4, 2.5],
  [65536, 3],
]);
/** Batches of each size, in turns: so what slows the machine for a while slows both sides. */
const ROUNDS = 40;
const CALLS = 250;
const NS_PER_US = 1000;

interface ServeRound {
  readonly bytes: number;
  readonly socket: number;
  readonly binder: number;
}

function run(command: string, args: readonly string[]): string {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (error !== undefined || status !== 0) throw new Error(`${command} failed: ${error?.message ?? stderr}`);
  return stdout;
}

function measure(times: number): ServeRound[] {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-'));
  try {
    const [program, script] = [join(folder, 'roundtrip'), join(folder, 'none.mjs')];
    writeFileSync(script, 'export default () => {};\n');
    run('cc', ['-O2', '-o', program, SOURCE]);
    const words = ['serve', '--script', script, '--', program, `${ROUNDS}`, `${CALLS}`];
    const texts = Array.from({ length: times }, () =>
      run(process.execPath, [COMMAND, ...words])
        .trim()
        .split('\n'),
    );
    return texts.flat().map((line) => {
      const [bytes = 0, socket = 0, binder = 0] = line.split(' ').map(Number);
      return { bytes, socket, binder };
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @param part 0 for the least, 0.5 for the median. */
function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] as number;
}

function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

let isGood = true;
const rounds = measure(Number(process.argv[2] ?? 3));
for (const [bytes, limit] of LIMITS) {
  const those = rounds.filter((round) => round.bytes === bytes);
  const [socket, binder] = [median(those.map((one) => one.socket)), median(those.map((one) => one.binder))];
  const ratios = those.map((one) => one.binder / one.socket);
  const [low, middle, high] = [0.1, 0.5, 0.9].map((part) => quantile(ratios, part).toFixed(2));
  const times = `binder ${(binder / NS_PER_US).toFixed(1)} µs, socket pair ${(socket / NS_PER_US).toFixed(1)} µs`;
  const spread = `ratio ${middle} (8 of 10 batches: ${low} to ${high}), limit ${limit}`;
  process.stdout.write(`${bytes} bytes: ${times}, ${spread}\n`);
  isGood &&= median(ratios) <= limit;
}
if (!isGood) process.exitCode = 1;
