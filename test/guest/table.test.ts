/** Page tables against a map from page to entry. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest } from './load.ts';

const test = suite('table');
const { guest, boot, data } = loadGuest();

const PAGE = 4096n;
const BLOCK = 1n << 21n;
const VALID = 1n;
const IS_PAGE = 2n;
const END = 1n << 39n;

/** Addresses that share tables, or just do not. */
const pages = [0n, 1n, 511n, 512n, 1023n, 1n << 18n, (1n << 18n) + 511n, (1n << 27n) - 1n].map((page) => page * PAGE);

test('what is stored is found, page by page, and all tables come back', () => {
  const step = fc.record({ va: fc.constantFrom(...pages), on: fc.boolean(), valid: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      boot();
      const free = guest.framesFree();
      const root = guest.tableCreate(1);
      const model = new Map<bigint, bigint>();
      steps.forEach(({ va, on, valid }, index) => {
        const entry = (BigInt(index + 1) << 12n) | IS_PAGE | (valid ? VALID : 0n);
        const slot = on ? guest.tableEnsure(root, va, 1) : guest.tableLookup(root, va);
        if (slot !== 0) data.setBigUint64(slot, on ? entry : 0n, true);
        if (on) model.set(va, entry);
        else model.delete(va);
        for (const page of pages) {
          const expected = model.get(page) ?? 0n;
          const found = guest.tableLookup(root, page + 5n);
          assert.is(found === 0 ? 0n : data.getBigUint64(found, true), expected);
          assert.is(BigInt.asUintN(64, guest.tableWalk(root, page + 5n)), (expected & VALID) === VALID ? expected : 0n);
          const next = pages.find((other) => other >= page && model.has(other)) ?? END;
          assert.is(guest.tableNext(root, page, END), next);
        }
      });
      for (const va of model.keys()) data.setBigUint64(guest.tableLookup(root, va), 0n, true);
      guest.tableFree(root);
      assert.is(guest.framesFree(), free);
    }),
  );
});

test('a block translates every page in it', () => {
  boot();
  const root = guest.tableCreate(1);
  const slot = guest.tableEnsureBlock(root, 3n * BLOCK, 1);
  data.setBigUint64(slot, (4n * BLOCK) | VALID, true);
  for (const offset of [0n, PAGE, 511n * PAGE]) {
    assert.is(guest.tableWalk(root, 3n * BLOCK + offset + 1n), (4n * BLOCK + offset) | IS_PAGE | VALID);
    assert.is(guest.tableLookup(root, 3n * BLOCK + offset), slot);
  }
  assert.is(guest.tableNext(root, 0n, END), 3n * BLOCK);
  assert.is(guest.tableWalk(root, 4n * BLOCK), 0n);
});

test('pruning frees what serves the range alone', () => {
  boot();
  const root = guest.tableCreate(1);
  const atRoot = guest.framesFree();
  guest.tableEnsure(root, 0n, 1); // a level-2 table, a level-3 table
  guest.tableEnsure(root, BLOCK, 1); // another level-3 table
  assert.is(guest.framesFree(), atRoot - 3);
  guest.tablePrune(root, PAGE, 2n * BLOCK);
  assert.is(guest.framesFree(), atRoot - 2);
  guest.tablePrune(root, 0n, 1n << 30n);
  assert.is(guest.framesFree(), atRoot);
});

test('without memory for a table there is no slot', () => {
  boot();
  const root = guest.tableCreate(1);
  while (guest.framesFree() > 1) guest.frameAlloc(0, 6, 0);
  assert.is(guest.tableEnsure(root, 0n, 1), 0);
  assert.is(guest.tableLookup(root, 0n), 0);
  guest.tableFree(root);
  assert.is(guest.framesFree(), 2);
});

test.run();
