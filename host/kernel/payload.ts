/**
 * What a transaction carries: its data, the objects in it, and the buffers that those objects point at. Owns the
 * layout of a payload in the sender's memory, each part at a multiple of 16:
 *
 *     | data, with the objects | offsets | buffer | buffer ...
 */

import { setU64 } from './endian.ts';
import { BinderlabError } from './error.ts';
import { type ObjectInput, objectSize, type Placed, storeObject } from './objects.ts';
import { bytesOfText } from './text.ts';

/** What a script says about a payload. */
export interface PayloadInput {
  /**
   * Bytes (any typed array), text (sent as UTF-8), or where the bytes lie already. Objects without a place of their own
   * are appended to it.
   */
  data?: ArrayBufferView | string | Placed;
  objects?: ObjectInput[];
  /** The offsets array, where it is to be another than the places of `objects`. */
  offsets?: number[];
  /** Room for the buffers of `ptr` objects (scatter-gather); theirs, rounded up to 8 each, when absent. */
  buffersSize?: number;
}

/** A payload with every size and place known, relative to where it will lie. */
export interface Payload {
  readonly bytes: Uint8Array | null;
  /** Address of data that lies in user memory already; 0 when the payload brings its own. */
  readonly placedAt: number;
  readonly dataSize: number;
  readonly objects: readonly ObjectInput[];
  /** Places of `objects` in the data. */
  readonly places: readonly number[];
  readonly offsets: readonly number[];
  readonly buffersSize: number;
  /** Bytes of user memory that it takes. */
  readonly size: number;
}

/** A piece of memory that can be written: linear memory of the guest, or an array that is copied there later. */
export interface Target {
  readonly view: DataView;
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  /** Index of the first byte in the view and the bytes: a multiple of 4. */
  readonly base: number;
  /** User address of that byte. */
  readonly address: number;
}

/** Up to here a loop is quicker than `set`. */
const SHORT = 64;

const NOTHING: readonly never[] = [];
export const EMPTY_PAYLOAD: Payload = {
  bytes: null,
  placedAt: 0,
  dataSize: 0,
  objects: NOTHING,
  places: NOTHING,
  offsets: NOTHING,
  buffersSize: 0,
  size: 0,
};

/** @throws BinderlabError when objects are to be put into data that lies in user memory already. */
export function payloadOf(input: PayloadInput): Payload {
  const { objects = NOTHING } = input;
  if (
    input.data === undefined &&
    objects.length === 0 &&
    input.offsets === undefined &&
    input.buffersSize === undefined
  ) {
    return EMPTY_PAYLOAD;
  }
  const data = bytesOrPlace(input.data);
  const bytes = data instanceof Uint8Array ? data : null;
  const placedAt = data !== undefined && !(data instanceof Uint8Array) ? data.address : 0;
  if (placedAt !== 0 && objects.length > 0) {
    throw new BinderlabError(
      'data that lies in memory already cannot take further objects: give the data as bytes, or write the objects there and give their "offsets"',
    );
  }
  let dataSize = data?.length ?? 0;
  let buffers = 0;
  let buffersRoom = 0;
  const places: number[] = [];
  for (const object of objects) {
    const place = object.at ?? align(dataSize, 8);
    places.push(place);
    dataSize = Math.max(dataSize, place + objectSize(object));
    if (object.type !== 'ptr') continue;
    buffersRoom += align(object.data.length, 8);
    if (object.data instanceof Uint8Array) buffers += align(object.data.length, 16);
  }
  const offsets = input.offsets ?? places;
  return {
    bytes,
    placedAt,
    dataSize,
    objects,
    places,
    offsets,
    buffersSize: input.buffersSize ?? buffersRoom,
    size: (placedAt === 0 ? align(dataSize, 16) : 0) + align(8 * offsets.length, 16) + buffers,
  };
}

/** @throws BinderlabError when it is neither: plain JavaScript may hand over anything. */
function bytesOrPlace(data: PayloadInput['data']): Uint8Array | Placed | undefined {
  if (data instanceof Uint8Array || data === undefined) return data;
  if (typeof data === 'string') return bytesOfText(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (typeof data.address === 'number' && typeof data.length === 'number') return data;
  throw new BinderlabError(
    'data is text, a typed array such as Uint8Array, or what process.place() gave; this is none of them',
  );
}

/**
 * Stores a payload over zeroed bytes.
 *
 * @param at Where in the target, from its base; a multiple of 16.
 */
export function storePayload(target: Target, at: number, payload: Payload): void {
  const { view, u8, base, address } = target;
  if (payload.bytes !== null) storeBytes(u8, base + at, payload.bytes);
  if (payload.offsets.length === 0 && payload.objects.length === 0) return;
  let next = offsetsPlace(payload, at);
  for (const offset of payload.offsets) {
    setU64(view, base + next, offset);
    next += 8;
  }
  next = align(next, 16);
  for (let i = 0; i < payload.objects.length; i++) {
    const object = payload.objects[i] as ObjectInput;
    let buffer = 0;
    if (object.type === 'ptr') {
      if (object.data instanceof Uint8Array) {
        buffer = address + next;
        u8.set(object.data, base + next);
        next += align(object.data.length, 16);
      } else {
        buffer = object.data.address;
      }
    }
    storeObject(view, base + at + (payload.places[i] as number), object, buffer);
  }
}

/** Stores bytes; a few of them one by one, which is quicker than a call of `set`. */
function storeBytes(target: Uint8Array, at: number, bytes: Uint8Array): void {
  if (bytes.length > SHORT) target.set(bytes, at);
  else for (let i = 0; i < bytes.length; i++) target[at + i] = bytes[i] as number;
}

/** @returns Where the offsets of a payload at `at` begin. */
export function offsetsPlace(payload: Payload, at: number): number {
  return payload.placedAt === 0 ? align(at + payload.dataSize, 16) : at;
}

/** @param unit A power of two. */
export function align(size: number, unit: number): number {
  return (size + unit - 1) & -unit;
}
