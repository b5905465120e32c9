/**
 * The bytes of a parcel, the places of the objects among them, and the position of the reader: what all typed reads
 * and writes are made of. Every value takes a multiple of 4 bytes; what it leaves over is zero.
 */
import { BINDER_TYPE_FD } from '../../assembly/abi/protocol.ts';
import { FLAT_OBJECT_SIZE, OBJECT_TYPE } from '../../assembly/abi/wire.ts';
import { u32At } from '../kernel/endian.ts';
import { BinderlabError } from '../kernel/error.ts';
import { align } from '../kernel/payload.ts';
import { describeBytes, ParcelError } from './parcelerror.ts';
import { STATUS } from './status.ts';

/** The length of null. */
export const NULL_LENGTH = -1;

const CAPACITY_FIRST = 128;

export class ParcelData {
  protected view: DataView;
  #bytes: Uint8Array;
  #size: number;
  #position = 0;
  /** Places of the objects, rising. */
  #offsets: number[];
  /** Whether it was received. */
  readonly #fixed: boolean;

  /** @internal @param received A message that has arrived; nothing can be written into it. */
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

  /** Where the next value is read. */
  get dataPosition(): number {
    return this.#position;
  }

  set dataPosition(position: number) {
    if (!Number.isInteger(position) || position < 0 || position > this.#size) {
      throw new BinderlabError(`a parcel of ${this.#size} bytes has no position ${position}`);
    }
    this.#position = position;
  }

  /** Bytes that are left to be read. */
  get dataAvail(): number {
    return this.#size - this.#position;
  }

  /** The message as it is. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }

  /** Where its objects stand. */
  get offsets(): readonly number[] {
    return this.#offsets;
  }

  /** Forgets everything. */
  protected empty(): void {
    this.#size = 0;
    this.#position = 0;
    this.#offsets = [];
  }

  /** Notes that an object stands at `at`. */
  protected noteObject(at: number): void {
    this.#offsets.push(at);
  }

  /** Makes room for `length` bytes, and zeros behind them up to a multiple of 4. @returns Where. */
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
   * Goes past `length` bytes.
   *
   * @param reader Who reads, for errors.
   * @param object Whether they may be an object's.
   * @returns Where they begin.
   * @throws ParcelError when they are not there, or belong to an object.
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
   * Reads the number that an array or a string begins with.
   *
   * @param unit Bytes of one element at least.
   * @param extra Bytes behind all elements.
   * @returns null for null.
   * @throws ParcelError when that many elements cannot follow.
   */
  protected takeLength(reader: string, unit: number, extra: number): number | null {
    const at = this.#position;
    const length = this.view.getInt32(this.take(reader, 4), true);
    if (length === NULL_LENGTH) return null;
    if (length < 0 || length * unit + extra > this.dataAvail) {
      const problem = `there is the length ${length}, and ${this.dataAvail} bytes are left behind it`;
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
