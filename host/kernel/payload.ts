/**
 * What a transaction carries: its data, the objects in it, and the buffers that those objects point at. Owns the
 * layout of a payload in the sender's memory, each part at a multiple of 16:
 *
 *     | data, with the objects | offsets | buffer | buffer ...
 */

import { setU64 } from './endian.ts';
import { BinderlabError } from './error.ts';
import { checkObject } from './forms.ts';
import { type ObjectInput, objectSize, type Placed, storeObject } from './objects.ts';

import type { Piece } from './piece.ts';
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
  /** The data that it brings along; null when there is none, and when it lies in user memory already. */
  readonly bytes: Uint8Array | null;
  /** Address of data that lies in user memory already, otherwise BROUGHT_ALONG. */
  readonly placedAt: number;
  /** Bytes of the data with the objects. */
  readonly dataSize: number;
  /** Whatever there is beside the data; null when that is all. */
  readonly attached: Attached | null;
}

export class Attached {
  /** Bytes of user memory that it takes behind the data. */
  readonly room: number;

  constructor(
    readonly objects: readonly ObjectInput[],
    /** Places of `objects` in the data. */
    readonly places: readonly number[],
    readonly offsets: readonly number[],
    readonly buffersSize: number,
    /** Bytes of the buffers that it brings. */
    buffers: number,
  ) {
    this.room = align(8 * offsets.length, 16) + buffers;
  }
}

/** Up to here a loop is quicker than `set`. */
const SHORT = 64;
/** No index is above it. The engine, told so, leaves out its checks for sums that overflow. */
const INDEX = 0x3fff_ffff;

const NOTHING: readonly never[] = [];
/** In place of an address: the data comes with its command. Any address may be meant, 0 too. */
export const BROUGHT_ALONG = -1;
const NO_DATA: Placed = { address: BROUGHT_ALONG, length: 0 };

/** @throws BinderlabError when objects are to be put into data that lies in user memory already. */
export function payloadOf(input: PayloadInput): Payload {
  const { objects, offsets, buffersSize } = input;
  const bytes = bytesOf(input.data);
  const { address: placedAt, length } =
    bytes === null ? ((input.data as Placed | undefined) ?? NO_DATA) : { address: BROUGHT_ALONG, length: bytes.length };
  if (objects !== undefined && objects.length > 0) {
    if (placedAt !== BROUGHT_ALONG) {
      throw new BinderlabError(
        'data that lies in memory already cannot take further objects: give the data as bytes, or write the objects there and give their "offsets"',
      );
    }
    return withObjects(bytes, length, objects, offsets, buffersSize);
  }
  const isBare = (offsets === undefined || offsets.length === 0) && buffersSize === undefined;
  const attached = isBare ? null : new Attached(NOTHING, NOTHING, offsets ?? NOTHING, buffersSize ?? 0, 0);
  return { bytes, placedAt, dataSize: length, attached };
}

function withObjects(
  bytes: Uint8Array | null,
  length: number,
  objects: readonly ObjectInput[],
  offsets: readonly number[] | undefined,
  buffersSize: number | undefined,
): Payload {
  let dataSize = length;
  let buffers = 0;
  let buffersRoom = 0;
  const places: number[] = [];
  for (const [index, object] of objects.entries()) {
    checkObject(object, index);
    const place = object.at ?? align(dataSize, 8);
    places.push(place);
    dataSize = Math.max(dataSize, place + objectSize(object));
    if (object.type !== 'ptr') continue;
    buffersRoom += align(object.data.length, 8);
    if (object.data instanceof Uint8Array) buffers += align(object.data.length, 16);
  }
  const attached = new Attached(objects, places, offsets ?? places, buffersSize ?? buffersRoom, buffers);
  return { bytes, placedAt: BROUGHT_ALONG, dataSize, attached };
}

/** @returns The bytes of the data; null when there is none, and when it lies in memory already. */
function bytesOf(data: PayloadInput['data']): Uint8Array | null {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'string') return bytesOfText(data);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null;
}

/**
 * Stores what a payload has beside its data over zeroed bytes.
 *
 * @param at First byte of the payload in the piece.
 * @param address User address of that byte, a multiple of 16.
 * @param dataRoom Bytes behind `at` where the data is.
 */
export function storeAttached(
  { u8, view }: Piece,
  at: number,
  address: number,
  dataRoom: number,
  { offsets, objects, places }: Attached,
): void {
  let next = dataRoom;
  for (const offset of offsets) {
    setU64(view, at + next, offset);
    next += 8;
  }
  next = align(next, 16);
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i] as ObjectInput;
    let buffer = 0;
    if (object.type === 'ptr') {
      if (object.data instanceof Uint8Array) {
        buffer = address + next;
        u8.set(object.data, at + next);
        next += align(object.data.length, 16);
      } else {
        buffer = object.data.address;
      }
    }
    storeObject(view, at + (places[i] as number), object, buffer);
  }
}

/**
 * Stores `size` bytes; a few of them one by one, which is quicker than a call of `set`. An array whose buffer was resized or
 * transferred in the meantime is cut off, or filled up with zeros.
 */
export function storeBytes(target: Uint8Array, at: number, bytes: Uint8Array, size: number): void {
  if (bytes.length !== size) {
    target.fill(0, at, at + size);
    target.set(bytes.subarray(0, size), at);
  } else if (size > SHORT) {
    target.set(bytes, at);
  } else {
    for (let i = 0; i < size; i++) target[(at + i) & INDEX] = bytes[i] as number;
  }
}

/** @param unit A power of two. */
export function align(size: number, unit: number): number {
  return (size + unit - 1) & -unit;
}
