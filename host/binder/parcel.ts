/**
 * Parcel: the message of a call or reply, in Android 14's wire format; and IBinder, which a parcel can carry.
 * parcelvalues.ts describes plain values; here is what the driver translates, and the beginnings of interfaces:
 *
 *     binder       flat_binder_object (24 bytes), int32 stability
 *     descriptor   binder_fd_object (24 bytes)
 *     parcelable   int32 1 (0: null), whatever it writes; a structured one begins with the int32 number of its bytes
 *     token        int32 strict mode policy, int32 work source, int32 'SYST', string16 interface
 *
 * A parcel has no type tags: reads must match writes. A read that cannot be right throws an error that names the place and
 * the bytes there.
 */
import {
  BINDER_TYPE_BINDER,
  BINDER_TYPE_FD,
  BINDER_TYPE_HANDLE,
  FLAT_BINDER_FLAG_ACCEPTS_FDS,
} from '../../assembly/abi/protocol.ts';
import {
  FD_OBJECT_COOKIE,
  FD_OBJECT_FD,
  FD_OBJECT_SIZE,
  FLAT_OBJECT_COOKIE,
  FLAT_OBJECT_HANDLE,
  FLAT_OBJECT_SIZE,
  OBJECT_FLAGS,
  OBJECT_TYPE,
} from '../../assembly/abi/wire.ts';
import type { Act } from '../sim/request.ts';
import { bigAt, setU64, u32At, u64At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import { ParcelValues } from './parcelvalues.ts';
import { STABILITY_UNDECLARED } from './stability.ts';
import { EXCEPTION, ServiceException, STATUS } from './status.ts';

/** Notified when the process of a binder dies. */
export interface DeathRecipient {
  /** A generator when it makes system calls. */
  binderDied(who: IBinder): unknown;
}

/** An object that can be called: one of this process, or a proxy. */
export interface IBinder {
  /** The owner's promise of stability; STABILITY_UNDECLARED while unknown. */
  readonly stability: number;
  /**
   * Calls it, and waits for the reply unless `flags` has TF_ONE_WAY.
   *
   * @returns The reply; `recycle` it when it has been read.
   * @throws StatusError when the call fails, or the service answers with a status.
   */
  transact(code: number, data: Parcel, flags?: number): Act<Parcel>;
  /** @internal Its representation in a parcel of this process. */
  flat(): FlatBinder;
  /** False once its process is known to be dead. */
  isBinderAlive(): boolean;
  /** @returns Whether the object answers. */
  pingBinder(): Act<boolean>;
  /** The name of its interface. */
  getInterfaceDescriptor(): Act<string>;
  /** Lets it write a description of itself to a descriptor of this process. */
  dump(fd: number, args: readonly string[]): Act<void>;
  /** Notifies `recipient` of its process's death. @throws StatusError DEAD_OBJECT, or INVALID_OPERATION for a local object. */
  linkToDeath(recipient: DeathRecipient): Act<void>;
  /** Removes the link. @throws StatusError NAME_NOT_FOUND when not linked, DEAD_OBJECT when already notified. */
  unlinkToDeath(recipient: DeathRecipient): Act<void>;
}

/**
 * A binder in the driver's form: a node of the sender, which gets its address when the parcel is sent, or a handle of the
 * sender.
 */
export type FlatBinder =
  | { readonly type: 'local'; readonly flags: number }
  | { readonly type: 'handle'; readonly handle: number };

/** A node's name in the driver: two addresses. */
export interface NodeAddress {
  readonly ptr: number;
  readonly cookie: number;
}

/** A received binder. */
export type ReceivedBinder =
  | { readonly type: 'binder'; readonly ptr: bigint; readonly cookie: bigint }
  | { readonly type: 'handle'; readonly handle: number };

/** The values of an interface token, beside the interface's name. */
export interface RequestHeader {
  readonly strictModePolicy: number;
  /** The uid of the work source; -1: none. */
  readonly workSource: number;
}

/** The origin of a received parcel: it resolves its binders and frees its buffer. */
interface ParcelSource {
  /** @throws StatusError BAD_TYPE when the binder is known with another stability. */
  binder(received: ReceivedBinder, stability: number): IBinder;
  /** Called when the interface token matched. */
  enforced(header: RequestHeader): void;
  /** @param fds The descriptors in it; closed as well. */
  free(fds: readonly number[]): void;
}

/** A value that writes itself into parcels. */
export interface Parcelable {
  writeToParcel(parcel: Parcel): void;
}

const STRICT_MODE_PENALTY_GATHER = 1 << 31;
export const WORK_SOURCE_UNSET = -1;
const SYST = 0x53595354;
/** Minimum nice value of a node's calls, in its object's flags: 19, the lowest priority. */
const PRIORITY_LOWEST = 19;
const NO_OFFSETS: readonly number[] = [];
const PLAIN_HEADER: RequestHeader = { strictModePolicy: 0, workSource: WORK_SOURCE_UNSET };

export class Parcel extends ParcelValues {
  /** Binders written here, by offset. */
  readonly #written = new Map<number, IBinder>();
  /** Descriptors that belong to the parcel. */
  #owned: number[] = [];
  #source: ParcelSource | null;

  /** @internal @param received Data and offsets (u64 each) of a received message, and its origin. */
  constructor(received: { data: Uint8Array; offsets: Uint8Array; source: ParcelSource } | null = null) {
    super(received?.data ?? null, received === null ? NO_OFFSETS : places(received.offsets));
    this.#source = received?.source ?? null;
  }

  /** @internal Assigns addresses to the sender's own binders; the last act before the parcel is sent. */
  seal(addressOf: (binder: IBinder) => NodeAddress): void {
    for (const [at, binder] of this.#written) {
      if (binder.flat().type !== 'local') continue;
      const { ptr, cookie } = addressOf(binder);
      setU64(this.view, at + FLAT_OBJECT_HANDLE, ptr);
      setU64(this.view, at + FLAT_OBJECT_COOKIE, cookie);
    }
  }

  /** Frees the buffer of a received message; afterwards it cannot be read. */
  recycle(): void {
    const source = this.#source;
    const fds = source === null ? [] : this.#descriptors();
    this.clear();
    this.#source = null;
    source?.free(fds);
  }

  /** Drops everything written. */
  clear(): void {
    this.empty();
    this.#written.clear();
    this.#owned = [];
  }

  /** Whether it contains a descriptor. */
  get hasFileDescriptors(): boolean {
    return this.#descriptors().length > 0;
  }

  /** Descriptors whose ownership was passed in: the sender closes them after sending. The parcel gives them up. */
  takeOwnedDescriptors(): number[] {
    const owned = this.#owned;
    this.#owned = [];
    return owned;
  }

  /** A local object, or a proxy. */
  writeStrongBinder(binder: IBinder | null): this {
    const at = this.grow(FLAT_OBJECT_SIZE);
    const flat = binder?.flat() ?? null;
    storeFlat(this.view, at, flat);
    // Null and handle 0 are no objects for the driver: handle 0 is the same in every process.
    if (flat !== null && (flat.type === 'local' || flat.handle !== 0)) this.noteObject(at);
    if (binder !== null) this.#written.set(at, binder);
    return this.writeInt32(binder?.stability ?? STABILITY_UNDECLARED);
  }

  writeStrongBinderArray(value: readonly (IBinder | null)[] | null): this {
    return this.writeArray(value, (one) => this.writeStrongBinder(one));
  }

  /**
   * The receiver gets its own descriptor for the same open file.
   *
   * @param takeOwnership Whether `fd` is closed once the parcel has been sent.
   */
  writeFileDescriptor(fd: number, takeOwnership = false): this {
    if (!Number.isInteger(fd) || fd < 0) throw new BinderlabError(`writeFileDescriptor(${fd}): that is no descriptor`);
    const at = this.grow(FD_OBJECT_SIZE);
    this.view.setUint32(at + OBJECT_TYPE, BINDER_TYPE_FD, true);
    this.view.setUint32(at + FD_OBJECT_FD, fd, true);
    setU64(this.view, at + FD_OBJECT_COOKIE, takeOwnership ? 1 : 0);
    this.noteObject(at);
    if (takeOwnership) this.#owned.push(fd);
    return this;
  }

  /** As AIDL's ParcelFileDescriptor: preceded by a word which says that no status descriptor follows. */
  writeParcelFileDescriptor(fd: number, takeOwnership = false): this {
    return this.writeInt32(0).writeFileDescriptor(fd, takeOwnership);
  }

  writeParcelable(value: Parcelable): this {
    this.writeInt32(1);
    value.writeToParcel(this);
    return this;
  }

  writeNullableParcelable(value: Parcelable | null): this {
    return value === null ? this.writeInt32(0) : this.writeParcelable(value);
  }

  writeParcelableArray(value: readonly Parcelable[] | null): this {
    return this.writeArray(value, (one) => this.writeParcelable(one));
  }

  /** Begins an AIDL parcelable: its number of bytes, so that readers of other versions find its end. */
  writeStructured(write: (parcel: this) => unknown): this {
    const at = this.grow(4);
    write(this);
    this.view.setInt32(at, this.dataSize - at, true);
    return this;
  }

  /** Begins a request to an interface. */
  writeInterfaceToken(descriptor: string, { strictModePolicy, workSource }: RequestHeader = PLAIN_HEADER): this {
    return this.writeInt32(strictModePolicy | STRICT_MODE_PENALTY_GATHER)
      .writeInt32(workSource)
      .writeInt32(SYST)
      .writeString16(descriptor);
  }

  /** Begins a successful AIDL reply. */
  writeNoException(): this {
    return this.writeInt32(EXCEPTION.NONE);
  }

  /** Writes a complete failed AIDL reply. */
  writeException(exception: ServiceException): this {
    this.writeInt32(exception.code).writeString16(exception.text);
    // length of a remote stack trace; native services send none
    this.writeInt32(0);
    return exception.code === EXCEPTION.SERVICE_SPECIFIC ? this.writeInt32(exception.errorCode) : this;
  }

  /** @throws ParcelError also for null; `readNullableStrongBinder` accepts null. */
  readStrongBinder(): IBinder {
    const at = this.dataPosition;
    return this.present('readStrongBinder', at, this.readNullableStrongBinder());
  }

  readNullableStrongBinder(): IBinder | null {
    const at = this.dataPosition;
    const written = this.#written.get(at);
    const object = written === undefined ? this.#flatAt('readStrongBinder', at) : null;
    this.take('readStrongBinder', FLAT_OBJECT_SIZE, true);
    const stability = this.view.getInt32(this.take('readStrongBinder', 4), true);
    if (written !== undefined || object === null) return written ?? null;
    if (this.#source === null) throw this.error('readStrongBinder', at, 'there is a binder of no known process');
    return this.#source.binder(object, stability);
  }

  readStrongBinderArray(): (IBinder | null)[] | null {
    return this.readArray('readStrongBinderArray', FLAT_OBJECT_SIZE + 4, () => this.readNullableStrongBinder());
  }

  /**
   * @returns A descriptor that is closed when the parcel is recycled; duplicate it to keep the file.
   */
  readFileDescriptor(): number {
    const at = this.dataPosition;
    const type = at + FD_OBJECT_SIZE <= this.dataSize ? u32At(this.bytes, at + OBJECT_TYPE) : 0;
    this.take('readFileDescriptor', FD_OBJECT_SIZE, true);
    if (type !== BINDER_TYPE_FD || !this.offsets.includes(at)) {
      throw this.error('readFileDescriptor', at, 'there is no descriptor', STATUS.BAD_TYPE);
    }
    return u32At(this.bytes, at + FD_OBJECT_FD);
  }

  readParcelFileDescriptor(): number {
    const at = this.dataPosition;
    const comm = this.readInt32();
    if (comm !== 0) throw this.error('readParcelFileDescriptor', at, 'there is no 0 before the descriptor');
    return this.readFileDescriptor();
  }

  /** @param read Reads what `writeToParcel` wrote. @throws ParcelError for null. */
  readParcelable<T>(read: (parcel: this) => T): T {
    const at = this.dataPosition;
    const value = this.readNullableParcelable((parcel) => ({ read: read(parcel) }));
    return this.present('readParcelable', at, value).read;
  }

  readNullableParcelable<T>(read: (parcel: this) => T): T | null {
    return this.readBool() ? read(this) : null;
  }

  readParcelableArray<T>(read: (parcel: this) => T): T[] | null {
    return this.readArray('readParcelableArray', 4, () => this.readParcelable(read));
  }

  /**
   * Reads what `writeStructured` wrote, and skips the rest.
   *
   * @param read `more` says whether a further field follows: an older writer may have written fewer.
   */
  readStructured<T>(read: (parcel: this, more: () => boolean) => T): T {
    const at = this.dataPosition;
    const length = this.readInt32();
    const end = at + length;
    if (length < 4 || end > this.dataSize) {
      throw this.error('readStructured', at, `the length is ${length}, and ${this.dataAvail} bytes are left`);
    }
    const value = read(this, () => this.dataPosition < end);
    if (this.dataPosition > end) {
      throw this.error('readStructured', at, `it has ${length} bytes, and ${this.dataPosition - at} were read`);
    }
    this.dataPosition = end;
    return value;
  }

  /** Reads what `writeInterfaceToken` wrote. @throws ParcelError when the request is for another interface. */
  enforceInterface(descriptor: string): this {
    const at = this.dataPosition;
    const strictModePolicy = this.readInt32();
    const workSource = this.readInt32();
    if (this.readInt32() !== SYST) {
      const problem = 'there is no interface token: did the caller write one?';
      throw this.error('enforceInterface', at, problem, STATUS.BAD_TYPE);
    }
    const asked = this.readNullableString16();
    if (asked !== descriptor) {
      const problem = `the request is for the interface "${asked}", and this one is "${descriptor}"`;
      throw this.error('enforceInterface', at, problem, STATUS.PERMISSION_DENIED);
    }
    this.#source?.enforced({ strictModePolicy, workSource });
    return this;
  }

  /** Reads the beginning of an AIDL reply. @throws ServiceException when the method threw one. */
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

  /** All descriptors in it. */
  #descriptors(): number[] {
    const { bytes } = this;
    const places = this.offsets.filter((at) => u32At(bytes, at + OBJECT_TYPE) === BINDER_TYPE_FD);
    return places.map((at) => u32At(bytes, at + FD_OBJECT_FD));
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
    // Null and the manager's handle are not in the offsets array; other bytes prove nothing.
    const plain = known && ptr === 0n && cookie === 0n;
    if (!plain && !(known && this.offsets.includes(at))) throw this.error(reader, at, 'there is no binder');
    if (type === BINDER_TYPE_HANDLE) return { type: 'handle', handle: Number(ptr & 0xffffffffn) };
    return plain ? null : { type: 'binder', ptr, cookie };
  }
}

function places(offsets: Uint8Array): number[] {
  return Array.from({ length: offsets.length >> 3 }, (_, index) => u64At(offsets, 8 * index));
}

/** @param flat null: the null binder, encoded as a node of the sender at address 0. */
function storeFlat(view: DataView, at: number, flat: FlatBinder | null): void {
  const handle = flat?.type === 'handle';
  const flags = flat?.type === 'local' ? flat.flags | FLAT_BINDER_FLAG_ACCEPTS_FDS : 0;
  view.setUint32(at + OBJECT_TYPE, handle ? BINDER_TYPE_HANDLE : BINDER_TYPE_BINDER, true);
  view.setUint32(at + OBJECT_FLAGS, flags | PRIORITY_LOWEST, true);
  if (handle) view.setUint32(at + FLAT_OBJECT_HANDLE, flat.handle, true);
}
