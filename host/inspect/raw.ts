/**
 * Kernel objects as the guest has them: all fields by their names there, what lies at an address of linear memory, and
 * which fields changed from one moment to another.
 */
import { BinderlabError } from '../kernel/error.ts';
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
  binder_looper: 'Looper',
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
  const start = frame.kind === 'slab' ? kernel.guest.raw.inspectObject(address) : 0;
  if (start === 0 || start > address) return { address, frame, object: null, field: null };
  const object = rawObject(kernel, CLASSES[cacheName(frame.owner)], start);
  const within = address - start;
  const found = Object.entries(fieldsOf(object.type)).find(
    ([, [offset, type]]) => within >= offset && within < offset + bytesOf(type),
  );
  const field = found === undefined ? null : { name: found[0], type: found[1][1], offset: found[1][0] };
  return { address, frame, object, field };
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
