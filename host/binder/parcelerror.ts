/** A read from a parcel that cannot be right: the method, the offset, and the bytes there. */
import { i32At } from '../wire/endian.ts';
import { StatusError, statusName } from './status.ts';

const BYTES_SHOWN = 16;

export class ParcelError extends StatusError {
  override readonly name = 'ParcelError';

  constructor(
    status: number,
    /** The reading method. */
    readonly reader: string,
    /** Offset of the read, in bytes. */
    readonly position: number,
    /** Size of the parcel, in bytes. */
    readonly size: number,
    problem: string,
    content: string,
  ) {
    super(status, `${reader} at byte ${position} of ${size}: ${problem}; ${content} (${statusName(status)})`);
  }
}

/** The bytes from `at` on, and their possible meanings. */
export function describeBytes(bytes: Uint8Array, at: number): string {
  if (at >= bytes.length) return 'that is the end of the parcel';
  const shown = bytes.subarray(at, at + BYTES_SHOWN);
  const hex = Array.from(shown, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  const more = at + BYTES_SHOWN < bytes.length ? ' ...' : '';
  const number = at + 4 <= bytes.length ? `, as a number ${i32At(bytes, at)}` : '';
  const text = string16At(bytes, at);
  return `the bytes are ${hex}${more}${number}${text === null ? '' : `, as a string16 "${text}"`}`;
}

/** The string16 at `at`, if there is one. */
function string16At(bytes: Uint8Array, at: number): string | null {
  if (at + 4 > bytes.length) return null;
  const length = i32At(bytes, at);
  const end = at + 4 + 2 * length;
  if (length <= 0 || end + 2 > bytes.length || bytes[end] !== 0 || bytes[end + 1] !== 0) return null;
  let text = '';
  for (let unit = at + 4; unit < end; unit += 2) {
    text += String.fromCharCode((bytes[unit] as number) | ((bytes[unit + 1] as number) << 8));
  }
  return text;
}
