/**
 * The objects of one process that the driver knows, by address. An object stays here while another process holds a
 * reference to it, or while a parcel with it is in flight.
 */
import { BinderlabError } from '../wire/error.ts';
import type { BBinder } from './bbinder.ts';
import type { NodeAddress } from './parcel.ts';

/** Addresses like those of a heap, below the end of user space; nothing is stored there. */
const OBJECTS_BASE = 0x7b_0000_0000;
const OBJECT_SIZE = 0x20;
/** libbinder's ptr is the object's reference counter block; the cookie is the object itself. */
const COUNTS_OFFSET = 0x10;

interface Entry {
  readonly binder: BBinder;
  /** References that the driver holds for other processes. */
  strong: number;
  weak: number;
  /** Parcels in flight that contain it. */
  sending: number;
}

export class LocalObjects {
  readonly #byPtr = new Map<number, Entry>();
  /** Addresses never change, not even while no process holds the object. */
  readonly #addresses = new WeakMap<BBinder, NodeAddress>();
  #made = 0;

  /** How many objects the driver knows. */
  get size(): number {
    return this.#byPtr.size;
  }

  addressOf(binder: BBinder): NodeAddress {
    let address = this.#addresses.get(binder);
    if (address === undefined) {
      const cookie = OBJECTS_BASE + OBJECT_SIZE * this.#made++;
      address = { ptr: cookie + COUNTS_OFFSET, cookie };
      this.#addresses.set(binder, address);
    }
    return address;
  }

  /** Holds an object while a parcel with it is in flight, until `sent`. */
  send(binder: BBinder): void {
    const { ptr } = this.addressOf(binder);
    const entry = this.#byPtr.get(ptr) ?? { binder, strong: 0, weak: 0, sending: 0 };
    entry.sending++;
    this.#byPtr.set(ptr, entry);
  }

  sent(binder: BBinder): void {
    const { ptr } = this.addressOf(binder);
    const entry = this.#entry(ptr);
    entry.sending--;
    this.#forgetUnheld(ptr, entry);
  }

  incStrong(ptr: bigint): void {
    this.#entry(ptr).strong++;
  }

  incWeak(ptr: bigint): void {
    this.#entry(ptr).weak++;
  }

  decStrong(ptr: bigint): void {
    const entry = this.#entry(ptr);
    entry.strong--;
    this.#forgetUnheld(ptr, entry);
  }

  decWeak(ptr: bigint): void {
    const entry = this.#entry(ptr);
    entry.weak--;
    this.#forgetUnheld(ptr, entry);
  }

  at(ptr: bigint): BBinder {
    return this.#entry(ptr).binder;
  }

  #forgetUnheld(ptr: bigint | number, { strong, weak, sending }: Entry): void {
    if (strong === 0 && weak === 0 && sending === 0) this.#byPtr.delete(Number(ptr));
  }

  #entry(ptr: bigint | number): Entry {
    const entry = this.#byPtr.get(Number(ptr));
    if (entry === undefined) throw new BinderlabError(`this process has no object at 0x${ptr.toString(16)}`);
    return entry;
  }
}
