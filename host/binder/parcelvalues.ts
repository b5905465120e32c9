/**
 * Plain values of a parcel: numbers, texts, and arrays of them, in Android 14's wire format. Arrays may be null. A text has
 * one reader that accepts null and one that rejects it.
 *
 *     little endian; every value begins at a multiple of 4
 *     byte, char, bool   int32 each, also in arrays, except that an array of bytes is packed
 *     string16           int32 length in code units (-1: null), code units, NUL, zeros up to a multiple of 4
 *     string8            int32 length in bytes (-1: null), bytes, NUL, zeros up to a multiple of 4
 *     cstring            bytes, NUL, zeros up to a multiple of 4
 *     array              int32 length (-1: null), elements
 */

import { BinderlabError } from '../wire/error.ts';
import { bytesOfText, textOfBytes } from '../wire/text.ts';
import { NULL_LENGTH, ParcelData } from './parceldata.ts';
import type { ParcelError } from './parcelerror.ts';
import { STATUS } from './status.ts';

const INT32_MIN = -2147483648;
const INT32_MAX = 2147483647;
const UINT32_MAX = 4294967295;
const INT64_MIN = -(2n ** 63n);
const UINT64_MAX = 2n ** 64n - 1n;

export abstract class ParcelValues extends ParcelData {
  /** -128 to 127. */
  writeByte(value: number): this {
    checkInteger('writeByte', value, -128, 127);
    return this.writeInt32(value);
  }

  /** One UTF-16 code unit. */
  writeChar(value: string): this {
    if (value.length !== 1) throw new BinderlabError(`writeChar("${value}"): it takes one UTF-16 code unit`);
    return this.writeInt32(value.charCodeAt(0));
  }

  writeBool(value: boolean): this {
    return this.writeInt32(value ? 1 : 0);
  }

  writeInt32(value: number): this {
    checkInteger('writeInt32', value, INT32_MIN, INT32_MAX);
    const at = this.grow(4);
    this.view.setInt32(at, value, true);
    return this;
  }

  writeUint32(value: number): this {
    checkInteger('writeUint32', value, 0, UINT32_MAX);
    const at = this.grow(4);
    this.view.setUint32(at, value, true);
    return this;
  }

  writeInt64(value: bigint | number): this {
    const number = bigOf('writeInt64', value, INT64_MIN, -INT64_MIN - 1n);
    const at = this.grow(8);
    this.view.setBigInt64(at, number, true);
    return this;
  }

  writeUint64(value: bigint | number): this {
    const number = bigOf('writeUint64', value, 0n, UINT64_MAX);
    const at = this.grow(8);
    this.view.setBigUint64(at, number, true);
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

  /** UTF-16, as in all of Android's interfaces. */
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
    const bytes = bytesOfText(value);
    this.writeInt32(bytes.length);
    return this.#writeTerminated(bytes);
  }

  /** UTF-8 without a length. @throws BinderlabError for text with a NUL, which would end it. */
  writeCString(value: string): this {
    if (value.includes('\0')) throw new BinderlabError('writeCString: a NUL inside would end the text');
    return this.#writeTerminated(bytesOfText(value));
  }

  /** The bytes only, without a length. */
  writeBytes(value: Uint8Array): this {
    const at = this.grow(value.length);
    this.bytes.set(value, at);
    return this;
  }

  writeByteArray(value: Uint8Array | null): this {
    if (value === null) return this.writeInt32(NULL_LENGTH);
    return this.writeInt32(value.length).writeBytes(value);
  }

  writeBoolArray(value: readonly boolean[] | null): this {
    return this.writeArray(value, (one) => this.writeBool(one));
  }

  writeCharArray(value: readonly string[] | null): this {
    return this.writeArray(value, (one) => this.writeChar(one));
  }

  writeInt32Array(value: readonly number[] | null): this {
    return this.writeArray(value, (one) => this.writeInt32(one));
  }

  writeInt64Array(value: readonly (bigint | number)[] | null): this {
    return this.writeArray(value, (one) => this.writeInt64(one));
  }

  writeUint64Array(value: readonly (bigint | number)[] | null): this {
    return this.writeArray(value, (one) => this.writeUint64(one));
  }

  writeFloatArray(value: readonly number[] | null): this {
    return this.writeArray(value, (one) => this.writeFloat(one));
  }

  writeDoubleArray(value: readonly number[] | null): this {
    return this.writeArray(value, (one) => this.writeDouble(one));
  }

  writeString16Array(value: readonly (string | null)[] | null): this {
    return this.writeArray(value, (one) => this.writeString16(one));
  }

  readByte(): number {
    return this.#small('readByte', -128, 127);
  }

  readChar(): string {
    return String.fromCharCode(this.#small('readChar', 0, 0xffff));
  }

  readBool(): boolean {
    const at = this.dataPosition;
    const value = this.view.getInt32(this.take('readBool', 4), true);
    if (value !== 0 && value !== 1) throw this.error('readBool', at, `there is the number ${value}, neither 0 nor 1`);
    return value === 1;
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

  readUint64(): bigint {
    return this.view.getBigUint64(this.take('readUint64', 8), true);
  }

  readFloat(): number {
    return this.view.getFloat32(this.take('readFloat', 4), true);
  }

  readDouble(): number {
    return this.view.getFloat64(this.take('readDouble', 8), true);
  }

  /** @throws ParcelError also for null; `readNullableString16` accepts null. */
  readString16(): string {
    const at = this.dataPosition;
    return this.present('readString16', at, this.#string16('readString16'));
  }

  readNullableString16(): string | null {
    return this.#string16('readNullableString16');
  }

  readString8(): string {
    const at = this.dataPosition;
    return this.present('readString8', at, this.#string8('readString8'));
  }

  readNullableString8(): string | null {
    return this.#string8('readNullableString8');
  }

  readCString(): string {
    const at = this.dataPosition;
    const end = this.bytes.indexOf(0, at);
    if (end < 0) throw this.error('readCString', at, 'no NUL follows');
    this.take('readCString', end + 1 - at);
    return textOfBytes(this.bytes.subarray(at, end));
  }

  /** `length` bytes without a length field. */
  readBytes(length: number): Uint8Array {
    const at = this.take('readBytes', length);
    return this.bytes.slice(at, at + length);
  }

  readByteArray(): Uint8Array | null {
    const length = this.takeLength('readByteArray', 1, 0);
    return length === null ? null : this.readBytes(length);
  }

  readBoolArray(): boolean[] | null {
    return this.readArray('readBoolArray', 4, () => this.readBool());
  }

  readCharArray(): string[] | null {
    return this.readArray('readCharArray', 4, () => this.readChar());
  }

  readInt32Array(): number[] | null {
    return this.readArray('readInt32Array', 4, () => this.readInt32());
  }

  readInt64Array(): bigint[] | null {
    return this.readArray('readInt64Array', 8, () => this.readInt64());
  }

  readUint64Array(): bigint[] | null {
    return this.readArray('readUint64Array', 8, () => this.readUint64());
  }

  readFloatArray(): number[] | null {
    return this.readArray('readFloatArray', 4, () => this.readFloat());
  }

  readDoubleArray(): number[] | null {
    return this.readArray('readDoubleArray', 8, () => this.readDouble());
  }

  readString16Array(): (string | null)[] | null {
    return this.readArray('readString16Array', 4, () => this.readNullableString16());
  }

  /** The error of a reader that makes several reads; the first was at `at`. */
  misread(reader: string, at: number, problem: string): ParcelError {
    return this.error(reader, at, problem);
  }

  protected writeArray<T>(value: readonly T[] | null, write: (one: T) => void): this {
    if (value === null) return this.writeInt32(NULL_LENGTH);
    this.writeInt32(value.length);
    for (const one of value) write(one);
    return this;
  }

  /** @param unit Least bytes of one element. */
  protected readArray<T>(reader: string, unit: number, read: () => T): T[] | null {
    const length = this.takeLength(reader, unit, 0);
    return length === null ? null : Array.from({ length }, read);
  }

  /** @throws ParcelError when the value read at `at` is null. */
  protected present<T>(reader: string, at: number, value: T | null): T {
    if (value === null) throw this.error(reader, at, 'there is null', STATUS.UNEXPECTED_NULL);
    return value;
  }

  #writeTerminated(bytes: Uint8Array): this {
    const at = this.grow(bytes.length + 1);
    this.bytes.set(bytes, at);
    return this;
  }

  #small(reader: string, min: number, max: number): number {
    const at = this.dataPosition;
    const value = this.view.getInt32(this.take(reader, 4), true);
    if (value >= min && value <= max) return value;
    throw this.error(reader, at, `there is the number ${value}, and it takes ${min} to ${max}`);
  }

  #string16(reader: string): string | null {
    const start = this.dataPosition;
    const length = this.takeLength(reader, 2, 2);
    if (length === null) return null;
    const at = this.take(reader, 2 * length + 2);
    if (this.view.getUint16(at + 2 * length, true) !== 0) {
      throw this.error(reader, start, `the length is ${length}, and no NUL follows that many code units`);
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
      throw this.error(reader, start, `the length is ${length}, and no NUL follows that many bytes`);
    }
    return textOfBytes(this.bytes.subarray(at, at + length));
  }
}

function checkInteger(writer: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new BinderlabError(`${writer}(${value}): it takes a whole number from ${min} to ${max}`);
}

function bigOf(writer: string, value: bigint | number, min: bigint, max: bigint): bigint {
  const number = typeof value === 'bigint' ? value : Number.isSafeInteger(value) ? BigInt(value) : null;
  if (number !== null && number >= min && number <= max) return number;
  throw new BinderlabError(`${writer}(${value}): it takes a whole number from ${min} to ${max}`);
}
