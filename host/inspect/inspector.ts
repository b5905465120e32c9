/**
 * Looking at a machine. An `Inspector` answers with plain objects that show the moment at which they were made; looking
 * changes nothing, not even a cache or a counter. Handles in views tell which objects are the same.
 */
import {
  CURSOR_BUFFERS,
  CURSOR_FREE_BUFFERS,
  CURSOR_LRU,
  CURSOR_PAGES,
  CURSOR_PROCESSES,
  CURSOR_PROCS,
  PROCESS_PID,
} from '../../assembly/abi/inspect.ts';
import type { Guest } from '../guest/guest.ts';
import { BinderlabError } from '../kernel/error.ts';
import { type BufferView, bufferView, type FreeBufferView, type PageView, pageView } from './buffers.ts';
import { type LogEntryView, logViews, type StatsView, statsView } from './counts.ts';
import { Cursors } from './cursor.ts';
import { type FrameView, frameCounts, frameView, leafViews, objectCounts, type WalkView, walkView } from './memory.ts';
import { deadNodeViews, type NodeView } from './nodes.ts';
import { type ContextView, contextViews, type ProcView, procViews } from './procs.ts';
import { type ProcessView, processViews, type VmaView, vmaViews } from './tasks.ts';

/** Whose page table: a process (a view of one, or the machine's), or the kernel. */
export type SpaceOwner = { readonly pid: number } | 'kernel';

export class Inspector {
  readonly #cursors: Cursors;

  /** @internal */ constructor(guest: Guest) {
    this.#cursors = new Cursors(guest);
  }

  /** Processes alive, in order of creation, with their threads, descriptors and areas. */
  processes(): ProcessView[] {
    return processViews(this.#cursors);
  }

  /** The devices and their context managers. */
  contexts(): ContextView[] {
    return contextViews(this.#cursors);
  }

  /** Binder procs, newest first, with their loopers, nodes, refs and queues. */
  procs(): ProcView[] {
    return procViews(this.#cursors);
  }

  /** Nodes that are referred to and whose owner is dead, the last one first. */
  deadNodes(): NodeView[] {
    return deadNodeViews(this.#cursors);
  }

  /** All buffers of a proc's mapping by address, free ones included; none before mmap. */
  buffers(proc: { readonly handle: number }): BufferView[] {
    return this.#cursors.rows(CURSOR_BUFFERS, this.#procHandle(proc)).map(bufferView);
  }

  /** The free ones by size, as the best-fit search meets them. */
  freeBuffers(proc: { readonly handle: number }): FreeBufferView[] {
    const rows = this.#cursors.rows(CURSOR_FREE_BUFFERS, this.#procHandle(proc));
    return rows.map((row) => bufferView(row) as FreeBufferView);
  }

  /** All pages of a proc's mapping by address; none before mmap. */
  pages(proc: { readonly handle: number }): PageView[] {
    return this.#cursors.rows(CURSOR_PAGES, this.#procHandle(proc)).map(pageView);
  }

  /** Pages of all mappings that the shrinker may take, in the order in which it would. */
  lru(): PageView[] {
    return this.#cursors.rows(CURSOR_LRU).map(pageView);
  }

  /** What was counted for a proc, or for the whole driver since boot. */
  stats(proc?: { readonly handle: number }): StatsView {
    return statsView(this.#cursors, proc === undefined ? 0 : this.#procHandle(proc));
  }

  /** transaction_log: the last 32 transactions, oldest first. */
  transactionLog(): LogEntryView[] {
    return logViews(this.#cursors, { failed: false });
  }

  /** failed_transaction_log: the last 32 that failed. */
  failedTransactionLog(): LogEntryView[] {
    return logViews(this.#cursors, { failed: true });
  }

  /** Areas of an address space, in rising order. The kernel's are what is reserved of its vmalloc area. */
  vmas(owner: SpaceOwner): VmaView[] {
    return vmaViews(this.#cursors, this.#spaceHandle(owner));
  }

  /** How the processor would translate an address; null when the space has no such address. */
  walk(owner: SpaceOwner, address: number | bigint): WalkView | null {
    const row = this.#cursors.walk(this.#spaceHandle(owner), BigInt(address));
    return row === null ? null : walkView(row);
  }

  /** The walks of all pages in [from, end) that the page table maps; a block of 2 MiB is one of them. */
  leaves(owner: SpaceOwner, from: number | bigint, end: number | bigint): WalkView[] {
    return [...leafViews(this.#cursors, this.#spaceHandle(owner), BigInt(from), BigInt(end))];
  }

  /** The frame that holds a linear address; null outside of the machine's memory. */
  frame(linear: number): FrameView | null {
    const row = this.#cursors.frame(linear);
    return row === null ? null : frameView(row);
  }

  /** Frames of 4 KiB by what they are used for: `free`, `reserved`, `slab`, `table`, `anon`, `binder` and so on. */
  frames(): Readonly<Record<string, number>> {
    return frameCounts(this.#cursors);
  }

  /** Kernel objects alive, by kind: `process`, `binder_node` and so on. */
  objects(): Readonly<Record<string, number>> {
    return objectCounts(this.#cursors);
  }

  /** @throws BinderlabError for a proc that is gone: its handle may mean something else by now. */
  #procHandle({ handle }: { readonly handle: number }): number {
    if (this.#cursors.rows(CURSOR_PROCS).some((row) => row.handle === handle)) return handle;
    throw new BinderlabError('that binder proc is gone; look at procs() again after each step.');
  }

  #spaceHandle(owner: SpaceOwner): number {
    if (owner === 'kernel') return 0;
    const process = this.#cursors.rows(CURSOR_PROCESSES).find((row) => row.i32(PROCESS_PID) === owner.pid);
    if (process !== undefined) return process.handle;
    throw new BinderlabError(`no process of pid ${owner.pid} is alive: it has no memory to look at.`);
  }
}
