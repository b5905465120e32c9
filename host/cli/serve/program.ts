/**
 * A program outside of the machine: its process in the machine, its threads that have called, and its memory. What a call
 * stores goes with the call's answer, and the program stores it itself. A Binder mapping is a file that both map.
 */
import { closeSync, ftruncateSync, openSync, unlinkSync } from 'node:fs';
import { EBADF, EMFILE } from '../../../assembly/abi/errno.ts';
import { PAGE_MASK, PAGE_SIZE } from '../../../assembly/abi/machine.ts';
import type { ForeignMemory } from '../../os/foreignmemory.ts';
import type { Process } from '../../os/process.ts';
import { RecordedMemory } from '../../os/recordedmemory.ts';
import type { Thread } from '../../os/thread.ts';
import type { Addon } from './native.ts';
import { DEVICE, PAIR, RECEIVE, type RingSlot } from './ring.ts';

/** A thread of the program that has called. */
interface Caller {
  readonly slot: RingSlot;
  /** Copies what is known of the program's memory while the call lasts. @returns False when it is not known. */
  recall(address: number, target: Uint8Array): boolean;
}

interface Mapping {
  readonly address: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly path: string;
}

export class Memory implements ForeignMemory {
  /** The program's threads by tid. */
  readonly callers = new Map<number, Caller>();
  /** Whether messages have brought Binder descriptors to any program. */
  static hasDevices = false;
  /** Those: the program's numbers, and those in the machine. */
  readonly #devices: { readonly fd: number; readonly own: number }[] = [];
  #mappings: Mapping[] = [];
  /** Threads whose calls have stored in vain. */
  readonly #faults = new Set<number>();

  readonly isRecorded = true;
  /** What a replay knows of it, while the machine has listeners: calls get the same, and store at once. */
  readonly #replayed: RecordedMemory | null;

  constructor(
    private readonly pid: number,
    private readonly addon: Addon,
    isObserved: boolean,
  ) {
    this.#replayed = isObserved ? new RecordedMemory() : null;
  }

  read(address: number, target: Uint8Array, tid: number): number {
    if (this.#replayed?.read(address, target, tid) === target.length) return target.length;
    if (this.callers.get(tid)?.recall(address, target)) return target.length;
    return this.look(address, target);
  }

  /** In a replay every store succeeds. So it does here for the driver; the program learns when its call returns. */
  write(address: number, source: Uint8Array, tid: number): number {
    if (this.#replayed === null) {
      const caller = this.callers.get(tid);
      return caller === undefined ? this.addon.write(this.pid, address, source) : caller.slot.store(address, source);
    }
    this.#replayed.write(address, source);
    if (this.addon.write(this.pid, address, source) < source.length) this.#faults.add(tid);
    return source.length;
  }

  /** Whether the thread's call has stored where the program has no memory; once. */
  takeFault(tid: number): boolean {
    return this.#faults.size > 0 && this.#faults.delete(tid);
  }

  show(address: number, source: Uint8Array): void {
    for (const mapping of this.#mappings) {
      const at = address - mapping.address;
      if (at >= 0 && at < mapping.length) mapping.bytes.set(source, at);
    }
  }

  /** A step stores what the program has stored before. */
  poke(address: number, bytes: Uint8Array): number {
    return this.#replayed?.poke(address, bytes) ?? bytes.length;
  }

  lack(fd: number): void {
    this.#replayed?.lack(fd);
  }

  /** Whether the program has the descriptor. */
  has(fd: number): boolean {
    const file = this.take(fd);
    if (file > 0) this.drop(file);
    return file > 0;
  }

  forget(): void {
    this.#replayed?.forget();
  }

  take(fd: number): number {
    // what the journal says holds, even if the program has opened it since
    if (this.#replayed?.take(fd) === -EBADF) return -EBADF;
    return this.addon.take(this.pid, fd);
  }

  /** The Binder descriptors that messages have brought, once each. */
  takeDevices(): { readonly fd: number; readonly own: number }[] {
    return this.#devices.splice(0);
  }

  /** The thread, which waits in its call, receives the descriptor: so it gets its lowest free number. */
  give(file: number, tid: number): number {
    const slot = this.callers.get(tid)?.slot;
    if (file < 0) {
      const fd = slot?.ask(DEVICE) ?? -EMFILE;
      if (fd >= 0) this.#devices.push({ fd, own: ~file });
      Memory.hasDevices = true;
      return fd;
    }
    const end = slot?.ask(PAIR) ?? -1;
    if (slot === undefined || end < 0) return -EMFILE;
    const socket = this.addon.take(slot.maker, end);
    if (socket < 0) return -EMFILE;
    this.addon.give(socket, file);
    const fd = slot.ask(RECEIVE) ?? -EMFILE;
    closeSync(socket);
    return fd;
  }

  shut(fd: number, tid: number): void {
    this.callers.get(tid)?.slot.shut(fd);
  }

  drop(file: number): void {
    closeSync(file);
  }

  /** Reads what the program has now. @returns The number of bytes up to the first that it does not have. */
  look(address: number, target: Uint8Array): number {
    let done = this.addon.read(this.pid, address, target);
    while (done < target.length) {
      const page = Math.min(target.length - done, PAGE_SIZE - ((address + done) & PAGE_MASK));
      const read = this.addon.read(this.pid, address + done, target.subarray(done, done + page));
      if (read === 0) break;
      done += read;
    }
    return done;
  }

  /** Makes the file of a mapping at `path`. @returns 0 or -errno. */
  map(address: number, length: number, path: string): number {
    const size = Math.ceil(length / PAGE_SIZE) * PAGE_SIZE;
    const file = openSync(path, 'wx+', 0o644);
    ftruncateSync(file, size);
    closeSync(file);
    const mapped = this.addon.map(path, size);
    if (typeof mapped === 'number') return mapped;
    this.#mappings.push({ address, length, bytes: new Uint8Array(mapped), path });
    return 0;
  }

  /** Where the mappings are. */
  get mapped(): readonly { readonly address: number; readonly length: number }[] {
    return this.#mappings;
  }

  /** Drops the mappings in the range. */
  unmap(address: number, length: number): void {
    const isIn = (one: Mapping) => one.address >= address && one.address + one.length <= address + length;
    for (const { path, bytes } of this.#mappings.filter(isIn)) {
      this.addon.unmap(bytes);
      unlinkSync(path);
    }
    this.#mappings = this.#mappings.filter((one) => !isIn(one));
  }

  close(): void {
    this.callers.clear();
    this.unmap(0, Number.MAX_SAFE_INTEGER);
  }
}

export interface OutsideProgram {
  readonly process: Process;
  /** A thread that never sleeps, and so makes threads and children. */
  readonly attendant: Thread;
  readonly memory: Memory;
  /** The binder descriptors that it has, and their files. */
  readonly files: Map<number, number>;
  /** The guest's record of its address space. */
  readonly space: number;
}
