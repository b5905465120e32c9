/** How large the leaves of a mapping are under `huge`. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MAP_ANONYMOUS, MAP_PRIVATE } from '../../assembly/abi/machine.ts';
import { MAPPED, PAGE, Pair } from './pair.ts';

const MIB = 1024 * 1024;
const CONTIGUOUS = 1n << 52n;
const test = suite('huge');

test('4 MiB at a multiple of 2 MiB are two blocks', () => {
  const pair = new Pair('huge', { length: 4 * MIB, memoryMiB: 32 });
  const leaves = pair.machine.inspect.leaves(pair.server, MAPPED, MAPPED + 4 * MIB);
  assert.equal(
    leaves.map(({ address, level }) => [Number(address), level]),
    [
      [MAPPED, 2],
      [MAPPED + 2 * MIB, 2],
    ],
  );
  pair.machine.end();
});

test('a smaller mapping ends with the hint where 64 KiB do', () => {
  const pair = new Pair('huge');
  const leaves = pair.machine.inspect.leaves(pair.server, MAPPED, MAPPED + MIB);
  assert.is(leaves.length, 254);
  const hinted = leaves.filter(({ descriptor }) => (descriptor & CONTIGUOUS) !== 0n);
  assert.is(hinted.length, 240);
  assert.ok(leaves.slice(240).every(({ descriptor }) => (descriptor & CONTIGUOUS) === 0n));
  pair.machine.end();
});

test('a part of a block can go', () => {
  const pair = new Pair('huge', { length: 4 * MIB, memoryMiB: 32 });
  pair.server.main.munmap(MAPPED + 4 * MIB - PAGE, PAGE);
  assert.is(pair.machine.inspect.leaves(pair.server, MAPPED, MAPPED + 4 * MIB).length, 512);
  pair.machine.end();
});

test('memory in pieces makes shorter runs', () => {
  const { machine } = new Pair('huge', { memoryMiB: 6 });
  const hog = machine.spawn('hog').main;
  const third = machine.spawn('third').main;
  const fd = third.open();
  const pages = machine.freeFrames() - 40;
  const at = hog.sys.call('mmap', {
    addr: 0,
    len: pages * PAGE,
    prot: 3,
    flags: MAP_PRIVATE | MAP_ANONYMOUS,
    fd: -1,
    off: 0,
  });
  hog.sys.fill(at, pages * PAGE, 1);
  for (let page = 0; page < pages; page += 2) hog.munmap(at + page * PAGE, PAGE);
  third.mmap(fd);
  const leaves = machine.inspect.leaves(third.home, MAPPED, MAPPED + MIB);
  assert.is(leaves.length, 254);
  assert.ok(leaves.filter(({ descriptor }) => (descriptor & CONTIGUOUS) !== 0n).length <= 32);
  machine.end();
});

test.run();
