/** Leaves of page tables: runs of frames in blocks and contiguous groups, and what cutting them up costs. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  COUNTER_BYTES_COPIED,
  COUNTER_COPIES,
  COUNTER_PTE_WRITES_USER,
  FRAME_BINDER,
  MAP_FIXED,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from '../../assembly/abi/machine.ts';
import { loadGuest, PAGE } from './load.ts';

const test = suite('leaves');
const { guest, boot, data, counter, scratch } = loadGuest(8 << 20);

const BLOCK = 1n << 21n;
const CONTIGUOUS = 1n << 52n;
const BASE = 8n * BLOCK;
const RW = PROT_READ | PROT_WRITE;

/** A space with a mapping of `pages` pages at `va` that only installs fill. */
function spaceWith(va: bigint, pages: number): number {
  const space = guest.spaceCreate(0);
  const array = scratch(1);
  guest.pageArrayInit(array, array, 4, 0, 0);
  guest.spaceMap(space, va, BigInt(pages * PAGE), PROT_READ, MAP_PRIVATE | MAP_FIXED, array, 0, 0);
  return space;
}

/** The frame that each page maps; 0 for none. */
function framesOf(space: number, va: bigint, pages: number): number[] {
  return Array.from({ length: pages }, (_, i) =>
    Number(guest.tableWalk(guest.spaceRoot(space), va + BigInt(i * PAGE)) & 0xfffff000n),
  );
}

/** The addresses of frames that lie one behind the other. */
function framesFrom(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i * PAGE);
}

test('a run of 2 MiB is one write, and maps every page', () => {
  boot();
  const space = spaceWith(BASE, 512);
  const frame = guest.frameAlloc(9, FRAME_BINDER, 0);
  assert.is(guest.spaceInstallRun(space, BASE, frame, 512, 0), 0);
  assert.is(counter(space, COUNTER_PTE_WRITES_USER), 1);
  assert.is(guest.spaceResident(space), 512);
  assert.equal(framesOf(space, BASE, 512), framesFrom(frame, 512));
  assert.is(guest.userTouch(space, BASE + 0x12345n, ACCESS_READ), frame + 0x12345);
  assert.is(guest.userWindow(space, BASE, 1, ACCESS_WRITE), 0);
});

test('a block goes as a whole', () => {
  boot();
  const space = spaceWith(BASE, 512);
  guest.spaceInstallRun(space, BASE, guest.frameAlloc(9, FRAME_BINDER, 0), 512, 0);
  assert.is(guest.spaceUnmap(space, BASE, BLOCK), 0);
  assert.is(guest.spaceResident(space), 0);
  assert.is(counter(space, COUNTER_PTE_WRITES_USER), 2);
});

test('removing a page of a block leaves the other 511', () => {
  boot();
  const space = spaceWith(BASE, 512);
  const frame = guest.frameAlloc(9, FRAME_BINDER, 0);
  guest.spaceInstallRun(space, BASE, frame, 512, 0);
  assert.is(guest.spaceZap(space, BASE + BigInt(7 * PAGE)), 0);
  assert.is(guest.spaceResident(space), 511);
  assert.equal(framesOf(space, BASE, 512), framesFrom(frame, 512).fill(0, 7, 8));
  guest.spaceUnmap(space, BASE, BLOCK);
  assert.is(guest.spaceResident(space), 0);
});

test('any run, with any pieces removed, maps exactly what is left', () => {
  const shape = fc.record({
    start: fc.oneof(fc.constant(0), fc.nat(40)),
    pages: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 512, max: 640 })),
    shift: fc.constantFrom(0, 0, 0, 1, 16),
    cuts: fc.array(fc.record({ at: fc.nat(640), pages: fc.integer({ min: 1, max: 40 }), zap: fc.boolean() }), {
      maxLength: 4,
    }),
  });
  fc.assert(
    fc.property(shape, ({ start, pages, shift, cuts }) => {
      boot();
      const free = guest.framesFree();
      const space = guest.spaceCreate(0);
      const array = guest.frameAllocZero(0, FRAME_BINDER, 0);
      guest.pageArrayInit(array, array, 4, 0, 0);
      const va = BASE + BigInt(start * PAGE);
      guest.spaceMap(space, va, BigInt(pages * PAGE), PROT_READ, MAP_PRIVATE | MAP_FIXED, array, 0, 0);
      const run = 0x10000000 + (start + shift) * PAGE; // no frames: nothing looks at them here
      assert.is(guest.spaceInstallRun(space, va, run, pages, 0), 0);
      const model = Array.from({ length: 640 }, (_, i) => (i < pages ? run + i * PAGE : 0));
      for (const { at, pages: length, zap } of cuts) {
        const from = va + BigInt(at * PAGE);
        if (zap) assert.is(guest.spaceZap(space, from), 0);
        else assert.is(guest.spaceUnmap(space, from, BigInt(length * PAGE)), 0);
        model.fill(0, at, at + (zap ? 1 : length));
      }
      assert.equal(framesOf(space, va, 640), model);
      assert.is(guest.spaceResident(space), model.filter((frame) => frame !== 0).length);
      assertGroupsWhole(space);
      guest.spaceDestroy(space);
      guest.framePut(array);
      guest.kmemReap();
      assert.is(guest.framesFree(), free);
    }),
  );
});

/** An entry with the contiguous hint has 15 neighbours with it, in one run of frames. */
function assertGroupsWhole(space: number): void {
  const root = guest.spaceRoot(space);
  for (let va = BASE; va < BASE + 2n * BLOCK; va += 0x10000n) {
    const entries = Array.from({ length: 16 }, (_, i) => guest.tableWalk(root, va + BigInt(i * PAGE)));
    if (!entries.some((entry) => (entry & CONTIGUOUS) !== 0n)) continue;
    assert.equal(
      entries,
      entries.map((_, i) => entries[0]! + BigInt(i * PAGE)),
    );
  }
}

test('aligned runs below 2 MiB carry the contiguous hint, others do not', () => {
  boot();
  const space = spaceWith(BASE, 64);
  guest.spaceInstallRun(space, BASE + 0x3000n, 0x400000 + 0x3000, 40, 0);
  const hints = Array.from({ length: 48 }, (_, i) => {
    const entry = guest.tableWalk(guest.spaceRoot(space), BASE + BigInt(i * PAGE));
    return (entry & CONTIGUOUS) !== 0n;
  });
  assert.equal(
    hints,
    hints.map((_, i) => i >= 16 && i < 32),
  );
});

test('a lent page is copied when it is written to, and that counts as a copy', () => {
  boot();
  const space = guest.spaceCreate(0);
  guest.spaceMap(space, BASE, BigInt(PAGE), RW, MAP_PRIVATE | MAP_FIXED, 0, 0, 0);
  assert.is(guest.spaceLend(space, BASE), 0, 'nothing is there yet');
  guest.putUser32(space, BASE, 5);
  const frame = guest.spaceLend(space, BASE);
  assert.is(guest.frameRefcount(frame), 2);
  guest.putUser32(space, BASE, 6);
  assert.is(data.getUint32(frame, true), 5);
  assert.is(counter(space, COUNTER_COPIES), 1);
  assert.is(counter(space, COUNTER_BYTES_COPIED), PAGE);
  assert.is(guest.frameRefcount(frame), 1);
  guest.framePut(frame);

  const again = guest.spaceLend(space, BASE);
  guest.framePut(again);
  guest.putUser32(space, BASE, 7);
  assert.is(data.getUint32(again, true), 7, 'given back before the write: no copy');
  assert.is(counter(space, COUNTER_COPIES), 1);
});

test.run();
