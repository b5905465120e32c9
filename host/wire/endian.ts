/**
 * Little-endian numbers in a byte array, as in wire structures. A 64-bit value is a number when it is a size or a user
 * address (exact below 2^53), and a bigint when its owner chose all 64 bits.
 */
export const TWO_32 = 0x1_0000_0000;
export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** The unsigned 32-bit word at `at`; bytes after the end count as 0. */
export function u32At(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
  return (low | ((bytes[at + 2] as number) << 16) | ((bytes[at + 3] as number) << 24)) >>> 0;
}

export function i32At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at) | 0;
}

export function u64At(bytes: Uint8Array, at: number): number {
  const high = u32At(bytes, at + 4);
  return high === 0 ? u32At(bytes, at) : u32At(bytes, at) + high * TWO_32;
}

export function bigAt(bytes: Uint8Array, at: number): bigint {
  return BigInt(u32At(bytes, at)) | (BigInt(u32At(bytes, at + 4)) << 32n);
}

/** Stores a size or an address: a whole number below 2^64, exact below 2^53. A larger one is stored as 2^64 - 1. */
export function setU64(view: DataView, at: number, value: number): void {
  if (value >= TWO_32 * TWO_32) {
    view.setBigUint64(at, 0xffff_ffff_ffff_ffffn, true);
    return;
  }
  view.setUint32(at, value >>> 0, true);
  view.setUint32(at + 4, value < TWO_32 ? 0 : Math.floor(value / TWO_32) >>> 0, true);
}

/** Stores a value given as a number or as a bigint; a full 64-bit value needs a bigint. */
export function setBig(view: DataView, at: number, value: bigint | number): void {
  if (typeof value === 'number') setU64(view, at, value);
  else view.setBigUint64(at, value, true);
}
