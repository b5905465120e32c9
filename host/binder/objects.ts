/**
 * The objects of one process that the driver knows: which address is whose. An object stays here while anybody else
 * holds a reference to it, or while a parcel with it is on its way.
 */
import { BinderlabError } from '../kernel/error.ts';
import type { BBinder } from './bbinder.ts';
import type { NodeAddress } from './parcel.ts';

/** Addresses as a heap would give them, below the end of user space; nothing is stored there. */
const OBJECTS_BASE = 0x7b_0000_0000;
const OBJECT_SIZE = 0x20;
/** libbinder's ptr is the object's block of reference counts, and its cookie the object itself. */
const COUNTS_OFFSET = 0x10;

interface Entry {
  readonly binder: BBinder;
  readonly address: NodeAddress;
  /** References of the driver's and of parcels on their way. */
  held: number;
}

export class LocalObjects {
  readonly #byPtr = new Map<number, Entry>();
  /** Addresses never change, also of objects that nobody holds for a while. */
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

  /** Holds an object: a parcel with it is about to be sent. */
  send(binder: BBinder): void {
    const address = this.addressOf(binder);
    const entry = this.#byPtr.get(address.ptr) ?? { binder, address, held: 0 };
    entry.held++;
    this.#byPtr.set(address.ptr, entry);
  }

  /** The driver takes a reference. */
  hold(ptr: bigint): void {
    this.#entry(ptr).held++;
  }

  /** A reference is given back. */
  drop(ptr: bigint | number): void {
    const entry = this.#entry(ptr);
    if (--entry.held === 0) this.#byPtr.delete(Number(ptr));
  }

  at(ptr: bigint): BBinder {
    return this.#entry(ptr).binder;
  }

  #entry(ptr: bigint | number): Entry {
    const entry = this.#byPtr.get(Number(ptr));
    if (entry === undefined) throw new BinderlabError(`this process has no object at 0x${ptr.toString(16)}`);
    return entry;
  }
}
