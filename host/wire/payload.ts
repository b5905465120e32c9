/**
 * The payload of a transaction: its data, the objects in it, and the buffers that those objects point at. Owns the
 * layout of a payload in the sender's memory, each part at a multiple of 16:
 *
 *     | data, with the objects | offsets | buffer | buffer ...
 */

import { setU64 } from './endian.ts';
import { BinderlabError } from './error.ts';
import { checkObject } from './forms.ts';
import { type ObjectInput, objectSize, type Placed, storeObject } from './objects.ts';
import { bytesOfText } from './text.ts';
import type { WordView } from './wordview.ts';

/** A payload as a script describes it. */
export interface PayloadInput {
  /**
   * Bytes (any typed array), text (sent as UTF-8), or the place of bytes in user memory. Objects without an offset are
   * appended to it.
   */
  data?: ArrayBufferView | string | Placed;
  objects?: readonly ObjectInput[];
  /** The offsets array, when it should differ from the offsets of `objects`. */
  offsets?: readonly number[];
  /** Space for the buffers of `ptr` objects (scatter-gather). Default: the sum of their sizes, each rounded up to 8. */
  buffersSize?: number;
}

/** A payload with every size and offset computed, relative to its own beginning. */
interface Payload {
  /** Data to be copied; null when there is none, or when it is in user memory already. */
  readonly bytes: Uint8Array | null;
  /** User address of data that is in user memory already; otherwise BROUGHT_ALONG. */
  readonly placedAt: number;
  /** Bytes of the data, with the objects. */
  readonly dataSize: number;
  /** The other parts; null when there is data only. */
  readonly attached: Attached | null;
}

export class Attached {
  /** Bytes of user memory after the data. */
  readonly room: number;

  constructor(
    readonly objects: readonly ObjectInput[],
    /** Offsets of `objects` in the data. */
    readonly places: readonly number[],
    readonly offsets: readonly number[],
    readonly buffersSize: number,
    /** Bytes of its buffers. */
    buffers: number,
  ) {
    this.room = align(8 * offsets.length, 16) + buffers;
  }
}

/** Up to this many bytes a loop is faster than `set`. */
const SHORT = 64;
/** Upper bound of every index. With it the engine omits overflow checks of sums. */
const INDEX = 0x3fff_ffff;

const NOTHING: readonly never[] = [];
/** Instead of an address: the data comes with its command. No address has this value; 0 is a valid address. */
export const BROUGHT_ALONG = -1;
const NO_DATA: Placed = { address: BROUGHT_ALONG, length: 0 };

/** @throws BinderlabError for objects in data that is in user memory already. */
export function payloadOf(input: PayloadInput): Payload {
  const { objects, offsets, buffersSize } = input;
  const bytes = bytesOf(input.data);
  const { address: placedAt, length } =
    bytes === null ? ((input.data as Placed | undefined) ?? NO_DATA) : { address: BROUGHT_ALONG, length: bytes.length };
  if (objects !== undefined && objects.length > 0) {
    if (placedAt !== BROUGHT_ALONG) {
      throw new BinderlabError(
        'data that is in memory already cannot take further objects: pass the data as bytes, or write the objects there and pass their "offsets"',
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

/** @returns The bytes of the data; null when there is none, or when it is in user memory already. */
function bytesOf(data: PayloadInput['data']): Uint8Array | null {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'string') return bytesOfText(data);
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : null;
}

/**
 * Stores the parts of a payload other than its data over zeroed bytes.
 *
 * @param at Offset of the payload in the view.
 * @param address User address of that byte, a multiple of 16.
 * @param dataRoom Bytes from `at` that the data takes.
 */
export function storeAttached(
  { u8, view }: WordView,
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
 * Stores `size` bytes. A few bytes are stored one by one, which is faster than `set`. When the array's buffer was resized or
 * transferred since, the bytes are cut off or filled with zeros.
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
