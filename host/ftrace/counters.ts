/** What the driver holds for each process, as counters over time: pages, buffers, asynchronous space, queues. */
import { fieldOf, type KernelMemory, type KernelObject, sizeOf } from '../inspect/kernelmemory.ts';
import { contextName, procsOf } from '../inspect/procs.ts';

/** A counter of one process that has a new value. */
export interface CounterValue {
  readonly pid: number;
  readonly name: string;
  readonly value: number;
  readonly unit: 'count' | 'bytes';
}

type Count = (kernel: KernelMemory, proc: KernelObject<'Proc'>) => number;

const COUNTERS: readonly (readonly [name: string, unit: CounterValue['unit'], count: Count])[] = [
  ['pages mapped', 'count', (kernel, { alloc }) => framesOf(kernel, alloc)],
  ['buffers held', 'count', (kernel, { alloc }) => heldBuffers(kernel, alloc).length],
  ['bytes held', 'bytes', (kernel, { alloc }) => heldBuffers(kernel, alloc).reduce((sum, { size }) => sum + size, 0)],
  ['async space', 'bytes', (_, { alloc }) => alloc.asyncFree],
  ['queue', 'count', queueLength],
  ['oneway queue', 'count', onewayQueueLength],
];

const WORD = 4;
const LRU_PAGE_WORDS = sizeOf('LruPage') / WORD;
const FRAME_WORD = fieldOf('LruPage', 'frame')[0] / WORD;

export class DriverCounters {
  /** By pid and name. */
  readonly #last = new Map<string, CounterValue>();

  /** The counters that have changed since the last call, of the processes with these pids. */
  take(kernel: KernelMemory, pids: ReadonlySet<number>): CounterValue[] {
    const now = new Map<string, CounterValue>();
    for (const [key, last] of this.#last) if (pids.has(last.pid)) now.set(key, { ...last, value: 0 });
    for (const proc of procsOf(kernel)) if (pids.has(proc.pid)) add(now, kernel, proc);
    const changed = [...now].filter(([key, { value }]) => this.#last.get(key)?.value !== value);
    for (const [key, counted] of changed) this.#last.set(key, counted);
    return changed.map(([, counted]) => counted);
  }
}

/** Files that a process has opened of one device count together. Before mmap there is nothing to count. */
function add(sums: Map<string, CounterValue>, kernel: KernelMemory, proc: KernelObject<'Proc'>): void {
  if (proc.alloc.size === 0) return;
  const { pid } = proc;
  for (const [what, unit, count] of COUNTERS) {
    const name = `${contextName(proc.device)} ${what}`;
    const key = `${pid} ${name}`;
    sums.set(key, { pid, name, value: (sums.get(key)?.value ?? 0) + count(kernel, proc), unit });
  }
}

function framesOf(kernel: KernelMemory, { pages, pagesHigh }: KernelObject<'BinderAlloc'>): number {
  const words = kernel.words(pages, pagesHigh * LRU_PAGE_WORDS);
  let frames = 0;
  for (let at = FRAME_WORD; at < words.length; at += LRU_PAGE_WORDS) if (words[at] !== 0) frames++;
  return frames;
}

function heldBuffers(kernel: KernelMemory, alloc: KernelObject<'BinderAlloc'>): KernelObject<'Buffer'>[] {
  return kernel.list(alloc.addressOf('buffersNext'), 'Buffer', 'entryNext').filter(({ free }) => !free);
}

/** Work for the proc, and for its threads. */
function queueLength(kernel: KernelMemory, proc: KernelObject<'Proc'>): number {
  const threads = kernel.tree(proc.threads, 'BinderThread', 'rbParent');
  const queues = [proc.addressOf('todoNext'), ...threads.map((thread) => thread.addressOf('todoNext'))];
  return queues.reduce((sum, queue) => sum + kernel.list(queue, 'Work', 'next').length, 0);
}

/** Oneways that wait for the one before them to be freed. */
function onewayQueueLength(kernel: KernelMemory, proc: KernelObject<'Proc'>): number {
  const nodes = kernel.tree(proc.nodes, 'Node', 'rbParent');
  return nodes.reduce((sum, node) => sum + kernel.list(node.addressOf('asyncTodoNext'), 'Work', 'next').length, 0);
}
