/**
 * Views of a machine. An `Inspector` returns plain objects that show the moment of the call. Inspecting changes
 * nothing, not even a cache or a counter. Views with the same handle show the same object.
 */
import type { Guest } from '../guest/guest.ts';
import { BinderlabError } from '../wire/error.ts';
import {
  type BufferView,
  bufferViews,
  type FreeBufferView,
  freeBufferViews,
  lruViews,
  type PageView,
  pageViews,
} from './buffers.ts';
import { type LogEntryView, logViews, type StatsView, statsView } from './counts.ts';
import { type ClassName, KernelMemory, type KernelObject } from './kernelmemory.ts';
import {
  bytesAt,
  type FrameView,
  frameCounts,
  frameView,
  leafViews,
  objectCounts,
  type WalkView,
  walkView,
} from './memory.ts';
import { deadNodeViews, type NodeView } from './nodes.ts';
import { type ContextView, contextViews, type ProcView, procsOf, procView } from './procs.ts';
import { type Place, placeAt, type RawObject, rawObject, rawObjects } from './raw.ts';
import { type ProcessView, processesOf, processView, type VmaView, vmaViews } from './tasks.ts';

/** Whose page table: a process (a view of one, or the machine's), or the kernel. */
export type SpaceOwner = { readonly pid: number } | 'kernel';

export class Inspector {
  /** @internal The guest's own objects, from which the views are made. */
  readonly kernel: KernelMemory;

  /** @internal */ constructor(guest: Guest) {
    this.kernel = new KernelMemory(guest);
  }

  /** Processes alive, in order of creation, with their threads, descriptors and areas. */
  processes(): ProcessView[] {
    return processesOf(this.kernel).map((process) => processView(this.kernel, process));
  }

  /** The devices and their context managers. */
  contexts(): ContextView[] {
    return contextViews(this.kernel);
  }

  /** Binder procs, newest first, with their loopers, nodes, refs and queues. */
  procs(): ProcView[] {
    return procsOf(this.kernel).map((proc) => procView(this.kernel, proc));
  }

  /** Referenced nodes whose owner is dead, the last one first. */
  deadNodes(): NodeView[] {
    return deadNodeViews(this.kernel);
  }

  /** All buffers of a proc's mapping by address, free ones included; none before mmap. */
  buffers(proc: { readonly handle: number }): BufferView[] {
    return bufferViews(this.kernel, this.#proc(proc));
  }

  /** The free ones by size, as the best-fit search meets them. */
  freeBuffers(proc: { readonly handle: number }): FreeBufferView[] {
    return freeBufferViews(this.kernel, this.#proc(proc));
  }

  /** All pages of a proc's mapping by address; none before mmap. */
  pages(proc: { readonly handle: number }): PageView[] {
    return pageViews(this.kernel, this.#proc(proc));
  }

  /** Pages of all mappings that the shrinker may take, in the order in which it would. */
  lru(): PageView[] {
    return lruViews(this.kernel);
  }

  /** The counters of a proc, or of the whole driver since boot. */
  stats(proc?: { readonly handle: number }): StatsView {
    return statsView(this.kernel, proc === undefined ? null : this.#proc(proc));
  }

  /** transaction_log: the last 32 transactions, oldest first. */
  transactionLog(): LogEntryView[] {
    return logViews(this.kernel, { failed: false });
  }

  /** failed_transaction_log: the last 32 that failed. */
  failedTransactionLog(): LogEntryView[] {
    return logViews(this.kernel, { failed: true });
  }

  /** Areas of an address space, in rising order. The kernel's are the reserved parts of its vmalloc area. */
  vmas(owner: SpaceOwner): VmaView[] {
    const space = this.#space(owner);
    return space === null ? [] : vmaViews(this.kernel, space);
  }

  /** How the processor would translate an address; null when the space has no such address. */
  walk(owner: SpaceOwner, address: number | bigint): WalkView | null {
    const space = this.#space(owner);
    return space && walkView(this.kernel, space.linear, BigInt(address));
  }

  /** Bytes of an address space; null when a page of them is not mapped. */
  bytes(owner: SpaceOwner, address: number, length: number): Uint8Array | null {
    const space = this.#space(owner);
    return space && bytesAt(this.kernel, space.linear, address, length);
  }

  /** The walks of all pages in [from, end) that the page table maps; a block of 2 MiB is one of them. */
  leaves(owner: SpaceOwner, from: number | bigint, end: number | bigint): WalkView[] {
    const space = this.#space(owner);
    return space === null ? [] : leafViews(this.kernel, space.linear, BigInt(from), BigInt(end));
  }

  /** The frame that holds a linear address; null outside of the machine's memory. */
  frame(linear: number): FrameView | null {
    return frameView(this.kernel, linear);
  }

  /** Any object of the guest's, with all its fields by their names there: `raw('Node', node.handle)`. */
  raw(type: ClassName, address: number): RawObject {
    return rawObject(this.kernel, type, address);
  }

  /** All kernel objects in use, by address; `rawChanges` compares two moments. */
  rawObjects(): RawObject[] {
    return rawObjects(this.kernel);
  }

  /** The frame at a linear address; in a slab's frame also the object and its field. */
  at(address: number): Place {
    return placeAt(this.kernel, address);
  }

  /** Frames of 4 KiB by their use: `free`, `reserved`, `slab`, `table`, `anon`, `binder` and so on. */
  frames(): Readonly<Record<string, number>> {
    return frameCounts(this.kernel);
  }

  /** Kernel objects alive, by kind: `process`, `binder_node` and so on. */
  objects(): Readonly<Record<string, number>> {
    return objectCounts(this.kernel);
  }

  /** @throws BinderlabError for a proc that was freed: its handle may denote another object now. */
  #proc({ handle }: { readonly handle: number }): KernelObject<'Proc'> {
    const proc = procsOf(this.kernel).find(({ linear }) => linear === handle);
    if (proc !== undefined) return proc;
    throw new BinderlabError('that binder proc is gone; look at procs() again after each step.');
  }

  #space(owner: SpaceOwner): KernelObject<'Space'> | null {
    if (owner === 'kernel') return this.kernel.roots.kernel;
    const process = processesOf(this.kernel).find(({ pid }) => pid === owner.pid);
    if (process !== undefined) return process.space;
    throw new BinderlabError(`no process of pid ${owner.pid} is alive: it has no memory to look at.`);
  }
}
