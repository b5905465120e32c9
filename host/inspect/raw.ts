/**
 * Kernel objects as the guest has them: all fields by their names there, what lies at an address of linear memory, and
 * which fields changed from one moment to another.
 */
import { BinderlabError } from '../wire/error.ts';
import { bytesOf, type ClassName, fieldsOf, isClassName, type KernelMemory, sizeOf } from './kernelmemory.ts';
import { type CacheName, cacheName, type FrameView, frameView } from './memory.ts';

/** An object with all its fields. A pointer is the address that it holds, 0 for null; 64 bits are a bigint. */
export interface RawObject {
  readonly type: ClassName;
  /** Linear address: what views call its handle. */
  readonly address: number;
  readonly fields: Readonly<Record<string, RawValue>>;
}

export type RawValue = number | bigint | boolean;

/** What lies at a linear address. */
export interface Place {
  readonly address: number;
  /** The frame that holds it. */
  readonly frame: FrameView;
  /** The kernel object that a frame of another kind belongs to; null: none, or it is a slab's frame. */
  readonly owner: { readonly type: ClassName; readonly address: number } | null;
  /** The kernel object in use that holds it; null: none does, or it is no slab's frame. */
  readonly object: RawObject | null;
  /** The object's field there; null: none, as in what follows the fields of some objects. */
  readonly field: { readonly name: string; readonly type: string; readonly offset: number } | null;
}

export type RawChange = { readonly type: ClassName; readonly address: number } & (
  | { readonly kind: 'made' | 'gone' }
  | {
      readonly kind: 'changed';
      readonly fields: readonly { readonly name: string; readonly before: RawValue; readonly after: RawValue }[];
    }
);

/** What each slab cache has objects of. */
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
};

/** @throws BinderlabError when there is no such class, or memory ends before the object does. */
export function rawObject(kernel: KernelMemory, type: ClassName, address: number): RawObject {
  if (!isClassName(type)) throw new BinderlabError(`the guest has no class "${String(type)}".`);
  if (!Number.isInteger(address) || address < 0 || address + sizeOf(type) > kernel.guest.u8.length) {
    throw new BinderlabError(`no ${type} can lie at ${address}: that is outside of the machine's memory.`);
  }
  return { type, address, fields: kernel.plain(type, address) };
}

/** All kernel objects in use, by address. */
export function rawObjects(kernel: KernelMemory): RawObject[] {
  const { raw } = kernel.guest;
  const objects: RawObject[] = [];
  for (let at = raw.inspectObject(0); at !== 0; ) {
    const { owner: cache } = frameView(kernel, at) as FrameView;
    objects.push(rawObject(kernel, CLASSES[cacheName(cache)], at));
    at = raw.inspectObject(at + raw.inspectObjectSize(cache));
  }
  return objects;
}

/** What lies at an address. @throws BinderlabError for one outside of the machine's memory. */
export function placeAt(kernel: KernelMemory, address: number): Place {
  const frame = Number.isInteger(address) ? frameView(kernel, address) : null;
  if (frame === null) throw new BinderlabError(`nothing lies at ${address}: that is outside of the machine's memory.`);
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

/** The kernel object in use that holds an address. */
function objectHolding(kernel: KernelMemory, address: number): Place['owner'] {
  const start = kernel.guest.raw.inspectObject(address);
  if (start === 0 || start > address) return null;
  const { owner: cache } = frameView(kernel, start) as FrameView;
  return { type: CLASSES[cacheName(cache)], address: start };
}

/** What became of kernel objects, from one `rawObjects` to a later one. Objects are told apart by their addresses. */
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
