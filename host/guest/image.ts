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
  /** By page, from linear address 0 on: the words that hold it, and where it begins in them; never modified. */
  readonly #holders: readonly Int32Array[];
  readonly #starts: Int32Array;
  /** Bytes copied for this image; bytes shared with an earlier image do not count. */
  readonly copiedBytes: number;

  private constructor(holders: readonly Int32Array[], starts: Int32Array, copied: number) {
    this.#holders = holders;
    this.#starts = starts;
    this.copiedBytes = copied * PAGE_SIZE;
  }

  /** @param earlier An image of the same memory, to share pages with. */
  static take(guest: Guest, earlier: MemoryImage | null): MemoryImage {
    const count = guest.raw.memoryTouched() / PAGE_SIZE;
    return earlier === null ? MemoryImage.#whole(guest, count) : MemoryImage.#since(guest, count, earlier);
  }

  /** All pages in one copy: one for each page would take several times as long. */
  static #whole({ i32 }: Guest, count: number): MemoryImage {
    const starts = Int32Array.from({ length: count }, (_, number) => number * WORDS);
    return new MemoryImage(new Array<Int32Array>(count).fill(i32.slice(0, count * WORDS)), starts, count);
  }

  static #since({ i32 }: Guest, count: number, earlier: MemoryImage): MemoryImage {
    const holders = new Array<Int32Array>(count);
    const starts = new Int32Array(count);
    let copied = 0;
    for (let number = 0; number < count; number++) {
      const at = number * WORDS;
      const holder = earlier.#holders[number];
      const start = earlier.#starts[number] ?? 0;
      if (holder !== undefined && isEqual(holder, start, i32, at)) {
        holders[number] = holder;
        starts[number] = start;
      } else {
        holders[number] = i32.slice(at, at + WORDS);
        copied++;
      }
    }
    return new MemoryImage(holders, starts, copied);
  }

  /** Restores linear memory. */
  restore(guest: Guest): void {
    const { i32, u8 } = guest;
    const count = this.#starts.length;
    u8.fill(0, count * PAGE_SIZE, Math.max(count * PAGE_SIZE, guest.raw.memoryTouched()));
    for (let from = 0; from < count; ) {
      const end = this.#endOfRun(from);
      const holder = this.#holders[from] as Int32Array;
      const start = this.#starts[from] as number;
      i32.set(holder.subarray(start, start + (end - from) * WORDS), from * WORDS);
      from = end;
    }
  }

  /** Bytes that the images hold together. A page that several images share counts once. */
  static bytesOf(images: Iterable<MemoryImage>): number {
    const pages = new Map<Int32Array, Set<number>>();
    for (const image of images) {
      for (const [number, holder] of image.#holders.entries()) {
        const starts = pages.get(holder) ?? new Set();
        pages.set(holder, starts.add(image.#starts[number] as number));
      }
    }
    return [...pages.values()].reduce((sum, starts) => sum + starts.size, 0) * PAGE_SIZE;
  }

  /** The end of the pages from `from` on that follow each other in one holder. */
  #endOfRun(from: number): number {
    let end = from + 1;
    while (
      this.#holders[end] === this.#holders[from] &&
      this.#starts[end] === (this.#starts[end - 1] as number) + WORDS
    ) {
      end++;
    }
    return end;
  }
}

function isEqual(holder: Int32Array, start: number, memory: Int32Array, at: number): boolean {
  for (let word = 0; word < WORDS; word++) if (holder[start + word] !== memory[at + word]) return false;
  return true;
}
