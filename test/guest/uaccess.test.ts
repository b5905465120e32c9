/** Access to user memory: copies stop at the first byte that cannot be had, and everything before it is copied. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  ACCESS_READ,
  ACCESS_WRITE,
  BUS_ADRERR,
  COUNTER_WALKS,
  FRAME_DIRTY,
  FRAME_FILE,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGBUS,
  SIGSEGV,
} from '../../assembly/abi/machine.ts';
import { loadGuest, PAGE } from './load.ts';

const test = suite('uaccess');
const { guest, boot, bytes, data, counter, scratch } = loadGuest();

const BASE = 0x10000000n;
const PAGES = 8;
const SIZE = PAGES * PAGE;
const RW = PROT_READ | PROT_WRITE;

type Kind = 'rw' | 'fresh' | 'ro' | 'none' | 'hole' | 'file' | 'bus';
const kinds = fc.array(fc.constantFrom<Kind>('rw', 'rw', 'rw', 'fresh', 'ro', 'none', 'hole', 'file', 'bus'), {
  minLength: PAGES,
  maxLength: PAGES,
});

/** A space with one page of each kind in turn, filled with a pattern, and what its bytes are. */
function build(layout: Kind[]): { space: number; image: Uint8Array } {
  boot();
  const space = guest.spaceCreate(0);
  const image = new Uint8Array(SIZE);
  const array = scratch(1);
  const file = guest.frameAlloc(3, FRAME_FILE, 0);
  bytes.fill(0, array, array + PAGE);
  guest.pageArrayInit(array, array + 64, 4, PAGES, 1);
  layout.forEach((kind, index) => {
    if (kind === 'hole') return;
    const va = BASE + BigInt(index * PAGE);
    const isFile = kind === 'file' || kind === 'bus';
    const flags = MAP_FIXED | (isFile ? MAP_SHARED : MAP_PRIVATE);
    guest.spaceMap(space, va, BigInt(PAGE), RW, flags, isFile ? array : 0, index, 0);
    if (kind === 'file') data.setUint32(array + 64 + 4 * index, file + index * PAGE, true);
    if (kind === 'bus' || kind === 'fresh') return;
    const linear = kind === 'file' ? file + index * PAGE : guest.userWindow(space, va, PAGE, ACCESS_WRITE);
    for (let i = 0; i < PAGE; i++) image[index * PAGE + i] = bytes[linear + i] = (index * 31 + i * 7) & 0xff;
    if (kind === 'ro') guest.spaceProtect(space, va, BigInt(PAGE), PROT_READ);
    if (kind === 'none') guest.spaceProtect(space, va, BigInt(PAGE), 0);
  });
  return { space, image };
}

/** How many of `len` bytes from `from` on lie in front of the first page that is none of the good kinds. */
function reachable(layout: Kind[], from: number, len: number, good: Kind[]): number {
  for (let at = from; at < from + len; at = (Math.floor(at / PAGE) + 1) * PAGE) {
    const kind = layout[Math.floor(at / PAGE)];
    if (kind === undefined || !good.includes(kind)) return at - from;
  }
  return len;
}

/** Kinds of pages that the user may read. */
const READABLE: Kind[] = ['rw', 'fresh', 'ro', 'file'];
const range = fc.record({ from: fc.nat(SIZE - 1), len: fc.nat(SIZE) });

test('copyFromUser copies up to the first byte that cannot be read', () => {
  fc.assert(
    fc.property(kinds, range, (layout, { from, len }) => {
      const { space, image } = build(layout);
      const target = scratch(16);
      bytes.fill(0x55, target, target + 16 * PAGE);
      const walks = counter(space, COUNTER_WALKS);
      const expected = reachable(layout, from, len, ['rw', 'fresh', 'ro', 'file']);
      assert.is(guest.copyFromUser(space, target, BASE + BigInt(from), len), len - expected);
      assert.equal(bytes.slice(target, target + expected), image.slice(from, from + expected));
      assert.ok(bytes.subarray(target + expected, target + 16 * PAGE).every((byte) => byte === 0x55));
      const touched =
        len === 0 ? 0 : Math.floor((from + Math.min(expected, len - 1)) / PAGE) - Math.floor(from / PAGE) + 1;
      assert.is(counter(space, COUNTER_WALKS) - walks, touched);
    }),
  );
});

test('copyToUser copies up to the first byte that cannot be written, and marks the frames dirty', () => {
  fc.assert(
    fc.property(kinds, range, (layout, { from, len }) => {
      const { space, image } = build(layout);
      const source = scratch(8);
      for (let i = 0; i < SIZE; i++) bytes[source + i] = (i * 13 + 5) & 0xff;
      const expected = reachable(layout, from, len, ['rw', 'fresh', 'file']);
      assert.is(guest.copyToUser(space, BASE + BigInt(from), source, len), len - expected);
      image.set(bytes.subarray(source, source + expected), from);
      layout.forEach((kind, index) => {
        const linear = guest.userWindow(space, BASE + BigInt(index * PAGE), PAGE, ACCESS_READ);
        assert.is(linear !== 0, ['rw', 'fresh', 'ro', 'file'].includes(kind));
        if (linear === 0) return;
        assert.equal(bytes.slice(linear, linear + PAGE), image.slice(index * PAGE, (index + 1) * PAGE));
        const isWritten = index * PAGE < from + expected && (index + 1) * PAGE > from && expected > 0;
        if (kind === 'file') assert.is(guest.frameFlags(linear) & FRAME_DIRTY, isWritten ? FRAME_DIRTY : 0);
      });
    }),
  );
});

test('single words and structures, across pages or not', () => {
  fc.assert(
    fc.property(
      kinds,
      fc.nat(SIZE - 1),
      fc.integer({ min: 0, max: 128 }),
      fc.bigInt(0n, 2n ** 64n - 1n),
      (layout, from, len, value) => {
        const { space, image } = build(layout);
        const target = scratch(1);
        const va = BASE + BigInt(from);
        const readable = reachable(layout, from, len, READABLE) === len;
        const isInPage = (from % PAGE) + len <= PAGE;
        if (len > 0) {
          const window = guest.userWindow(space, va, len, ACCESS_READ);
          assert.is(window !== 0, readable && isInPage);
          if (window !== 0) assert.equal(bytes.slice(window, window + len), image.slice(from, from + len));
          const first = len >>> 1;
          const before = guest.userWindow(space, va, Math.max(first, 1), ACCESS_READ);
          const missed = guest.copyFromUserOn(space, target, va + BigInt(first), len - first, before, first);
          assert.is(missed === 0, reachable(layout, from + first, len - first, READABLE) === len - first);
          if (missed === 0) {
            assert.equal(bytes.slice(target, target + len - first), image.slice(from + first, from + len));
          }
        }
        assert.is(guest.putUser64(space, va, value), reachable(layout, from, 8, ['rw', 'fresh', 'file']) === 8 ? 1 : 0);
        if (guest.putUser32(space, va, Number(value & 0xffffffffn)) === 1) {
          assert.is(guest.getUser32(space, va), value & 0xffffffffn);
        } else if (reachable(layout, from, 4, READABLE) < 4) {
          assert.is(guest.getUser32(space, va), -1n);
        }
      },
    ),
  );
});

test('nothing is touched when nothing is copied, and no address is too high to be refused', () => {
  boot();
  const space = guest.spaceCreate(0);
  assert.is(guest.copyFromUser(space, 0, 0xdead0000n, 0), 0);
  assert.is(guest.copyToUser(space, 2n ** 64n - 1n, 0, 0), 0);
  guest.spaceMap(space, BASE, BigInt(PAGE), RW, MAP_PRIVATE | MAP_FIXED, 0, 0, 0);
  assert.ok(guest.userTouch(space, BASE, ACCESS_WRITE) > 0);
  for (const va of [
    0n,
    1n << 39n,
    BASE + (1n << 39n),
    (1n << 39n) - 1n,
    2n ** 63n,
    2n ** 64n - 1n,
    0xffffffc008000000n,
  ]) {
    assert.is(guest.copyFromUser(space, scratch(1), va, 16), 16);
    assert.is(guest.copyToUser(space, va, 4096, 16), 16);
    assert.is(guest.userWindow(space, va, 1, ACCESS_READ), 0);
    assert.is(guest.userTouch(space, va, ACCESS_READ), -((SIGSEGV << 8) | SEGV_MAPERR));
  }
});

test('userTouch says which signal', () => {
  const { space } = build(['rw', 'ro', 'none', 'hole', 'bus', 'file', 'fresh', 'rw']);
  const touch = (page: number, access: number) => guest.userTouch(space, BASE + BigInt(page * PAGE + 3), access);
  const signal = (number: number, code: number) => -((number << 8) | code);
  assert.ok(touch(0, ACCESS_WRITE) > 0);
  assert.ok(touch(1, ACCESS_READ) > 0);
  assert.is(touch(1, ACCESS_WRITE), signal(SIGSEGV, SEGV_ACCERR));
  assert.is(touch(2, ACCESS_READ), signal(SIGSEGV, SEGV_ACCERR));
  assert.is(touch(3, ACCESS_READ), signal(SIGSEGV, SEGV_MAPERR));
  assert.is(touch(4, ACCESS_READ), signal(SIGBUS, BUS_ADRERR));
  assert.ok(touch(5, ACCESS_WRITE) > 0);
  assert.ok(touch(6, ACCESS_READ) > 0);
});

test.run();
