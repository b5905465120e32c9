/**
 * Programs outside of the machine: processes whose memory, except for Binder mappings, is not in the machine. The guest asks for
 * exactly the bytes that a copy from or to user space touches.
 */
import { EBADF, EMFILE } from '../../assembly/abi/errno.ts';
import type { Clients, Guest } from '../guest/guest.ts';
import { BinderlabError } from '../wire/error.ts';
import type { ForeignMemory } from './foreignmemory.ts';
import { RecordedMemory } from './recordedmemory.ts';

/** The programs outside at one moment. What a program itself has is not known, unless it is a recorded one. */
export interface ForeignState {
  readonly memories: ReadonlyMap<number, ForeignMemory>;
  readonly spaces: ReadonlyMap<number, number>;
  readonly owners: ReadonlyMap<number, ForeignMemory>;
  /** What recorded ones had. */
  readonly copies: ReadonlyMap<RecordedMemory, RecordedMemory>;
}

/** What it has to know of the system. */
interface Asker {
  /** The running thread; null in deferred work. */
  readonly running: { readonly tid: number } | null;
  /** Whether listeners are called, or a memory is asked. */
  telling: boolean;
  /** Whether a memory is asked: the machine is in the middle of a call. */
  asking: boolean;
}

export class ForeignSpaces implements Clients {
  /** By the guest's spaces. */
  #memories = new Map<number, ForeignMemory>();
  #spaces = new Map<number, number>();
  /** Who has taken a file. */
  #owners = new Map<number, ForeignMemory>();

  constructor(
    private readonly guest: Guest,
    private readonly asker: Asker,
  ) {
    guest.clients = this;
  }

  /** Whether there was ever one of a program that is outside now. */
  get any(): boolean {
    return [...this.#memories.values()].some((memory) => !(memory instanceof RecordedMemory));
  }

  /** Whether there was ever one that a journal cannot hold. */
  get anyUnrecorded(): boolean {
    return [...this.#memories.values()].some((memory) => memory.isRecorded !== true);
  }

  /** Makes a process of the guest's foreign, or its forked copy. */
  add(process: number, memory: ForeignMemory): void {
    const space = this.guest.raw.setForeign(process);
    this.#spaces.set(process, space);
    this.#memories.set(space, memory);
  }

  /** The guest's record of the space of a process; 0 for an ordinary one. */
  spaceOf(process: number): number {
    return this.#spaces.get(process) ?? 0;
  }

  read(space: number, target: number, va: number, size: number): number {
    const memory = this.#memories.get(space);
    if (memory === undefined) return size;
    const copied = this.#ask(() => memory.read(va, this.#bytes(target, size), this.#tid));
    return size - checked(copied, size);
  }

  write(space: number, va: number, source: number, size: number): number {
    const memory = this.#memories.get(space);
    if (memory === undefined) return size;
    const copied = this.#ask(() => memory.write(va, this.#bytes(source, size), this.#tid));
    return size - checked(copied, size);
  }

  show(space: number, va: number, source: number, size: number): void {
    this.#ask(() => this.#memories.get(space)?.show(va, this.#bytes(source, size)));
  }

  take(space: number, fd: number): number {
    const memory = this.#memories.get(space);
    const file = this.#ask(() => memory?.take?.(fd)) ?? -EBADF;
    if (file > 0 && memory !== undefined) this.#owners.set(file, memory);
    return file;
  }

  give(space: number, file: number): number {
    return this.#ask(() => this.#memories.get(space)?.give?.(file, this.#tid)) ?? -EMFILE;
  }

  shut(space: number, fd: number): void {
    this.#ask(() => this.#memories.get(space)?.shut?.(fd, this.#tid));
  }

  drop(file: number): void {
    this.#ask(() => this.#owners.get(file)?.drop?.(file));
    this.#owners.delete(file);
  }

  save(): ForeignState {
    const recorded = [...this.#memories.values()].filter((memory) => memory instanceof RecordedMemory);
    return {
      memories: new Map(this.#memories),
      spaces: new Map(this.#spaces),
      owners: new Map(this.#owners),
      copies: new Map(recorded.map((memory) => [memory, memory.copy()])),
    };
  }

  restore({ memories, spaces, owners, copies }: ForeignState): void {
    this.#memories = new Map(memories);
    this.#spaces = new Map(spaces);
    this.#owners = new Map(owners);
    for (const [memory, copy] of copies) memory.become(copy);
  }

  get #tid(): number {
    return this.asker.running?.tid ?? 0;
  }

  /** Asks a memory, which may look at the machine, and not act in it. */
  #ask<T>(ask: () => T): T {
    const { asker } = this;
    const { telling } = asker;
    asker.telling = true;
    asker.asking = true;
    try {
      return ask();
    } finally {
      asker.telling = telling;
      asker.asking = false;
    }
  }

  #bytes(linear: number, size: number): Uint8Array {
    return this.guest.u8.subarray(linear, linear + size);
  }
}

function checked(copied: number, size: number): number {
  if (Number.isInteger(copied) && copied >= 0 && copied <= size) return copied;
  throw new BinderlabError(
    `a foreign memory says how many of ${size} bytes it has copied, and this one says ${copied}.`,
  );
}
