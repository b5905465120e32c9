/** The frame allocator against a set of blocks. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  FRAME_ANON,
  FRAME_ARRAY,
  FRAME_DIRTY,
  FRAME_HEAD,
  FRAME_RESERVED,
  FRAME_TABLE,
} from '../../assembly/abi/machine.ts';
import { loadGuest, PAGE } from './load.ts';

const test = suite('frames');
const MEMORY = (4 << 20) + 3 * 65536; // blocks at the end have no buddy
const { guest, boot, bytes, data } = loadGuest(MEMORY);

interface Block {
  address: number;
  order: number;
  refs: number;
  mark: number;
}

/** After boot: the frames that are not reserved, and the one of them that is in use, for the kernel's page table. */
function bootedFrames(): { frames: number[]; table: number } {
  boot();
  const first = (guest.framesCount() - guest.framesFree() - 1) * PAGE;
  const frames = Array.from({ length: guest.framesFree() + 1 }, (_, index) => first + index * PAGE);
  const [table = 0, ...others] = frames.filter((frame) => guest.frameKind(frame) === FRAME_TABLE);
  assert.is(others.length, 0);
  return { frames, table };
}

/** Would a block of that order fit anywhere between the live ones? */
function fits(live: readonly Pick<Block, 'address' | 'order'>[], order: number, first: number): boolean {
  const size = PAGE << order;
  for (let address = Math.ceil(first / size) * size; address + size <= MEMORY; address += size) {
    if (live.every((block) => block.address + (PAGE << block.order) <= address || block.address >= address + size))
      return true;
  }
  return false;
}

test('blocks are aligned, apart from each other, and all of them come back', () => {
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ act: fc.constant('alloc' as const), order: fc.nat(9), which: fc.nat() }) },
    { weight: 2, arbitrary: fc.record({ act: fc.constant('put' as const), order: fc.nat(9), which: fc.nat() }) },
    { weight: 1, arbitrary: fc.record({ act: fc.constant('get' as const), order: fc.nat(9), which: fc.nat() }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
      const { frames, table } = bootedFrames();
      const atBoot = guest.framesFree();
      const live: Block[] = [];
      const put = (block: Block) => {
        const last = block.address + (PAGE << block.order) - 4;
        assert.is(data.getUint32(block.address, true), block.mark);
        assert.is(data.getUint32(last, true), block.mark);
        guest.framePut(block.address);
        if (--block.refs === 0) live.splice(live.indexOf(block), 1);
      };
      for (const [index, { act, order, which }] of steps.entries()) {
        const block = live[which % Math.max(live.length, 1)];
        if (act === 'alloc') {
          const address = guest.frameAlloc(order, FRAME_ANON, index);
          if (address === 0) {
            assert.not(fits([...live, { address: table, order: 0 }], order, frames[0] as number));
            continue;
          }
          assert.is(address % (PAGE << order), 0);
          const end = address + (PAGE << order);
          assert.ok(end <= MEMORY && live.every((b) => b.address + (PAGE << b.order) <= address || b.address >= end));
          assert.is(guest.frameOwner(end - 1), index);
          assert.is(guest.frameKind(end - 1), FRAME_ANON);
          data.setUint32(address, index, true);
          data.setUint32(end - 4, index, true);
          live.push({ address, order, refs: 1, mark: index });
        } else if (block !== undefined && act === 'get') {
          guest.frameGet(block.address);
          block.refs++;
        } else if (block !== undefined) {
          put(block);
        }
        for (const { address, refs } of live) assert.is(guest.frameRefcount(address), refs);
        const used = live.reduce((sum, b) => sum + (1 << b.order), 0);
        assert.is(guest.framesFree(), atBoot - used);
        assert.is(guest.framesCheck(), 0);
      }
      for (const block of [...live]) while (block.refs > 0) put(block);
      assert.is(guest.framesFree(), atBoot);
      assert.is(guest.framesCheck(), 0);
      assert.is.not(guest.frameAlloc(9, FRAME_ANON, 0), 0, 'all buddies have merged');
    }),
  );
});

test('fresh frames are given out in ascending order', () => {
  const { guest } = loadGuest(4 << 20);
  let last = 0;
  for (let count = guest.framesFree(); count > 0; count--) {
    const address = guest.frameAlloc(0, FRAME_ARRAY, 0);
    assert.ok(address > last);
    last = address;
  }
  assert.is(guest.frameAlloc(0, FRAME_ARRAY, 0), 0);
});

test('zeroed frames are zero and dirty, others are not dirty', () => {
  boot();
  const block = guest.frameAlloc(1, FRAME_ARRAY, 0);
  assert.is(guest.frameFlags(block), FRAME_HEAD);
  assert.is(guest.frameFlags(block + PAGE), 0);
  guest.framePut(block);
  const zeroed = guest.frameAllocZero(1, FRAME_ARRAY, 0);
  assert.is(zeroed, block);
  assert.is(guest.frameFlags(zeroed), FRAME_HEAD | FRAME_DIRTY);
  assert.is(guest.frameFlags(zeroed + PAGE), FRAME_DIRTY);
  assert.ok(bytes.subarray(zeroed, zeroed + 2 * PAGE).every((byte) => byte === 0));
});

test('memory below the first frame is reserved', () => {
  const { frames, table } = bootedFrames();
  assert.is(guest.frameKind(0), FRAME_RESERVED);
  assert.is(guest.frameKind((frames[0] as number) - 1), FRAME_RESERVED);
  const free = frames.filter((frame) => frame !== table);
  const given = free.map(() => guest.frameAlloc(0, FRAME_ARRAY, 0));
  assert.equal(
    given.sort((one, other) => one - other),
    free,
  );
});

test('a frame that is freed twice, or written to while it is free, is caught', () => {
  boot();
  const frame = guest.frameAlloc(0, FRAME_ARRAY, 0);
  guest.framePut(frame);
  assert.throws(() => guest.framePut(frame), /no block in use/);
  bytes[frame + 100] = 1;
  assert.throws(() => guest.frameAlloc(0, FRAME_ARRAY, 0), /written to a free frame/);
});

test('framesCheck sees a write through a null pointer', () => {
  boot();
  data.setUint32(16, 1, true);
  assert.is(guest.framesCheck(), 16);
});

test('behind the mark of what was ever given out, memory is as the host made it', () => {
  const step = fc.record({ free: fc.boolean(), order: fc.nat(6), which: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      boot();
      const live: number[] = [];
      for (const { free, order, which } of steps) {
        if (free && live.length > 0) {
          guest.framePut(live.splice(which % live.length, 1)[0] as number);
          continue;
        }
        const address = guest.frameAlloc(order, FRAME_ANON, 0);
        if (address === 0) continue;
        bytes.fill(0x77, address, address + (PAGE << order));
        live.push(address);
      }
      const touched = guest.framesTouched();
      assert.is(touched % PAGE, 0);
      assert.ok(live.every((address) => address < touched));
      assert.ok(bytes.subarray(touched).every((byte) => byte === 0));
    }),
    { numRuns: 30 },
  );
});

test.run();
