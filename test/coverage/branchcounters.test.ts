/** A small program is compiled with its branches counted; what it takes, and only that, has counts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instantiateSync } from '@assemblyscript/loader';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { BranchCounters } from '../../host/fuzz/branchcounters.ts';
import { Guest } from '../../host/guest/guest.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { recording } from '../conformance/recordings.ts';

const ROOT = join(import.meta.dirname, '../../..');

const PROGRAM = `
@unmanaged class Box { next: Box | null; value: i32; }

export function choose(n: i32): i32 {
  assert(n < 100 && n > -100, 'choose: n is out of range');
  if (n > 2 && n < 5) return 1;
  if (n == 7) n++;
  else if (n == 8 || n == 9) return 2;
  for (let i = 0; i < n - 20; i++) n--;
  return n > 0 ? 3 : 4;
}

export function pick(n: i32): i32 {
  switch (n) {
    case 0:
      return 10;
    case 1:
    case 2:
      n = 12;
  }
  return n;
}

export function follow(box: Box | null, twice: bool): i32 {
  if (box === null || (twice && box.next === null)) return -1;
  return twice ? box.next!.value : box.value;
}

function statically<T>(value: T): i32 {
  if (isInteger<T>()) return 1;
  return 2;
}

export function whole(): i32 {
  return statically<i32>(1);
}

function unused(): void {}
`;

interface Program {
  choose(n: number): number;
  pick(n: number): number;
  follow(box: number, twice: number): number;
  whole(): number;
}

const folder = mkdtempSync(join(tmpdir(), 'binderlab-coverage-'));

/** Compiles in a folder, counting branches. */
function compile(cwd: string, ...words: string[]): Uint8Array<ArrayBuffer> {
  const asc = join(ROOT, 'node_modules/assemblyscript/bin/asc.js');
  const made = join(folder, 'made.wasm');
  const transform = ['--transform', join(ROOT, 'test/coverage/instrument.js'), '--outFile', made];
  const { status, stderr } = spawnSync(process.execPath, [asc, ...words, ...transform], { cwd, encoding: 'utf8' });
  assert.is(status, 0, stderr);
  return new Uint8Array(readFileSync(made));
}

mkdirSync(join(folder, 'assembly'));
writeFileSync(join(folder, 'assembly/program.ts'), PROGRAM);
const memory = new WebAssembly.Memory({ initial: 16 });
const compiled = compile(folder, 'assembly/program.ts', '--runtime', 'stub', '--importMemory', '--debug');
const { module, instance } = instantiateSync(compiled, { env: { memory } });
const program = instance.exports as unknown as Program;
const counters = new BranchCounters({ module, memory, raw: instance.exports } as unknown as Guest);

/** What has been taken since the last call: `LINE kind`, with a count where that is not 1. */
function taken(): string[] {
  const rows = counters.branches.filter(({ id }) => (counters.counts[id] ?? 0) > 0).sort((a, b) => a.line - b.line);
  const words = rows.map(({ id, line, kind }) => {
    const count = counters.counts[id];
    return `${line} ${kind}${count === 1 ? '' : ` ${count}`}`;
  });
  counters.clear();
  return words;
}

const test = suite('branch counters');
test.after(() => rmSync(folder, { recursive: true }));

test('both arms of an if, written or not, and right sides of && and ||', () => {
  assert.is(program.choose(3), 1);
  assert.equal(taken(), ['4 function', '6 if', '6 &&']);
  assert.is(program.choose(7), 3);
  assert.equal(taken(), ['4 function', '6 else', '6 &&', '7 if', '10 ?']);
  assert.is(program.choose(8), 2);
  assert.equal(taken(), ['4 function', '6 else', '6 &&', '8 else', '8 if']);
  assert.is(program.choose(0), 4);
  assert.equal(taken(), ['4 function', '6 else', '8 else', '8 else', '8 ||', '10 :']);
});

test('a loop by how often its body is entered', () => {
  program.choose(26);
  assert.equal(
    taken().filter((word) => word.endsWith('loop 3')),
    ['9 loop 3'],
  );
});

test('each case of a switch, one that falls through into the next, and a default that nobody wrote', () => {
  assert.is(program.pick(0), 10);
  assert.equal(taken(), ['13 function', '15 case']);
  assert.is(program.pick(1), 12);
  assert.equal(taken(), ['13 function', '17 case', '18 case']);
  assert.is(program.pick(5), 5);
  assert.equal(taken(), ['13 function', '14 default']);
});

test('asc still knows that what was tested is not null', () => {
  assert.is(program.follow(0, 0), -1);
  assert.equal(taken(), ['24 function', '25 if']);
});

test('what asc leaves out is no branch, and neither is what an assert says', () => {
  assert.is(program.whole(), 1);
  assert.equal(taken(), ['29 function', '30 if', '34 function']);
  const lines = counters.branches.map(({ line }) => line);
  assert.not.ok(lines.includes(38), 'a function that nobody calls');
  assert.not.ok(lines.includes(5), 'an assert');
  assert.is(counters.branches.filter(({ line }) => line === 30).length, 1, 'an arm that is left out');
  assert.ok(counters.branches.every(({ file }) => file === 'assembly/program.ts'));
});

test('a guest that counts nothing is refused', () => {
  assert.throws(() => new BranchCounters(new Guest(guestModule(), 2)), 'this guest does not count branches');
});

test('the guest itself: it does what it did, and which commands came can be read from its counts', () => {
  const wasm = compile(ROOT, 'assembly/index.ts', '--target', 'debug', '--transform', './layout.js');
  const journal = recording('oneway');
  const machine = Machine.fromHeader(journal.header, { wasm, journal: false });
  const { branches, counts } = new BranchCounters(machine.guest);
  const casesTaken = () => {
    const cases = branches.filter(({ file, kind }) => file === 'assembly/driver/commands.ts' && kind === 'case');
    return cases.filter(({ id }) => (counts[id] ?? 0) > 0).length;
  };
  assert.is(casesTaken(), 0);
  assert.equal(replay(journal, () => machine).text, []);
  const before = casesTaken();
  assert.ok(before >= 5, `${before} commands`);
  const snapshot = machine.snapshot();
  machine.spawn('Z').main.open();
  machine.restore(snapshot);
  assert.is(casesTaken(), before, 'a snapshot brings the counts back');
});

test('the command says what it does not know', () => {
  const main = join(ROOT, 'dist/test/coverage/main.js');
  const { status, stderr } = spawnSync(process.execPath, [main, 'guest', '--often'], { encoding: 'utf8' });
  assert.is(status, 2);
  assert.match(stderr, /^coverage: Unknown option '--often'/);
});

test.run();
