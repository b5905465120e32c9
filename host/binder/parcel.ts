/**
 * Parcel: the message of a call or of its reply, in Android 14's wire format; and IBinder, which can stand in one.
 *
 *     little endian; every value begins at a multiple of 4
 *     string16   int32 length in code units (-1: null), code units, NUL, zeros up to a multiple of 4
 *     string8    int32 length in bytes (-1: null), bytes, NUL, zeros up to a multiple of 4
 *     binder     flat_binder_object (24 bytes), int32 stability
 *     token      int32 strict mode policy, int32 work source, int32 'SYST', string16 interface
 *
 * Nothing in it tells types apart: who reads must read what was written. A read that cannot be right is an error that
 * names the place and what is there.
 */
import { BINDER_TYPE_BINDER, BINDER_TYPE_HANDLE, FLAT_BINDER_FLAG_ACCEPTS_FDS } from '../../assembly/abi/protocol.ts';
import {
  FLAT_OBJECT_COOKIE,
  FLAT_OBJECT_HANDLE,
  FLAT_OBJECT_SIZE,
  OBJECT_FLAGS,
  OBJECT_TYPE,
} from '../../assembly/abi/wire.ts';
import { bigAt, setU64, u32At, u64At } from '../kernel/endian.ts';
import { BinderlabError } from '../kernel/error.ts';
import type { Act } from '../sim/request.ts';
import { NULL_LENGTH, ParcelData } from './parceldata.ts';
import { STABILITY_UNDECLARED } from './stability.ts';
import { EXCEPTION, ServiceException, STATUS } from './status.ts';
import { utf8Bytes, utf8Text } from './utf8.ts';

/** Something that can be called: an object of one's own process, or the proxy of another's. */
export interface IBinder {
  /** What it promises to keep as it is. */
  readonly stability: number;
  /**
   * Calls it, and waits for the reply unless `flags` has TF_ONE_WAY.
   *
   * @returns The reply; `recycle` it when it has been read.
   * @throws StatusError when the call fails, or the service answers with a status.
   */
  transact(code: number, data: Parcel, flags?: number): Act<Parcel>;
  /** What stands for it in a parcel of this process. */
  flat(): FlatBinder;
}

/**
 * A binder as the driver takes it: a node of the sender's own, which gets its address when the parcel is sent, or a
 * handle of the sender's.
 */
export type FlatBinder =
  | { readonly type: 'local'; readonly flags: number }
  | { readonly type: 'handle'; readonly handle: number };

/** What the driver knows a node of one's own by: two addresses. */
export interface NodeAddress {
  readonly ptr: number;
  readonly cookie: number;
}

/** A binder as it is received. */
export type ReceivedBinder =
  | { readonly type: 'binder'; readonly ptr: bigint; readonly cookie: bigint }
  | { readonly type: 'handle'; readonly handle: number };

/** Where a parcel came from: who knows its binders, and takes its buffer back. */
export interface ParcelSource {
  binder(received: ReceivedBinder): IBinder;
  free(): void;
}

const SYST = 0x53595354;
const STRICT_MODE_PENALTY_GATHER = 1 << 31;
const WORK_SOURCE_UNSET = -1;
/** The nice value that a node's calls run with at least, in the flags of its object: 19, the lowest priority. */
const PRIORITY_LOWEST = 19;
const NO_OFFSETS: readonly number[] = [];

export class Parcel extends ParcelData {
  /** Binders written here, by place. */
  readonly #written = new Map<number, IBinder>();
  #source: ParcelSource | null;

  /** @param received The data and the offsets (u64 each) of a message that has arrived, and where it came from. */
  constructor(received: { data: Uint8Array; offsets: Uint8Array; source: ParcelSource } | null = null) {
    super(received?.data ?? null, received === null ? NO_OFFSETS : places(received.offsets));
    this.#source = received?.source ?? null;
  }

  /** Gives the sender's own binders their addresses: the last thing before the parcel is sent. */
  seal(addressOf: (binder: IBinder) => NodeAddress): void {
    for (const [at, binder] of this.#written) {
      if (binder.flat().type !== 'local') continue;
      const { ptr, cookie } = addressOf(binder);
      setU64(this.view, at + FLAT_OBJECT_HANDLE, ptr);
      setU64(this.view, at + FLAT_OBJECT_COOKIE, cookie);
    }
  }

  /** Gives the buffer of a received message back to the driver; nothing can be read from it afterwards. */
  recycle(): void {
    const source = this.#source;
    this.clear();
    this.#source = null;
    source?.free();
  }

  /** Forgets all that was written. */
  clear(): void {
    this.empty();
    this.#written.clear();
  }

  writeInt32(value: number): this {
    checkInteger('writeInt32', value, -2147483648, 2147483647);
    const at = this.grow(4);
    this.view.setInt32(at, value, true);
    return this;
  }

  writeUint32(value: number): this {
    checkInteger('writeUint32', value, 0, 4294967295);
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  writeInt64(value: bigint | number): this {
    const at = this.grow(8);
    this.view.setBigInt64(at, BigInt(value), true);
    return this;
  }

  writeFloat(value: number): this {
    const at = this.grow(4);
    this.view.setFloat32(at, value, true);
    return this;
  }

  writeDouble(value: number): this {
    const at = this.grow(8);
    this.view.setFloat64(at, value, true);
    return this;
  }

  writeBool(value: boolean): this {
    return this.writeInt32(value ? 1 : 0);
  }

  /** UTF-16, as all of Android's interfaces have it. */
  writeString16(value: string | null): this {
    if (value === null) return this.writeInt32(NULL_LENGTH);
    this.writeInt32(value.length);
    const at = this.grow(2 * value.length + 2);
    for (let i = 0; i < value.length; i++) this.view.setUint16(at + 2 * i, value.charCodeAt(i), true);
    return this;
  }

  /** UTF-8. */
  writeString8(value: string | null): this {
    if (value === null) return this.writeInt32(NULL_LENGTH);
    const bytes = utf8Bytes(value);
    this.writeInt32(bytes.length);
    const at = this.grow(bytes.length + 1);
    this.bytes.set(bytes, at);
    return this;
  }

  writeByteArray(value: Uint8Array | null): this {
    if (value === null) return this.writeInt32(NULL_LENGTH);
    this.writeInt32(value.length);
    const at = this.grow(value.length);
    this.bytes.set(value, at);
    return this;
  }

  writeInt32Array(value: readonly number[] | null): this {
    return this.#writeArray(value, (one) => this.writeInt32(one));
  }

  writeString16Array(value: readonly (string | null)[] | null): this {
    return this.#writeArray(value, (one) => this.writeString16(one));
  }

  /** An object of one's own, or a proxy. */
  writeStrongBinder(binder: IBinder | null): this {
    const at = this.grow(FLAT_OBJECT_SIZE);
    const flat = binder?.flat() ?? null;
    storeFlat(this.view, at, flat);
    // What looks like null is no object to the driver: handle 0 is the same for everybody, and null is nobody's.
    if (flat !== null && (flat.type === 'local' || flat.handle !== 0)) this.noteObject(at);
    if (binder !== null) this.#written.set(at, binder);
    return this.writeInt32(binder?.stability ?? STABILITY_UNDECLARED);
  }

  /** Begins a request to an interface. */
  writeInterfaceToken(descriptor: string): this {
    return this.writeInt32(STRICT_MODE_PENALTY_GATHER)
      .writeInt32(WORK_SOURCE_UNSET)
      .writeInt32(SYST)
      .writeString16(descriptor);
  }

  /** Begins a reply of an AIDL interface that went well. */
  writeNoException(): this {
    return this.writeInt32(EXCEPTION.NONE);
  }

  /** The whole of a reply of an AIDL interface that did not go well. */
  writeException(exception: ServiceException): this {
    this.writeInt32(exception.code).writeString16(exception.text);
    // the length of a remote stack trace, which native services never send
    this.writeInt32(0);
    return exception.code === EXCEPTION.SERVICE_SPECIFIC ? this.writeInt32(exception.errorCode) : this;
  }

  readInt32(): number {
    return this.view.getInt32(this.take('readInt32', 4), true);
  }

  readUint32(): number {
    return this.view.getUint32(this.take('readUint32', 4), true);
  }

  readInt64(): bigint {
    return this.view.getBigInt64(this.take('readInt64', 8), true);
  }

  readFloat(): number {
    return this.view.getFloat32(this.take('readFloat', 4), true);
  }

  readDouble(): number {
    return this.view.getFloat64(this.take('readDouble', 8), true);
  }

  readBool(): boolean {
    const at = this.dataPosition;
    const value = this.view.getInt32(this.take('readBool', 4), true);
    if (value !== 0 && value !== 1) throw this.error('readBool', at, `there is the number ${value}, neither 0 nor 1`);
    return value === 1;
  }

  /** @throws ParcelError for null too: who expects it asks `readNullableString16`. */
  readString16(): string {
    const at = this.dataPosition;
    const value = this.#string16('readString16');
    if (value === null) throw this.error('readString16', at, 'there is null', STATUS.UNEXPECTED_NULL);
    return value;
  }

  readNullableString16(): string | null {
    return this.#string16('readNullableString16');
  }

  readString8(): string {
    const at = this.dataPosition;
    const value = this.#string8('readString8');
    if (value === null) throw this.error('readString8', at, 'there is null', STATUS.UNEXPECTED_NULL);
    return value;
  }

  readNullableString8(): string | null {
    return this.#string8('readNullableString8');
  }

  readByteArray(): Uint8Array | null {
    const length = this.takeLength('readByteArray', 1, 0);
    if (length === null) return null;
    const at = this.take('readByteArray', length);
    return this.bytes.slice(at, at + length);
  }

  readInt32Array(): number[] | null {
    return this.#readArray('readInt32Array', () => this.readInt32());
  }

  readString16Array(): (string | null)[] | null {
    return this.#readArray('readString16Array', () => this.readNullableString16());
  }

  /** @throws ParcelError for null too: who expects it asks `readNullableStrongBinder`. */
  readStrongBinder(): IBinder {
    const at = this.dataPosition;
    const binder = this.readNullableStrongBinder();
    if (binder === null) throw this.error('readStrongBinder', at, 'there is null', STATUS.UNEXPECTED_NULL);
    return binder;
  }

  readNullableStrongBinder(): IBinder | null {
    const at = this.dataPosition;
    const written = this.#written.get(at);
    const object = written === undefined ? this.#flatAt('readStrongBinder', at) : null;
    this.take('readStrongBinder', FLAT_OBJECT_SIZE, true);
    this.take('readStrongBinder', 4);
    if (written !== undefined || object === null) return written ?? null;
    if (this.#source === null) throw this.error('readStrongBinder', at, 'there is a binder of no known process');
    return this.#source.binder(object);
  }

  /** Reads what `writeInterfaceToken` wrote. @throws ParcelError when the request is for another interface. */
  enforceInterface(descriptor: string): this {
    const at = this.dataPosition;
    this.readInt32();
    this.readInt32();
    const header = this.readInt32();
    if (header !== SYST) {
      throw this.error(
        'enforceInterface',
        at,
        'there is no interface token: did the caller write one?',
        STATUS.BAD_TYPE,
      );
    }
    const asked = this.readNullableString16();
    if (asked !== descriptor) {
      const problem = `the request is for the interface "${asked}", and this one is "${descriptor}"`;
      throw this.error('enforceInterface', at, problem, STATUS.PERMISSION_DENIED);
    }
    return this;
  }

  /** Reads the beginning of an AIDL reply. @throws ServiceException when the method has thrown one. */
  readException(): this {
    let code = this.readInt32();
    if (code === EXCEPTION.HAS_REPLY_HEADER) {
      const start = this.dataPosition;
      const length = this.readInt32();
      this.dataPosition = start;
      this.take('a reply header', length);
      code = this.readInt32();
    }
    if (code === EXCEPTION.NONE) return this;
    const text = this.readNullableString16() ?? '';
    const trace = this.dataPosition;
    const traceLength = this.readInt32();
    this.dataPosition = trace;
    this.take('a remote stack trace', Math.max(traceLength, 4));
    throw new ServiceException(code, text, code === EXCEPTION.SERVICE_SPECIFIC ? this.readInt32() : 0);
  }

  #string16(reader: string): string | null {
    const start = this.dataPosition;
    const length = this.takeLength(reader, 2, 2);
    if (length === null) return null;
    const at = this.take(reader, 2 * length + 2);
    if (this.view.getUint16(at + 2 * length, true) !== 0) {
      throw this.error(reader, start, `there is the length ${length}, and no NUL behind that many code units`);
    }
    let text = '';
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.view.getUint16(at + 2 * i, true));
    return text;
  }

  #string8(reader: string): string | null {
    const start = this.dataPosition;
    const length = this.takeLength(reader, 1, 1);
    if (length === null) return null;
    const at = this.take(reader, length + 1);
    if (this.bytes[at + length] !== 0) {
      throw this.error(reader, start, `there is the length ${length}, and no NUL behind that many bytes`);
    }
    return utf8Text(this.bytes.subarray(at, at + length));
  }

  #writeArray<T>(value: readonly T[] | null, write: (one: T) => void): this {
    if (value === null) return this.writeInt32(NULL_LENGTH);
    this.writeInt32(value.length);
    for (const one of value) write(one);
    return this;
  }

  #readArray<T>(reader: string, read: () => T): T[] | null {
    const length = this.takeLength(reader, 4, 0);
    return length === null ? null : Array.from({ length }, read);
  }

  /** @returns null for the null binder. */
  #flatAt(reader: string, at: number): ReceivedBinder | null {
    const bytes = this.bytes;
    if (at + FLAT_OBJECT_SIZE > this.dataSize) {
      const problem = `it needs ${FLAT_OBJECT_SIZE} bytes, and ${this.dataSize - at} are left`;
      throw this.error(reader, at, problem, STATUS.NOT_ENOUGH_DATA);
    }
    const type = u32At(bytes, at + OBJECT_TYPE);
    const known = type === BINDER_TYPE_BINDER || type === BINDER_TYPE_HANDLE;
    const ptr = bigAt(bytes, at + FLAT_OBJECT_HANDLE);
    const cookie = bigAt(bytes, at + FLAT_OBJECT_COOKIE);
    // Null and the manager's handle are not in the list of objects; the bytes of anything else prove nothing.
    const plain = known && ptr === 0n && cookie === 0n;
    if (!plain && !(known && this.offsets.includes(at))) throw this.error(reader, at, 'there is no binder');
    if (type === BINDER_TYPE_HANDLE) return { type: 'handle', handle: Number(ptr & 0xffffffffn) };
    return plain ? null : { type: 'binder', ptr, cookie };
  }
}

function places(offsets: Uint8Array): number[] {
  return Array.from({ length: offsets.length >> 3 }, (_, index) => u64At(offsets, 8 * index));
}

/** @param flat null: the null binder, which looks like a node of the sender's without an address. */
function storeFlat(view: DataView, at: number, flat: FlatBinder | null): void {
  const handle = flat?.type === 'handle';
  const flags = flat?.type === 'local' ? flat.flags | FLAT_BINDER_FLAG_ACCEPTS_FDS : 0;
  view.setUint32(at + OBJECT_TYPE, handle ? BINDER_TYPE_HANDLE : BINDER_TYPE_BINDER, true);
  view.setUint32(at + OBJECT_FLAGS, flags | PRIORITY_LOWEST, true);
  if (handle) view.setUint32(at + FLAT_OBJECT_HANDLE, flat.handle, true);
}

function checkInteger(writer: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new BinderlabError(`${writer}(${value}): it takes a whole number from ${min} to ${max}`);
}
