/**
 * The memory of one process as the process sees it. Every access goes through its page table and faults pages in, page by
 * page. `fault` holds the fault that ended the last access, and its signal.
 */
import { ACCESS_READ, ACCESS_WRITE, PAGE_MASK, PAGE_SIZE, SIGBUS, SIGSEGV } from '../../assembly/abi/machine.ts';
import type { Guest } from '../guest/guest.ts';
import type { ForeignMemory } from './foreignmemory.ts';

/** Why an access ended early. */
interface Fault {
  readonly signal: 'SIGSEGV' | 'SIGBUS';
  /** 1: not mapped; 2: forbidden by the protection, or (SIGBUS) the page is not installed. */
  readonly siCode: number;
  /** The address that faulted. */
  readonly address: number;
}

/** Up to this length a load allocates its result without counting the readable bytes first. */
const BLIND_MAX = 1024 * 1024;

export class UserMemory {
  /** The fault that ended the last access; null when it was complete. */
  fault: Fault | null = null;
  /** What no area has, when the process is a program outside of the machine. */
  outside: ForeignMemory | null = null;

  constructor(
    readonly guest: Guest,
    /** The guest's process. */
    private readonly process: number,
  ) {}

  /** @returns The bytes up to the first fault. */
  load(address: number, length: number): Uint8Array {
    const { u8 } = this.guest;
    const first = Math.min(length, PAGE_SIZE - (address & PAGE_MASK));
    if (first === length && length > 0) {
      const linear = this.reach(address, ACCESS_READ);
      return linear < 0 ? this.#loadOutside(address, length) : u8.slice(linear, linear + length);
    }
    // a length that may be nonsense: no more is allocated than can be read
    const readable = length > BLIND_MAX ? this.#eachPage(address, length, ACCESS_READ, () => {}) : length;
    const { fault } = this;
    const bytes = new Uint8Array(readable);
    const done = this.#eachPage(address, readable, ACCESS_READ, (linear, at, size) => {
      bytes.set(u8.subarray(linear, linear + size), at);
    });
    if (readable < length) this.fault = fault;
    else if (done === 0 && length > 0) return this.#loadOutside(address, length);
    return done === readable ? bytes : bytes.slice(0, done);
  }

  /** The bytes that a read would return, with zeros where it would fault. Has no side effect and counts nothing. */
  look(address: number, length: number): Uint8Array {
    const { raw, u8 } = this.guest;
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const size = Math.min(length - at, PAGE_SIZE - ((address + at) & PAGE_MASK));
      const linear = raw.userLook(this.process, address + at);
      if (linear !== 0) bytes.set(u8.subarray(linear, linear + size), at);
      at += size;
    }
    return bytes;
  }

  /** @returns How many bytes were stored before the first fault. */
  store(address: number, bytes: Uint8Array): number {
    const { u8 } = this.guest;
    const done = this.#eachPage(address, bytes.length, ACCESS_WRITE, (linear, at, size) => {
      u8.set(size === bytes.length ? bytes : bytes.subarray(at, at + size), linear);
    });
    if (done > 0 || this.outside?.poke === undefined) return done;
    const stored = this.outside.poke(address, bytes);
    if (stored === bytes.length) this.fault = null;
    return stored;
  }

  /** As `store`, with `length` times the same byte. */
  fill(address: number, length: number, byte: number): number {
    const { u8 } = this.guest;
    return this.#eachPage(address, length, ACCESS_WRITE, (linear, _, size) => {
      u8.fill(byte, linear, linear + size);
    });
  }

  /** Touches one byte. @returns Its linear address, or a negative number; then `fault` has the reason. */
  reach(address: number, access: number): number {
    const linear = this.guest.raw.userTouch(this.process, address, access);
    if (linear >= 0) {
      this.fault = null;
    } else {
      const signal = -linear >> 8;
      if (signal !== SIGBUS && signal !== SIGSEGV) throw new Error(`userTouch answered ${linear}`);
      this.fault = { signal: signal === SIGBUS ? 'SIGBUS' : 'SIGSEGV', siCode: -linear & 0xff, address };
    }
    return linear;
  }

  /** What the program has at an address that no area has. The fault is that of the area. */
  #loadOutside(address: number, length: number): Uint8Array {
    if (this.outside === null) return new Uint8Array(0);
    const bytes = new Uint8Array(length);
    const done = this.outside.read(address, bytes, 0);
    if (done < length) return bytes.slice(0, done);
    this.fault = null;
    return bytes;
  }

  #eachPage(
    address: number,
    length: number,
    access: number,
    visit: (linear: number, at: number, size: number) => void,
  ): number {
    this.fault = null;
    let at = 0;
    while (at < length) {
      const linear = this.reach(address + at, access);
      if (linear < 0) break;
      const size = Math.min(length - at, PAGE_SIZE - (linear & PAGE_MASK));
      visit(linear, at, size);
      at += size;
    }
    return at;
  }
}
