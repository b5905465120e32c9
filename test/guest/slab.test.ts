/** Slabs: objects never overlap, come zeroed, and the pages of a cache are as many as it needs and one. */
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadGuest, PAGE } from './load.ts';

const test = suite('slab');
const { guest, boot, bytes, scratch } = loadGuest();
const FRAME_SLAB = 2;

/** A cache whose pages are the frames that it asks for. */
class Cache {
  readonly pages = new Set<number>();
  readonly #address: number;

  constructor(size: number) {
    this.#address = scratch(1);
    guest.slabInit(this.#address, size);
  }

  alloc(): number {
    const object = guest.slabAlloc(this.#address);
    if (object !== 0) return object;
    const page = guest.frameAlloc(0, FRAME_SLAB, 0);
    this.pages.add(page);
    guest.slabGrow(this.#address, page);
    return guest.slabAlloc(this.#address);
  }

  free(object: number): void {
    this.#takeAway(guest.slabFree(this.#address, object));
  }

  reap(): void {
    this.#takeAway(guest.slabReap(this.#address));
  }

  live(): number {
    return guest.slabLive(this.#address);
  }

  #takeAway(page: number): void {
    if (page === 0) return;
    assert.ok(this.pages.delete(page), 'the cache gives back a page that is not its own');
    guest.framePut(page);
  }
}

function pageOf(object: number): number {
  return object - (object % PAGE);
}

test('objects are apart from each other, and none is lost', () => {
  const size = fc.constantFrom(4, 8, 24, 72, 600, 4072);
  const step = fc.record({ frees: fc.boolean(), which: fc.nat(999), times: fc.integer({ min: 1, max: 30 }) });
  fc.assert(
    fc.property(size, fc.array(step, { maxLength: 30 }), (bytesEach, steps) => {
      boot();
      const cache = new Cache(bytesEach);
      const live: number[] = [];
      for (const { frees, which, times } of steps) {
        for (let time = 0; time < times; time++) {
          if (frees) {
            if (live.length === 0) break;
            const object = live.splice(which % live.length, 1)[0]!;
            cache.free(object);
            const page = pageOf(object);
            const isEmpty = !live.some((other) => pageOf(other) === page);
            if (isEmpty) assert.ok(cache.pages.size > new Set(live.map(pageOf)).size, 'an empty page is kept');
          } else {
            const object = cache.alloc();
            bytes.fill(0xee, object, object + bytesEach);
            live.push(object);
          }
          assert.is(cache.live(), live.length);
        }
        const sorted = [...live].sort((a, b) => a - b);
        sorted.forEach((object, index) => {
          assert.ok(object % 8 === 0 && cache.pages.has(pageOf(object)));
          if (index > 0) assert.ok(object - sorted[index - 1]! >= bytesEach);
        });
        const used = new Set(live.map(pageOf));
        assert.ok(cache.pages.size <= used.size + 1, 'at most one empty page is kept');
      }
      for (const object of live) cache.free(object);
      cache.reap();
      assert.is(cache.pages.size, 0);
      assert.is(guest.framesCheck(), 0);
    }),
  );
});

test('what is freed twice, or is no object, is caught', () => {
  boot();
  const cache = new Cache(32);
  const object = cache.alloc();
  assert.throws(() => cache.free(object + 8), /not the beginning/);
  cache.free(object);
  assert.throws(() => cache.free(object), /free already/);
});

test('a write to a free object is caught when it is given out again', () => {
  boot();
  const cache = new Cache(32);
  const object = cache.alloc();
  cache.free(object);
  bytes[object + 16] = 1;
  assert.throws(() => cache.alloc(), /written to a free object/);
});

test.run();
