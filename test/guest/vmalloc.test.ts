/** The kernel's vmalloc area: first fit with guard pages, and its own page table. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  COUNTER_PTE_WRITES_KERNEL,
  COUNTER_TLB_FLUSHES,
  COUNTER_WALKS,
  FRAME_BINDER,
} from '../../assembly/abi/machine.ts';
import { loadGuest } from './load.ts';

const test = suite('vmalloc');
const AREA_PAGES = 64;
const { guest, boot, counter, scratch } = loadGuest(8 << 20, AREA_PAGES * 4096);
const START = 0xffffffc008000000n;
const PAGE = 4096n;

/** Results of the guest are signed. */
const unsigned = (value: bigint) => BigInt.asUintN(64, value);

test('ranges are first fit with a page between them, and everything comes back', () => {
  const step = fc.record({ pages: fc.integer({ min: 1, max: 20 }), which: fc.nat(), frees: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      boot();
      const free = guest.framesFree();
      const frame = guest.frameAlloc(0, FRAME_BINDER, 0);
      const taken = new Array<boolean>(AREA_PAGES).fill(false);
      const live: { page: number; pages: number }[] = [];
      const release = (range: { page: number; pages: number }) => {
        guest.vmallocRelease(START + BigInt(range.page) * PAGE, range.pages);
        taken.fill(false, range.page, range.page + range.pages + 1);
        live.splice(live.indexOf(range), 1);
      };
      for (const { pages, which, frees } of steps) {
        const range = live[which % Math.max(live.length, 1)];
        if (frees && range !== undefined) {
          release(range);
          continue;
        }
        const page = taken.findIndex(
          (_, at) => at + pages < AREA_PAGES && !taken.slice(at, at + pages + 1).includes(true),
        );
        const va = unsigned(guest.vmallocReserve(pages));
        assert.is(va, page < 0 ? 0n : START + BigInt(page) * PAGE);
        if (page < 0) continue;
        taken.fill(true, page, page + pages + 1);
        live.push({ page, pages });
        assert.is(guest.kernelInstall(va, frame), 0);
        assert.is(guest.kernelAddress(va + 9n), frame + 9);
        assert.is(guest.kernelAddress(va + BigInt(pages) * PAGE), 0, 'the guard page');
        assert.is(Number(guest.kernelReservedBytes()) / 4096, taken.filter(Boolean).length);
      }
      for (const range of [...live]) release(range);
      guest.framePut(frame);
      guest.kmemReap();
      assert.is(guest.framesFree(), free);
      assert.is(guest.kmemLiveTotal(), 0);
    }),
  );
});

test('pages are mapped and unmapped one by one, and counted for the machine', () => {
  boot();
  const kernel = guest.kernelSpace();
  const frame = scratch(1);
  const va = unsigned(guest.vmallocReserve(3));
  guest.kernelInstall(va + PAGE, frame);
  assert.is(guest.kernelAddress(va + PAGE + 1n), frame + 1);
  guest.kernelZap(va + PAGE);
  guest.kernelZap(va);
  assert.is(guest.kernelAddress(va + PAGE), 0);
  assert.is(counter(kernel, COUNTER_PTE_WRITES_KERNEL), 2);
  assert.is(counter(kernel, COUNTER_TLB_FLUSHES), 1);
  assert.is(counter(kernel, COUNTER_WALKS), 2);
});

test.run();
