/** Address spaces: any sequence of mmap, munmap, mprotect, touches, fork and exit against a model, and one by one. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { EACCES, EINVAL, ENOMEM } from '../../assembly/abi/errno.ts';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  BUS_ADRERR,
  COUNTER_FAULTS,
  COUNTER_PTE_WRITES_USER,
  COUNTER_TLB_FLUSHES,
  FRAME_ARRAY,
  FRAME_FILE,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SIGBUS,
} from '../../assembly/abi/machine.ts';
import { loadGuest } from './load.ts';
import { act, attempt, PAGE, PLAYGROUND, refusals, Spaces } from './spaces.ts';

const test = suite('space');
const machine = loadGuest(4 << 20);
const { guest, boot, bytes, data, counter, scratch } = machine;
const RW = PROT_READ | PROT_WRITE;
const BUS = -((SIGBUS << 8) | BUS_ADRERR);

/** Everything that spaces took is back. */
function assertNothingLeft(free: number): void {
  guest.kmemReap();
  assert.is(guest.kmemLiveTotal(), 0);
  assert.is(guest.framesFree(), free);
  assert.is(guest.framesCheck(), 0);
}

/** Maps `pages` pages at the playground's beginning. */
function mapThere(space: number, pages: number, prot: number, flags: number, array = 0, offset = 0): void {
  const length = BigInt(pages) * PAGE;
  assert.is(guest.spaceMap(space, PLAYGROUND, length, prot, flags | MAP_FIXED, array, offset, 0), PLAYGROUND);
}

test('any sequence of calls looks like a model of pages, and leaves nothing behind', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80, size: 'max' }), (acts) => {
      boot();
      const free = guest.framesFree();
      const spaces = new Spaces(machine);
      for (const one of acts) spaces.perform(one);
      spaces.end();
      assertNothingLeft(free);
    }),
    { numRuns: 300 },
  );
});

test('any sequence of calls with little memory fails in order, and leaves nothing behind', () => {
  fc.assert(
    fc.property(fc.array(act, { maxLength: 80, size: 'max' }), fc.integer({ min: 2, max: 24 }), (acts, frames) => {
      boot();
      while (guest.framesFree() > frames) guest.frameAlloc(0, FRAME_ARRAY, 0);
      const spaces: number[] = [];
      for (const one of acts) attempt(machine, spaces, one);
      for (const space of spaces) guest.spaceDestroy(space);
      for (let vma = guest.spaceTakeClosed(); vma !== 0; vma = guest.spaceTakeClosed()) guest.vmaFree(vma);
      assertNothingLeft(frames);
    }),
    { numRuns: 300 },
  );
});

test('mmap and munmap refuse as Linux does', () => {
  boot();
  const space = guest.spaceCreate(0);
  for (const [addr, len, expected] of refusals.map) {
    assert.is(guest.spaceMap(space, addr, len, RW, MAP_PRIVATE | MAP_FIXED, 0, 0, 0), BigInt(expected));
  }
  for (const [addr, len, expected] of refusals.unmap) assert.is(guest.spaceUnmap(space, addr, len), expected);
});

test('mprotect refuses as Linux does, and keeps what it has changed before', () => {
  boot();
  const space = guest.spaceCreate(0);
  mapThere(space, 4, RW, MAP_PRIVATE);
  assert.is(guest.spaceProtect(space, PLAYGROUND + 1n, PAGE, 0), -EINVAL);
  assert.is(guest.spaceProtect(space, PLAYGROUND, PAGE, 16), -EINVAL);
  assert.is(guest.spaceProtect(space, PLAYGROUND, 0n, 0), 0);
  assert.is(guest.spaceProtect(space, PLAYGROUND, (1n << 64n) - 1n, 0), -ENOMEM);
  assert.is(guest.spaceProtect(space, PLAYGROUND, 5n * PAGE, PROT_READ), -ENOMEM);
  assert.is(guest.userWindow(space, PLAYGROUND, 1, ACCESS_WRITE), 0);
  guest.vmaSetMayWrite(guest.spaceVma(space, PLAYGROUND), 0);
  assert.is(guest.spaceProtect(space, PLAYGROUND, PAGE, RW), -EACCES);
});

test('without an address the highest range that fits is chosen, with a wish the wish', () => {
  boot();
  const space = guest.spaceCreate(0);
  const top = 0x7ff0000000n;
  const map = (addr: bigint, pages: bigint) => guest.spaceMap(space, addr, pages * PAGE, RW, MAP_PRIVATE, 0, 0, 0);
  assert.is(map(0n, 4n), top - 4n * PAGE);
  assert.is(map(0n, 2n), top - 6n * PAGE);
  assert.is(guest.spaceUnmap(space, top - 4n * PAGE, 3n * PAGE), 0);
  assert.is(map(0n, 3n), top - 4n * PAGE);
  assert.is(map(0n, 4n), top - 10n * PAGE);
  assert.is(map(0x10000000n, 1n), 0x10000000n);
  assert.is(map(0x10000123n, 1n), top - 11n * PAGE, 'the wish is taken');
  assert.is(map(0x20000123n, 1n), 0x20000000n);
  assert.is(guest.spaceMap(space, 0n, top, RW, MAP_PRIVATE, 0, 0, 0), BigInt(-ENOMEM));
});

test('areas that agree are joined, so a change to and fro leaves one', () => {
  boot();
  const space = guest.spaceCreate(0);
  mapThere(space, 8, RW, MAP_PRIVATE);
  assert.is(guest.spaceProtect(space, PLAYGROUND + 2n * PAGE, PAGE, PROT_READ), 0);
  assert.is.not(guest.spaceNextVma(space, guest.spaceFirstVma(space)), 0);
  assert.is(guest.spaceProtect(space, PLAYGROUND + 2n * PAGE, PAGE, RW), 0);
  assert.is(guest.spaceNextVma(space, guest.spaceFirstVma(space)), 0);
  assert.is(guest.vmaEnd(guest.spaceFirstVma(space)), PLAYGROUND + 8n * PAGE);
});

test('what is unmapped needs no tables', () => {
  boot();
  const space = guest.spaceCreate(0);
  guest.spaceDestroy(guest.spaceCreate(0)); // slabs have their pages now
  const free = guest.framesFree();
  mapThere(space, 24, RW, MAP_PRIVATE);
  for (let page = 0n; page < 24n; page++) guest.putUser32(space, PLAYGROUND + page * PAGE, 1);
  assert.ok(guest.framesFree() < free - 24);
  guest.spaceUnmap(space, PLAYGROUND, 24n * PAGE);
  guest.kmemReap();
  assert.is(guest.framesFree(), free);
});

test('PROT_NONE keeps the page and its bytes', () => {
  boot();
  const space = guest.spaceCreate(0);
  mapThere(space, 1, RW, MAP_PRIVATE);
  guest.putUser32(space, PLAYGROUND, 42);
  guest.spaceProtect(space, PLAYGROUND, PAGE, 0);
  assert.is(guest.userWindow(space, PLAYGROUND, 4, ACCESS_READ), 0);
  assert.is(guest.spaceResident(space), 1);
  guest.spaceProtect(space, PLAYGROUND, PAGE, PROT_READ);
  assert.is(data.getUint32(guest.userWindow(space, PLAYGROUND, 4, ACCESS_READ), true), 42);
});

test('writes of leaves, flushes and faults are counted', () => {
  boot();
  const space = guest.spaceCreate(0);
  const counts = () => [COUNTER_PTE_WRITES_USER, COUNTER_TLB_FLUSHES, COUNTER_FAULTS].map((c) => counter(space, c));
  mapThere(space, 2, RW, MAP_PRIVATE);
  assert.equal(counts(), [0, 0, 0]);
  guest.putUser32(space, PLAYGROUND, 1);
  assert.equal(counts(), [1, 0, 1]);
  guest.spaceProtect(space, PLAYGROUND, PAGE, PROT_READ);
  assert.equal(counts(), [2, 1, 1]);
  guest.putUser32(space, PLAYGROUND, 1);
  assert.equal(counts(), [2, 1, 2]);
  guest.spaceUnmap(space, PLAYGROUND, 2n * PAGE);
  assert.equal(counts(), [3, 2, 2]);
});

test('a page array is installed on touch where it says so, and is SIGBUS elsewhere', () => {
  boot();
  const space = guest.spaceCreate(0);
  const array = scratch(1);
  const file = guest.frameAllocZero(1, FRAME_FILE, 0);
  bytes.fill(0, array, array + 4096);
  const entries = array + 64;
  data.setUint32(entries, file, true); // page 0; page 1 has no frame
  data.setUint32(entries + 16, file + 4096, true); // page 2
  data.setUint32(file + 4096, 99, true);

  guest.pageArrayInit(array, entries, 8, 3, 0);
  mapThere(space, 3, PROT_READ, MAP_SHARED, array);
  assert.is(guest.userTouch(space, PLAYGROUND, ACCESS_READ), BUS);
  assert.is(guest.spaceInstall(space, PLAYGROUND, file, 0), 0);
  assert.is(guest.userTouch(space, PLAYGROUND + 5n, ACCESS_READ), file + 5);

  guest.pageArrayInit(array, entries, 8, 3, 1);
  mapThere(space, 3, RW, MAP_SHARED, array, 1);
  assert.is(guest.userTouch(space, PLAYGROUND, ACCESS_READ), BUS, 'no frame');
  assert.is(guest.userTouch(space, PLAYGROUND + PAGE, ACCESS_WRITE), file + 4096);
  assert.is(guest.userTouch(space, PLAYGROUND + 2n * PAGE, ACCESS_READ), BUS, 'behind the end');

  mapThere(space, 3, PROT_READ, MAP_SHARED, array);
  guest.spaceUnmap(space, PLAYGROUND + PAGE, PAGE);
  assert.is(guest.userTouch(space, PLAYGROUND + 2n * PAGE, ACCESS_READ), file + 4096, 'the pieces keep their places');

  mapThere(space, 1, RW, MAP_PRIVATE, array, 2);
  assert.is(guest.userTouch(space, PLAYGROUND, ACCESS_READ), file + 4096);
  assert.is(guest.putUser32(space, PLAYGROUND, 7), 1);
  assert.is(data.getUint32(file + 4096, true), 99, 'a private mapping writes to a copy');
  assert.is(data.getUint32(guest.userTouch(space, PLAYGROUND, ACCESS_READ), true), 7);
  guest.spaceDestroy(space);
  assert.is(guest.frameRefcount(file), 1, 'the space never held the frames of the array');
});

test('after a fork the last one to write keeps the frame, the others get copies', () => {
  boot();
  const [parent, child] = [guest.spaceCreate(0), guest.spaceCreate(0)];
  mapThere(parent, 1, RW, MAP_PRIVATE);
  guest.putUser32(parent, PLAYGROUND, 1);
  const frame = guest.userTouch(parent, PLAYGROUND, ACCESS_READ);
  assert.is(guest.spaceFork(child, parent), 0);
  assert.is(guest.userTouch(child, PLAYGROUND, ACCESS_READ), frame);
  assert.is(guest.frameRefcount(frame), 2);
  guest.putUser32(child, PLAYGROUND, 2);
  assert.is.not(guest.userTouch(child, PLAYGROUND, ACCESS_READ), frame);
  guest.putUser32(parent, PLAYGROUND, 3);
  assert.is(guest.userTouch(parent, PLAYGROUND, ACCESS_READ), frame);
  assert.is(guest.frameRefcount(frame), 1);
  const faults = counter(parent, COUNTER_FAULTS);
  guest.putUser32(parent, PLAYGROUND, 4);
  assert.is(counter(parent, COUNTER_FAULTS), faults, 'the frame is its own again');
  assert.is(data.getUint32(guest.userTouch(child, PLAYGROUND, ACCESS_READ), true), 2);
});

test('a fork without memory leaves the child empty, and closes nothing', () => {
  boot();
  const [parent, child] = [guest.spaceCreate(0), guest.spaceCreate(0)];
  guest.spaceMap(parent, PLAYGROUND, PAGE, RW, MAP_PRIVATE | MAP_FIXED, 0, 0, 7);
  guest.putUser32(parent, PLAYGROUND, 1);
  while (guest.framesFree() > 1) guest.frameAlloc(0, FRAME_ARRAY, 0);
  assert.is(guest.spaceFork(child, parent), -ENOMEM);
  assert.is(guest.spaceTakeClosed(), 0);
  assert.is(guest.spaceFirstVma(child), 0);
  assert.is(guest.spaceResident(child), 0);
  assert.is(guest.framesFree(), 1);
});

test('after a fork no write of the parent reaches the child', () => {
  boot();
  const [parent, child] = [guest.spaceCreate(0), guest.spaceCreate(0)];
  mapThere(parent, 1, RW, MAP_PRIVATE);
  guest.putUser32(parent, PLAYGROUND, 1);
  guest.spaceFork(child, parent);
  guest.putUser32(parent, PLAYGROUND, 2);
  assert.is(data.getUint32(guest.userTouch(child, PLAYGROUND, ACCESS_READ), true), 1);
});

test('shared anonymous memory stays shared over a fork, touched before or not', () => {
  boot();
  const [parent, child] = [guest.spaceCreate(0), guest.spaceCreate(0)];
  mapThere(parent, 2, RW, MAP_SHARED);
  guest.putUser32(parent, PLAYGROUND, 1);
  assert.is(guest.spaceFork(child, parent), 0);
  guest.putUser32(child, PLAYGROUND, 2);
  guest.putUser32(parent, PLAYGROUND + PAGE, 3);
  assert.is(data.getUint32(guest.userTouch(parent, PLAYGROUND, ACCESS_READ), true), 2);
  assert.is(data.getUint32(guest.userTouch(child, PLAYGROUND + PAGE, ACCESS_READ), true), 3);
});

test('what a space has counted survives it in the machine', () => {
  boot();
  const space = guest.spaceCreate(0);
  mapThere(space, 1, RW, MAP_PRIVATE);
  guest.putUser32(space, PLAYGROUND, 1);
  guest.spaceDestroy(space);
  assert.is(counter(guest.kernelSpace(), COUNTER_FAULTS), 1);
  assert.is(counter(guest.kernelSpace(), COUNTER_PTE_WRITES_USER), 2);
});

test.run();
