/**
 * The memory of a program that was outside of the machine, in a replay. The journal stores before each call what the driver reads
 * in it; afterwards the driver finds nothing there any more. What calls have stored stays, for who looks at results.
 */
import { EBADF } from '../../assembly/abi/errno.ts';
import { PAGE_MASK, PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { ForeignMemory } from './foreignmemory.ts';

interface Page {
  readonly bytes: Uint8Array;
  /** What is known of each byte. */
  readonly states: Uint8Array;
  /** Whether several memories have it: then it does not change any more. */
  isShared: boolean;
}

// states of a byte
const STORED = 1; // by a call
const POKED = 2; // for the next call

/** Descriptors 0 to 2 are a process's own. */
const FIRST_DESCRIPTOR = 3;

export class RecordedMemory implements ForeignMemory {
  readonly isRecorded = true;
  /** By address. */
  #pages = new Map<number, Page>();
  #poked: { readonly address: number; readonly length: number }[] = [];
  #lacked = new Set<number>();
  #descriptor = FIRST_DESCRIPTOR;

  read(address: number, target: Uint8Array, tid: number): number {
    const least = tid === 0 ? STORED : POKED;
    for (let done = 0; done < target.length; done++) {
      const at = (address + done) & PAGE_MASK;
      const page = this.#pages.get(address + done - at);
      if (page === undefined || (page.states[at] as number) < least) return done;
      target[done] = page.bytes[at] as number;
    }
    return target.length;
  }

  write(address: number, source: Uint8Array): number {
    this.#store(address, source, (state) => Math.max(state, STORED));
    return source.length;
  }

  poke(address: number, source: Uint8Array): number {
    this.#store(address, source, () => POKED);
    this.#poked.push({ address, length: source.length });
    return source.length;
  }

  /** The call is made. */
  forget(): void {
    for (const { address, length } of this.#poked) {
      this.#each(address, length, ({ states }, at, size) => {
        for (let i = at; i < at + size; i++) states[i] = Math.min(states[i] as number, STORED);
      });
    }
    this.#poked.length = 0;
    this.#lacked.clear();
  }

  lack(fd: number): void {
    this.#lacked.add(fd);
  }

  show(): void {} // the machine's own pages have it

  /** The journal does not have files: any descriptor is one, unless it says that the program lacks it. */
  take(fd: number): number {
    return this.#lacked.has(fd) ? -EBADF : fd + 1;
  }

  give(): number {
    return this.#descriptor++;
  }

  /** A copy for a forked child, or for a copy of the machine. */
  copy(): RecordedMemory {
    const copy = new RecordedMemory();
    copy.become(this);
    return copy;
  }

  /** Takes over all that another one has. Both share its pages until one of them stores there. */
  become(other: RecordedMemory): void {
    this.#pages = new Map(other.#pages);
    for (const page of this.#pages.values()) page.isShared = true;
    this.#poked = [...other.#poked];
    this.#lacked = new Set(other.#lacked);
    this.#descriptor = other.#descriptor;
  }

  #store(address: number, source: Uint8Array, next: (state: number) => number): void {
    this.#each(address, source.length, ({ bytes, states }, at, size, done) => {
      bytes.set(source.subarray(done, done + size), at);
      for (let i = at; i < at + size; i++) states[i] = next(states[i] as number);
    });
  }

  #each(address: number, length: number, f: (page: Page, at: number, size: number, done: number) => void): void {
    for (let done = 0, size = 0; done < length; done += size) {
      const at = (address + done) & PAGE_MASK;
      size = Math.min(length - done, PAGE_SIZE - at);
      f(this.#page(address + done - at), at, size, done);
    }
  }

  /** A page to store to. */
  #page(address: number): Page {
    const page = this.#pages.get(address);
    if (page !== undefined && !page.isShared) return page;
    const own = {
      bytes: page?.bytes.slice() ?? new Uint8Array(PAGE_SIZE),
      states: page?.states.slice() ?? new Uint8Array(PAGE_SIZE),
      isShared: false,
    };
    this.#pages.set(address, own);
    return own;
  }
}
