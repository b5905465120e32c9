/** What a call costs follows from the mechanism: counts of the workload `call`, strategy by strategy. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { STRATEGIES } from '../../host/index.ts';
import { row } from './counts.ts';

const PAGE = 4096;
/** The empty reply takes a buffer in a page of the client's mapping. */
const REPLY_PAGES = 1;
/** Page tables of levels 2 and 3 that the first page of a mapping needs, on both sides. */
const TABLES = 4;
/** What the kernel keeps of the pages of a mapping takes a frame on each side. */
const PAGE_ARRAYS = 2;
/** Pages of the two mappings, and the guard page behind each. */
const MAPPED_PAGES = 254;

for (const payload of [PAGE, 16 * PAGE]) {
  const pages = payload / PAGE;
  const test = suite(`call of ${payload} bytes`);

  test('kmap: one copy; page by page in the first call, and no entry after it', () => {
    const { setup, firstCall, perCall, framesResident, kernelBytesReserved } = row('kmap', payload);
    assert.is(perCall.bytesCopied, payload);
    assert.is(perCall.copies, pages);
    assert.is(perCall.kmaps, pages);
    assert.equal(setup.pteWrites, { user: 0, kernel: 0 });
    assert.equal(firstCall.pteWrites, { user: pages + REPLY_PAGES, kernel: 0 });
    assert.equal(perCall.pteWrites, { user: 0, kernel: 0 });
    assert.is(firstCall.framesZeroed, pages + REPLY_PAGES + TABLES);
    assert.is(perCall.framesZeroed, 0);
    assert.is(perCall.framesAllocated, 0);
    assert.is(perCall.tlbFlushes, 0);
    assert.is(framesResident, pages + REPLY_PAGES);
    assert.is(kernelBytesReserved, 0);
  });

  test('vmalloc: one copy; every page has two entries, and kernel addresses from mmap on', () => {
    const { setup, firstCall, perCall, framesResident, kernelBytesReserved } = row('vmalloc', payload);
    assert.is(perCall.bytesCopied, payload);
    assert.is(perCall.copies, 1);
    assert.is(perCall.kmaps, 0);
    assert.equal(setup.pteWrites, { user: 0, kernel: 0 });
    assert.equal(firstCall.pteWrites, { user: pages + REPLY_PAGES, kernel: pages + REPLY_PAGES });
    assert.equal(perCall.pteWrites, { user: 0, kernel: 0 });
    assert.is(framesResident, pages + REPLY_PAGES);
    assert.is(kernelBytesReserved, 2 * (MAPPED_PAGES + 1) * PAGE);
    assert.is(perCall.walks, row('kmap', payload).perCall.walks + pages);
  });

  test('two-copy: two copies, and frames for the stage in every call', () => {
    const { setup, firstCall, perCall, framesResident, kernelBytesReserved } = row('two-copy', payload);
    assert.is(perCall.bytesCopied, 2 * payload);
    assert.is(perCall.copies, 2 * pages);
    assert.is(perCall.kmaps, 3 * pages);
    assert.is(perCall.framesAllocated, pages + REPLY_PAGES);
    assert.equal(setup.pteWrites, { user: 0, kernel: 0 });
    assert.equal(firstCall.pteWrites, { user: pages + REPLY_PAGES, kernel: 0 });
    assert.equal(perCall.pteWrites, { user: 0, kernel: 0 });
    assert.is(framesResident, pages + REPLY_PAGES);
    assert.is(kernelBytesReserved, 0);
  });

  test('prefault: every entry at mmap, and only the copy after it', () => {
    const { setup, firstCall, perCall, framesResident, kernelBytesReserved } = row('prefault', payload);
    assert.is(perCall.bytesCopied, payload);
    assert.is(perCall.copies, pages);
    assert.is(perCall.kmaps, pages);
    assert.equal(setup.pteWrites, { user: 2 * MAPPED_PAGES, kernel: 0 });
    assert.is(setup.framesZeroed, 2 * MAPPED_PAGES + TABLES + PAGE_ARRAYS);
    assert.equal(firstCall.pteWrites, { user: 0, kernel: 0 });
    assert.is(firstCall.framesZeroed, 0);
    assert.equal(perCall.pteWrites, { user: 0, kernel: 0 });
    assert.is(framesResident, 2 * MAPPED_PAGES);
    assert.is(kernelBytesReserved, 0);
  });

  test('huge: as prefault, and a run of frames is one copy', () => {
    const { setup, firstCall, perCall, framesResident } = row('huge', payload);
    assert.is(perCall.bytesCopied, payload);
    assert.is(perCall.copies, 1);
    assert.is(perCall.kmaps, 1);
    assert.equal(setup.pteWrites, { user: 2 * MAPPED_PAGES, kernel: 0 });
    assert.equal(firstCall.pteWrites, { user: 0, kernel: 0 });
    assert.is(framesResident, 2 * MAPPED_PAGES);
  });

  test('remap: no copy; a page changes hands by four entries and a fault', () => {
    const { setup, firstCall, perCall, framesResident } = row('remap', payload);
    assert.is(perCall.bytesCopied, 0);
    assert.is(perCall.copies, 0);
    assert.equal(setup.pteWrites, { user: 0, kernel: 0 });
    // Lent by the sender, and mapped for the receiver; the sender's next write takes it from there, and back.
    assert.equal(firstCall.pteWrites, { user: 2 * pages + REPLY_PAGES, kernel: 0 });
    assert.equal(perCall.pteWrites, { user: 4 * pages, kernel: 0 });
    assert.is(perCall.tlbFlushes, 3 * pages);
    assert.is(perCall.faults, pages);
    assert.is(perCall.framesAllocated, 0);
    assert.is(framesResident, REPLY_PAGES);
  });

  test('fault: the entry comes when the receiver touches the page, and not for the reply that nobody reads', () => {
    const { setup, firstCall, perCall, framesResident } = row('fault', payload);
    assert.is(perCall.bytesCopied, payload);
    assert.is(perCall.copies, pages);
    assert.equal(setup.pteWrites, { user: 0, kernel: 0 });
    assert.equal(firstCall.pteWrites, { user: pages, kernel: 0 });
    assert.is(firstCall.faults, pages);
    assert.is(perCall.faults, 0);
    assert.is(framesResident, pages + REPLY_PAGES);
  });

  test('faults, flushes, walks and kernel addresses: what sets a strategy apart, and nothing else', () => {
    const { perCall } = row('kmap', payload);
    for (const strategy of STRATEGIES) {
      const { setup, firstCall, perCall: counts, kernelBytesReserved } = row(strategy, payload);
      const isRemap = strategy === 'remap';
      const isTwin = strategy === 'vmalloc';
      assert.is(counts.faults, isRemap ? pages : 0, strategy);
      assert.is(counts.tlbFlushes, isRemap ? 3 * pages : 0, strategy);
      assert.is(counts.walks, perCall.walks + (isTwin ? pages : 0), strategy);
      assert.is(counts.commandBytes, perCall.commandBytes, strategy);
      assert.is(kernelBytesReserved, isTwin ? 2 * (MAPPED_PAGES + 1) * PAGE : 0, strategy);
      assert.is(setup.faults + setup.tlbFlushes + setup.bytesCopied, 0, strategy);
      assert.is(firstCall.tlbFlushes, isRemap ? pages : 0, strategy);
    }
  });

  test.run();
}

const test = suite('call of a few bytes');

test('remap copies what is no whole page', () => {
  assert.is(row('remap', 5).perCall.bytesCopied, 5);
  assert.is(row('remap', 3 * PAGE + 7).perCall.bytesCopied, 7);
});

test('a message that shares its page is copied whole, and no byte of padding with it', () => {
  assert.is(row('kmap', 5).perCall.bytesCopied, 5);
  assert.is(row('two-copy', 5).perCall.bytesCopied, 10);
});

test('the same row comes out of the same work', () => {
  assert.equal(row('two-copy', PAGE), row('two-copy', PAGE));
});

test.run();
