/**
 * The bytes of a parcel, the offsets of its objects, and the read position: the basis of all typed reads and writes. Every
 * value takes a multiple of 4 bytes; the padding is zero.
 */
import { BINDER_TYPE_FD } from '../../assembly/abi/protocol.ts';
import { FLAT_OBJECT_SIZE, OBJECT_TYPE } from '../../assembly/abi/wire.ts';
import { u32At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import { align } from '../wire/payload.ts';
import { describeBytes, ParcelError } from './parcelerror.ts';
import { STATUS } from './status.ts';

/** The length that means null. */
export const NULL_LENGTH = -1;

const CAPACITY_FIRST = 128;

export class ParcelData {
  protected view: DataView;
  #bytes: Uint8Array;
  #size: number;
  #position = 0;
  /** Offsets of the objects, ascending. */
  #offsets: number[];
  /** Whether it was received. */
  readonly #fixed: boolean;

  /** @internal @param received A received message; it is read-only. */
  constructor(received: Uint8Array | null, offsets: readonly number[]) {
    this.#fixed = received !== null;
    this.#bytes = received ?? new Uint8Array(CAPACITY_FIRST);
    this.#size = received?.length ?? 0;
    this.#offsets = [...offsets];
    this.view = viewOf(this.#bytes);
  }

  /** Bytes written or received. */
  get dataSize(): number {
    return this.#size;
  }

  /** Offset of the next value to read. */
  get dataPosition(): number {
    return this.#position;
  }

  set dataPosition(position: number) {
    if (!Number.isInteger(position) || position < 0 || position > this.#size) {
      throw new BinderlabError(`a parcel of ${this.#size} bytes has no position ${position}`);
    }
    this.#position = position;
  }

  /** Bytes left to read. */
  get dataAvail(): number {
    return this.#size - this.#position;
  }

  /** The message's bytes. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Offsets of its objects. */
  get offsets(): readonly number[] {
    return this.#offsets;
  }

  /** Clears everything. */
  protected empty(): void {
    this.#size = 0;
    this.#position = 0;
    this.#offsets = [];
  }

  /** Adds the offset of an object. */
  protected noteObject(at: number): void {
    this.#offsets.push(at);
  }

  /** Appends `length` bytes, padded with zeros to a multiple of 4. @returns Their offset. */
  protected grow(length: number): number {
    if (this.#fixed) throw new BinderlabError('a message that was received cannot be written');
    const at = this.#size;
    const end = at + align(length, 4);
    if (end > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, end));
      bytes.set(this.#bytes.subarray(0, at));
      this.#bytes = bytes;
      this.view = viewOf(bytes);
    }
    this.#bytes.fill(0, at, end);
    this.#size = end;
    return at;
  }

  /**
   * Skips `length` bytes.
   *
   * @param reader Name of the reading method, for errors.
   * @param object Whether the bytes may be those of an object.
   * @returns Their offset.
   * @throws ParcelError when they are beyond the end, or belong to an object.
   */
  protected take(reader: string, length: number, object = false): number {
    const at = this.#position;
    const end = at + align(length, 4);
    if (length < 0 || end > this.#size) {
      const problem = `it needs ${length} bytes, and ${this.#size - at} are left`;
      throw this.error(reader, at, problem, STATUS.NOT_ENOUGH_DATA);
    }
    const hit = object ? undefined : this.#offsets.find((place) => place < end && at < place + FLAT_OBJECT_SIZE);
    if (hit !== undefined) {
      const what = u32At(this.bytes, hit + OBJECT_TYPE) === BINDER_TYPE_FD ? 'descriptor' : 'binder';
      const problem = `there is a ${what}, at bytes ${hit} to ${hit + FLAT_OBJECT_SIZE - 1}`;
      throw this.error(reader, at, problem, STATUS.PERMISSION_DENIED);
    }
    this.#position = end;
    return at;
  }

  /**
   * Reads the length of an array or a string.
   *
   * @param unit Least bytes of one element.
   * @param extra Bytes after all elements.
   * @returns null for null.
   * @throws ParcelError when fewer bytes are left than the elements need.
   */
  protected takeLength(reader: string, unit: number, extra: number): number | null {
    const at = this.#position;
    const length = this.view.getInt32(this.take(reader, 4), true);
    if (length === NULL_LENGTH) return null;
    if (length < 0 || length * unit + extra > this.dataAvail) {
      const problem = `the length is ${length}, and ${this.dataAvail} bytes are left after it`;
      throw this.error(reader, at, problem);
    }
    return length;
  }

  protected error(reader: string, at: number, problem: string, status: number = STATUS.BAD_VALUE): ParcelError {
    return new ParcelError(status, reader, at, this.#size, problem, describeBytes(this.bytes, at));
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
