/**
 * The objects inside a transaction: binders, handles, descriptors, buffers. Encodes and decodes them.
 *
 *     data      ....[object].......[object]....        at multiples of 8
 *     offsets   offset of each object in the data      u64 each, rising
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { u32At, u64At } from './endian.ts';
import { type Fields, readFields, storeFields } from './structure.ts';

/** Bytes that are in user memory already. */
export interface Placed {
  address: number;
  length: number;
}

/** An object that a sender puts into a transaction. `at` is its offset in the data, usually a multiple of 8. */
export type ObjectInput = { at?: number } & (
  | {
      /** A node of the sender: `ptr` names it, `cookie` comes with every call to it. */
      type: 'binder' | 'weak-binder';
      ptr: bigint | number;
      cookie?: bigint | number;
      flags?: number;
    }
  | {
      /** A node of another process, named by the sender's handle. */
      type: 'handle' | 'weak-handle';
      handle: number;
      cookie?: bigint | number;
      flags?: number;
    }
  | { type: 'fd'; fd: number; cookie?: bigint | number }
  | {
      /** A buffer that is copied along (scatter-gather). */
      type: 'ptr';
      data: Uint8Array | Placed;
      flags?: number;
      /** Index of the buffer object that contains the pointer to this one, and the pointer's offset in it. */
      parent?: number;
      parentOffset?: number;
    }
  | {
      /** `count` descriptors (u32 each) inside the buffer of object number `parent`. */
      type: 'fda';
      count: number;
      parent: number;
      parentOffset?: number;
    }
);

/** A received object. */
export type ReceivedObject = { at: number } & (
  | { type: 'binder' | 'weak-binder'; ptr: bigint; cookie: bigint; flags: number }
  | { type: 'handle' | 'weak-handle'; handle: number; cookie: bigint; flags: number }
  | { type: 'fd'; fd: number; cookie: bigint }
  | { type: 'ptr'; address: number; length: number; flags: number; parent: number; parentOffset: number }
  | { type: 'fda'; count: number; parent: number; parentOffset: number }
  | { type: 'unknown'; word: number }
);

interface Layout {
  /** BINDER_TYPE_*. */
  readonly word: number;
  readonly size: number;
  readonly fields: Fields;
}

const COOKIE = ['any64', wire.FLAT_OBJECT_COOKIE] as const;
const FLAGS = ['u32', wire.OBJECT_FLAGS] as const;
const NODE = {
  size: wire.FLAT_OBJECT_SIZE,
  fields: { ptr: ['any64', wire.FLAT_OBJECT_HANDLE], cookie: COOKIE, flags: FLAGS },
} as const;
const REFERENCE = {
  size: wire.FLAT_OBJECT_SIZE,
  fields: { handle: ['u32', wire.FLAT_OBJECT_HANDLE], cookie: COOKIE, flags: FLAGS },
} as const;

const LAYOUTS: Readonly<Record<ObjectInput['type'], Layout>> = {
  binder: { word: protocol.BINDER_TYPE_BINDER, ...NODE },
  'weak-binder': { word: protocol.BINDER_TYPE_WEAK_BINDER, ...NODE },
  handle: { word: protocol.BINDER_TYPE_HANDLE, ...REFERENCE },
  'weak-handle': { word: protocol.BINDER_TYPE_WEAK_HANDLE, ...REFERENCE },
  fd: {
    word: protocol.BINDER_TYPE_FD,
    size: wire.FD_OBJECT_SIZE,
    fields: { fd: ['u32', wire.FD_OBJECT_FD], cookie: ['any64', wire.FD_OBJECT_COOKIE] },
  },
  ptr: {
    word: protocol.BINDER_TYPE_PTR,
    size: wire.BUFFER_OBJECT_SIZE,
    fields: {
      address: ['u64', wire.BUFFER_OBJECT_BUFFER],
      length: ['u64', wire.BUFFER_OBJECT_LENGTH],
      flags: FLAGS,
      parent: ['u64', wire.BUFFER_OBJECT_PARENT],
      parentOffset: ['u64', wire.BUFFER_OBJECT_PARENT_OFFSET],
    },
  },
  fda: {
    word: protocol.BINDER_TYPE_FDA,
    size: wire.FD_ARRAY_OBJECT_SIZE,
    fields: {
      count: ['u64', wire.FD_ARRAY_OBJECT_NUM_FDS],
      parent: ['u64', wire.FD_ARRAY_OBJECT_PARENT],
      parentOffset: ['u64', wire.FD_ARRAY_OBJECT_PARENT_OFFSET],
    },
  },
};

/** @returns The bytes that the object takes in the data. */
export function objectSize({ type }: ObjectInput): number {
  return LAYOUTS[type].size;
}

/**
 * Stores an object over zeroed bytes.
 *
 * @param buffer User address of the bytes of a `ptr` object; unused for other types.
 */
export function storeObject(view: DataView, at: number, object: ObjectInput, buffer: number): void {
  const { word, fields } = LAYOUTS[object.type];
  const values: object = object.type === 'ptr' ? bufferFields(object, buffer) : object;
  view.setUint32(at + wire.OBJECT_TYPE, word, true);
  storeFields(fields, values, view, at);
}

function bufferFields({ data, flags, parent, parentOffset }: ObjectInput & { type: 'ptr' }, address: number): object {
  const parentFlag = parent === undefined ? 0 : protocol.BINDER_BUFFER_FLAG_HAS_PARENT;
  return { address, length: data.length, flags: flags ?? parentFlag, parent, parentOffset };
}

/**
 * The objects of a received transaction.
 *
 * @param offsets The received offsets array: u64 each.
 */
export function objectsOf(data: Uint8Array, offsets: Uint8Array): ReceivedObject[] {
  const objects: ReceivedObject[] = [];
  for (let i = 0; i + 8 <= offsets.length; i += 8) objects.push(objectAt(data, u64At(offsets, i)));
  return objects;
}

function objectAt(data: Uint8Array, at: number): ReceivedObject {
  const word = u32At(data, at + wire.OBJECT_TYPE);
  const known = Object.entries(LAYOUTS).find(([, layout]) => layout.word === word);
  if (known === undefined) return { at, type: 'unknown', word };
  const [type, { fields }] = known;
  return { at, type, ...readFields(fields, data, at) } as ReceivedObject;
}
