/**
 * What one may ask about: who changed it? A `Watched` has a name, and reads its fields at any moment of a machine.
 *
 *     watched.node(12)                       node 12, all its fields
 *     watched.node(12, 'tmpRefs')            one of them
 *     watched.user(process, 0x70000010)      four bytes of a process's memory
 *     { name: 'free frames', read: (inspect) => ({ free: inspect.frames().free ?? 0 }) }
 */
import { LOG_SIZE, PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { BinderlabError } from '../wire/error.ts';
import { shown } from '../wire/forms.ts';
import { hexOfAddress as hex } from '../wire/hex.ts';
import type { Inspector } from './inspector.ts';
import { type ClassName, fieldsOf, isClassName, type KernelMemory, type KernelObject } from './kernelmemory.ts';
import { procsOf } from './procs.ts';
import { objectHolding, type RawValue } from './raw.ts';
import { processesOf } from './tasks.ts';
import { stackViews } from './works.ts';

/** The fields of something at one moment, by name; null while it is not there. Bytes are text: "00 ff". */
export type Reading = Readonly<Record<string, RawValue | string>> | null;

export interface Watched {
  /** As sentences name it: "node 12". */
  readonly name: string;
  readonly read: (inspect: Inspector) => Reading;
}

/** Makes what one may ask about. A field is one of the guest's class; without it all fields are meant. */
export const watched = {
  /** Bytes at a user address; `..` for one of a page that is not mapped, null when none is. */
  user(process: { readonly pid: number }, address: number, length = 4): Watched {
    checkNumber('the pid of a process', process?.pid);
    checkRange(address, length);
    return {
      name: `${length} bytes of process ${process.pid} at ${hex(address)}`,
      read: ({ kernel }) => {
        const space = processesOf(kernel).find(({ pid }) => pid === process.pid)?.space;
        if (!space) return null;
        return bytesAt(kernel, address, length, (page) => kernel.guest.raw.inspectLinear(space.linear, BigInt(page)));
      },
    };
  },

  /** Bytes at a linear address: of a frame, or of the kernel's memory. The step log is not there: it is the host's. */
  linear(address: number, length = 4): Watched {
    checkRange(address, length);
    return {
      name: `${length} bytes at linear address ${hex(address)}`,
      read: ({ kernel }) => {
        const { raw, u8 } = kernel.guest;
        const log = raw.stepLog();
        if (address + length > log && address < log + LOG_SIZE) return null;
        return bytesAt(kernel, address, length, (page) => (page < u8.length ? page : 0));
      },
    };
  },

  /** The descriptor in which a walk for a user address ends. */
  descriptor(process: { readonly pid: number }, address: number): Watched {
    checkNumber('the pid of a process', process?.pid);
    checkRange(address, 1);
    return {
      name: `the page table entry of process ${process.pid} for ${hex(address)}`,
      read: ({ kernel }) => {
        const space = processesOf(kernel).find(({ pid }) => pid === process.pid)?.space;
        if (!space) return null;
        const { raw } = kernel.guest;
        const level = raw.inspectLevel(space.linear, BigInt(address));
        const entry = level === 0 ? 0n : raw.inspectDescriptor(space.linear, BigInt(address), level);
        return { level, descriptor: BigInt.asUintN(64, entry) };
      },
    };
  },

  /** A kernel object in use at an address; an object of another class there is not it. */
  object(type: ClassName, address: number, field?: string): Watched {
    if (!isClassName(type)) throw new BinderlabError(`the guest has no class "${String(type)}".`);
    checkRange(address, 1);
    return found(`${type} ${hex(address)}`, type, field, (kernel) => {
      const there = objectHolding(kernel, address);
      return there?.type === type && there.address === address ? { linear: address } : null;
    });
  },

  /** A node by its id. */
  node(id: number, field?: string): Watched {
    checkNumber('the id of a node', id);
    return found(`node ${id}`, 'Node', field, (kernel) => {
      const isIt = ({ debugId }: KernelObject<'Node'>) => debugId === id;
      for (const { nodes } of procsOf(kernel)) {
        const node = kernel.tree(nodes, 'Node', 'rbParent').find(isIt);
        if (node !== undefined) return node;
      }
      return kernel.list(kernel.roots.deadNodes, 'Node', 'rbParent').find(isIt) ?? null;
    });
  },

  /** A process's ref, by its handle. */
  ref(process: { readonly pid: number }, handle: number, field?: string): Watched {
    checkNumber('the pid of a process', process?.pid);
    checkNumber('a handle', handle);
    return found(`handle ${handle} of process ${process.pid}`, 'Ref', field, (kernel) =>
      first(procsOf(kernel), ({ pid, refsByDesc }) =>
        pid !== process.pid
          ? undefined
          : kernel.tree(refsByDesc, 'Ref', 'descParent').find(({ desc }) => desc === handle),
      ),
    );
  },

  /** The buffer of a message, by the message's id. */
  buffer(id: number, field?: string): Watched {
    checkNumber('the id of a buffer', id);
    return found(`buffer ${id}`, 'Buffer', field, (kernel) =>
      first(procsOf(kernel), ({ alloc }) =>
        buffersOf(kernel, alloc).find(({ free, debugId }) => !free && debugId === id),
      ),
    );
  },

  /** A transaction by its id: a call, a reply or a oneway, in a queue, being served, or both. */
  transaction(id: number, field?: string): Watched {
    checkNumber('the id of a transaction', id);
    const isIt = ({ debugId }: { debugId: number }) => debugId === id;
    return found(`transaction ${id}`, 'Transaction', field, (kernel) =>
      first(
        procsOf(kernel),
        ({ alloc, threads }) =>
          buffersOf(kernel, alloc)
            .filter(({ transaction }) => transaction !== 0)
            .map(({ transaction }) => kernel.object('Transaction', transaction))
            .find(isIt) ??
          kernel
            .tree(threads, 'BinderThread', 'rbParent')
            .flatMap((thread) => stackViews(kernel, thread))
            .filter(({ transaction }) => transaction.id === id)
            .map(({ transaction }) => ({ linear: transaction.handle }))[0],
      ),
    );
  },

  /** What the driver knows of a thread. */
  thread(thread: { readonly tid: number }, field?: string): Watched {
    checkNumber('the tid of a thread', thread?.tid);
    return found(`binder thread ${thread.tid}`, 'BinderThread', field, (kernel) =>
      first(procsOf(kernel), ({ threads }) =>
        kernel.tree(threads, 'BinderThread', 'rbParent').find(({ tid }) => tid === thread.tid),
      ),
    );
  },

  /** What the driver knows of a process. */
  proc(process: { readonly pid: number }, field?: string): Watched {
    checkNumber('the pid of a process', process?.pid);
    return found(`binder proc ${process.pid}`, 'Proc', field, (kernel) =>
      first([...procsOf(kernel)].reverse(), (proc) => (proc.pid === process.pid ? proc : undefined)),
    );
  },
};

/** The fields in which two readings differ; all fields of one that was not there before, or is not there after. */
export function changedFields(before: Reading, after: Reading): string[] {
  const names = Object.keys(before ?? after ?? {});
  return names.filter((name) => before?.[name] !== after?.[name]);
}

/** @throws BinderlabError unless `value` can be the number of `what`. */
function checkNumber(what: string, value: unknown): void {
  if (Number.isSafeInteger(value) && Number(value) >= 0) return;
  throw new BinderlabError(`${what} is ${shown(value)}; it is to be a whole number.`);
}

/** @throws BinderlabError unless history can ask about it. */
export function checkWatched(what: Watched): void {
  if (typeof what?.read === 'function') return;
  throw new BinderlabError(
    `what is asked about is ${shown(what)}; it is to be what "watched" makes, as watched.node(12) does.`,
  );
}

/** An object that is looked for at every moment. */
function found(
  name: string,
  type: ClassName,
  field: string | undefined,
  find: (kernel: KernelMemory) => { readonly linear: number } | null,
): Watched {
  if (field !== undefined && !Object.hasOwn(fieldsOf(type), field)) {
    const known = Object.keys(fieldsOf(type)).join(', ');
    throw new BinderlabError(`${type} has no field "${field}"; it has ${known}.`);
  }
  return {
    name: field === undefined ? name : `${field} of ${name}`,
    read: ({ kernel }) => {
      const object = find(kernel);
      if (object === null) return null;
      const { linear } = object;
      return field === undefined ? kernel.plain(type, linear) : { [field]: kernel.plainField(type, linear, field) };
    },
  };
}

function buffersOf(kernel: KernelMemory, alloc: KernelObject<'BinderAlloc'>): KernelObject<'Buffer'>[] {
  return alloc.size === 0 ? [] : kernel.list(alloc.addressOf('buffersNext'), 'Buffer', 'entryNext');
}

function first<T, R>(items: readonly T[], find: (item: T) => R | undefined): R | null {
  for (const item of items) {
    const result = find(item);
    if (result !== undefined) return result;
  }
  return null;
}

/** @param linearOf Linear address of the first byte in a page; 0 when there is none. */
function bytesAt(kernel: KernelMemory, from: number, length: number, linearOf: (address: number) => number): Reading {
  const texts: string[] = [];
  while (texts.length < length) {
    const at = from + texts.length;
    const size = Math.min(length - texts.length, PAGE_SIZE - (at % PAGE_SIZE));
    const linear = linearOf(at);
    for (let index = 0; index < size; index++) {
      texts.push(linear === 0 ? '..' : (kernel.guest.u8[linear + index] ?? 0).toString(16).padStart(2, '0'));
    }
  }
  return texts.every((text) => text === '..') ? null : { bytes: texts.join(' ') };
}

function checkRange(address: number, length: number): void {
  if (!Number.isSafeInteger(address) || address < 0) throw new BinderlabError(`${address} is no address.`);
  if (Number.isInteger(length) && length > 0 && length <= PAGE_SIZE) return;
  throw new BinderlabError(`${length} bytes cannot be watched: it is 1 to ${PAGE_SIZE} of them.`);
}
