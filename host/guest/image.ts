/**
 * The contents of linear memory at one moment. Linear memory holds the machine's whole state, so restoring an image
 * restores the machine. An image keeps the memory page by page, and shares equal pages with an earlier image:
 *
 *     an earlier image   | page 0 | page 1 | page 2 | page 3 |
 *     memory since then      =        =        *        =     + a page more
 *     the new image          |        |     a copy      |       a copy
 *
 * Pages are compared; their dirty flags are not used. Those would have to be cleared, so taking an image would change
 * the machine. Memory that was never written to is in no image.
 */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Guest } from './guest.ts';

const WORDS = PAGE_SIZE / 4;

export class MemoryImage {
  /** From linear address 0 on; never modified. */
  readonly #pages: readonly Int32Array[];
  /** Bytes copied for this image; bytes shared with an earlier image do not count. */
  readonly copiedBytes: number;

  private constructor(pages: readonly Int32Array[], copied: number) {
    this.#pages = pages;
    this.copiedBytes = copied * PAGE_SIZE;
  }

  /** @param earlier An image of the same memory, to share pages with. */
  static take(guest: Guest, earlier: MemoryImage | null): MemoryImage {
    const { i32 } = guest;
    const shared = earlier === null ? [] : earlier.#pages;
    const count = guest.raw.memoryTouched() / PAGE_SIZE;
    const pages: Int32Array[] = new Array(count);
    let copied = 0;
    for (let number = 0; number < count; number++) {
      const at = number * WORDS;
      const known = shared[number];
      if (known !== undefined && isEqual(known, i32, at)) {
        pages[number] = known;
      } else {
        pages[number] = i32.slice(at, at + WORDS);
        copied++;
      }
    }
    return new MemoryImage(pages, copied);
  }

  /** Restores linear memory. */
  restore(guest: Guest): void {
    const { i32, u8 } = guest;
    const end = this.#pages.length * PAGE_SIZE;
    u8.fill(0, end, Math.max(end, guest.raw.memoryTouched()));
    for (const [number, page] of this.#pages.entries()) i32.set(page, number * WORDS);
  }

  /** Bytes that the images hold together. A page that several images share counts once. */
  static bytesOf(images: Iterable<MemoryImage>): number {
    const pages = new Set<Int32Array>();
    for (const image of images) for (const page of image.#pages) pages.add(page);
    return pages.size * PAGE_SIZE;
  }
}

function isEqual(page: Int32Array, memory: Int32Array, at: number): boolean {
  for (let word = 0; word < WORDS; word++) if (page[word] !== memory[at + word]) return false;
  return true;
}
