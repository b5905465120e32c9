/**
 * The plan of a process's arena: private memory for what scripts hand to the driver.
 *
 *     address            + 0x40000            ...                       address + size
 *     | window of thread 0 | window of thread 1 | ... free ... | allocated, downwards |
 *       0x00000 write buffer, 128 KiB
 *       0x20000 read buffer, 124 KiB
 *       0x3f000 argument, 4 KiB
 */
import { PAGE_SIZE, WINDOW_ARGUMENT, WINDOW_READ, WINDOW_SIZE, WINDOW_WRITE } from '../../assembly/abi/machine.ts';
import { BinderlabError } from '../wire/error.ts';
import { hexOfAddress } from '../wire/hex.ts';

export const WRITE_BUFFER_SIZE = WINDOW_READ - WINDOW_WRITE;
export const READ_BUFFER_SIZE = WINDOW_ARGUMENT - WINDOW_READ;

/** User addresses of one thread's ioctl arguments and buffers. */
export interface Window {
  /** Number of the window's first page. */
  readonly page: number;
  readonly wbuf: number;
  readonly rbuf: number;
  readonly arg: number;
}

/** How much of an arena is allocated. */
export interface ArenaState {
  readonly windows: number;
  readonly top: number;
}

export class Arena {
  /** @internal */ state: ArenaState;

  /** @internal */ constructor(
    readonly address: number,
    readonly size: number,
  ) {
    this.state = { windows: 0, top: address + size };
  }

  /** @internal The window of thread number `index` of the process. */
  window(index: number): Window {
    const { windows, top } = this.state;
    const base = this.address + index * WINDOW_SIZE;
    if (base + WINDOW_SIZE > top) {
      throw new BinderlabError(`the arena has no room for the buffers of thread ${index}; ${this.#plan()}`);
    }
    this.state = { windows: Math.max(windows, index + 1), top };
    return windowAt(base / PAGE_SIZE);
  }

  /**
   * Allocates memory that is never freed.
   *
   * @param align A power of two.
   * @returns The address.
   */
  alloc(length: number, align: number): number {
    const { windows, top } = this.state;
    const address = Math.floor((top - length) / align) * align;
    if (address < this.address + windows * WINDOW_SIZE) {
      throw new BinderlabError(`the arena has no room for ${length} bytes more; ${this.#plan()}`);
    }
    this.state = { windows, top: address };
    return address;
  }

  #plan(): string {
    const { windows, top } = this.state;
    const used = this.address + this.size - top;
    return `it holds ${this.size} bytes at ${hexOfAddress(this.address)}: ${windows} windows of ${WINDOW_SIZE} for threads, and ${used} allocated`;
  }
}

/** @param page Number of the window's first page. */
export function windowAt(page: number): Window {
  const base = page * PAGE_SIZE;
  return { page, wbuf: base + WINDOW_WRITE, rbuf: base + WINDOW_READ, arg: base + WINDOW_ARGUMENT };
}

/** The error for data that a thread's buffer cannot hold. @param what What and how much, e.g. "9 bytes to read". */
export function tooLong(what: string, limit: number): BinderlabError {
  return new BinderlabError(
    `${what} do not fit the thread's buffer of ${limit} bytes. Put large data into memory first: "data: process.place(bytes)".`,
  );
}
