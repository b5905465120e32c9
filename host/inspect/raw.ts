/**
 * Kernel objects in the guest's own terms: all fields by their names there, the object at a linear address, and the
 * fields that changed from one moment to another.
 */
import { BinderlabError } from '../wire/error.ts';
import { bytesOf, type ClassName, fieldsOf, isClassName, type KernelMemory, sizeOf } from './kernelmemory.ts';
import { type CacheName, cacheName, type FrameView, frameView } from './memory.ts';

/** An object with all its fields. A pointer is an address, 0 for null; a field of 64 bits is a bigint. */
export interface RawObject {
  readonly type: ClassName;
  /** Linear address; in views its handle. */
  readonly address: number;
  readonly fields: Readonly<Record<string, RawValue>>;
}

export type RawValue = number | bigint | boolean;

/** The contents of a linear address. */
export interface Place {
  readonly address: number;
  /** The frame that holds it. */
  readonly frame: FrameView;
  /** The kernel object that owns the frame; null without an owner, and for a slab's frame. */
  readonly owner: { readonly type: ClassName; readonly address: number } | null;
  /** The kernel object in use that contains the address; null without one, and outside of slabs. */
  readonly object: RawObject | null;
  /** The object's field there; null without one: some objects have bytes after their fields. */
  readonly field: { readonly name: string; readonly type: string; readonly offset: number } | null;
}

export type RawChange = { readonly type: ClassName; readonly address: number } & (
  | { readonly kind: 'made' | 'gone' }
  | {
      readonly kind: 'changed';
      readonly fields: readonly { readonly name: string; readonly before: RawValue; readonly after: RawValue }[];
    }
);

/** The class of each slab cache's objects. */
const CLASSES: Readonly<Record<CacheName, ClassName>> = {
  space: 'Space',
  vma: 'Vma',
  page_array: 'PageArray',
  process: 'Process',
  thread: 'Thread',
  file: 'OpenFile',
  binder_alloc: 'BinderAlloc',
  binder_buffer: 'Buffer',
  binder_proc: 'Proc',
  binder_thread: 'BinderThread',
  binder_node: 'Node',
  binder_ref: 'Ref',
  binder_ref_death: 'RefDeath',
  binder_ref_freeze: 'RefFreeze',
  binder_transaction: 'Transaction',
  binder_work: 'Work',
  fd_fixup: 'FdFixup',
  sg_copy: 'SgCopy',
  sg_fixup: 'SgFixup',
  memfd: 'Memfd',
  stream: 'Stream',
  epoll: 'Epoll',
  watch: 'Watch',
};

/** The class of the objects of a slab cache (CACHE_*). */
export function classOfCache(cache: number): ClassName {
  return CLASSES[cacheName(cache)];
}

/** @throws BinderlabError for an unknown class, or when the object exceeds the end of memory. */
export function rawObject(kernel: KernelMemory, type: ClassName, address: number): RawObject {
  if (!isClassName(type)) throw new BinderlabError(`the guest has no class "${String(type)}".`);
  if (!Number.isInteger(address) || address < 0 || address + sizeOf(type) > kernel.guest.u8.length) {
    throw new BinderlabError(`no ${type} can be at ${address}: that is outside of the machine's memory.`);
  }
  return { type, address, fields: kernel.plain(type, address) };
}

/** All kernel objects in use, by address. */
export function rawObjects(kernel: KernelMemory): RawObject[] {
  const { raw } = kernel.guest;
  const objects: RawObject[] = [];
  for (let at = raw.inspectObject(0); at !== 0; ) {
    const { owner: cache } = frameView(kernel, at) as FrameView;
    objects.push(rawObject(kernel, classOfCache(cache), at));
    at = raw.inspectObject(at + raw.inspectObjectSize(cache));
  }
  return objects;
}

/** The frame, object and field at an address. @throws BinderlabError for one outside of the machine's memory. */
export function placeAt(kernel: KernelMemory, address: number): Place {
  const frame = Number.isInteger(address) ? frameView(kernel, address) : null;
  if (frame === null) throw new BinderlabError(`nothing is at ${address}: that is outside of the machine's memory.`);
  const nothing = { address, frame, owner: null, object: null, field: null };
  if (frame.kind !== 'slab')
    return { ...nothing, owner: frame.owner === 0 ? null : objectHolding(kernel, frame.owner) };
  const found = objectHolding(kernel, address);
  if (found === null) return nothing;
  const object = rawObject(kernel, found.type, found.address);
  const within = address - object.address;
  const [field = null] = Object.entries(fieldsOf(object.type))
    .map(([name, [offset, type]]) => ({ name, type, offset }))
    .filter(({ offset, type }) => within >= offset && within < offset + bytesOf(type));
  return { ...nothing, object, field };
}

/** The kernel object in use that contains an address. */
export function objectHolding(kernel: KernelMemory, address: number): Place['owner'] {
  const start = kernel.guest.raw.inspectObject(address);
  if (start === 0 || start > address) return null;
  const { owner: cache } = frameView(kernel, start) as FrameView;
  return { type: classOfCache(cache), address: start };
}

/** Changes of kernel objects between two calls of `rawObjects`. An object is identified by its address. */
export function rawChanges(before: readonly RawObject[], after: readonly RawObject[]): RawChange[] {
  const old = new Map(before.map((object) => [object.address, object]));
  const now = new Set(after.map(({ address }) => address));
  const gone = before.filter(({ address }) => !now.has(address));
  return [
    ...gone.map(({ type, address }): RawChange => ({ kind: 'gone', type, address })),
    ...after.flatMap(({ type, address, fields }): RawChange[] => {
      const earlier = old.get(address);
      if (earlier?.type !== type) return [{ kind: 'made', type, address }];
      const changed = Object.entries(fields)
        .map(([name, value]) => ({ name, before: earlier.fields[name] as RawValue, after: value }))
        .filter((field) => field.before !== field.after);
      return changed.length === 0 ? [] : [{ kind: 'changed', type, address, fields: changed }];
    }),
  ];
}
