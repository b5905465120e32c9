/** Parcels as bytes, put together independently of the code that is tested. */

/** Bytes in hex, blanks between them as one likes. */
export function hex(...pieces: string[]): string {
  return pieces.join('').replaceAll(' ', '');
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function int32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes.toString('hex');
}

/** Length, UTF-16, NUL, zeros up to a multiple of 4. */
export function string16(text: string): string {
  const bytes = Buffer.from(`${text}\0`, 'utf16le');
  return int32(text.length) + bytes.toString('hex') + '0000'.repeat(bytes.length % 4 === 0 ? 0 : 1);
}

/** Strict mode policy, work source, 'SYST', interface. */
export function token(descriptor: string): string {
  return hex('00000080 ffffffff 54535953') + string16(descriptor);
}

/** A binder of the sender's: type "sb*\x85", flags (accepts descriptors, priority 19), ptr, cookie, stability 12. */
export function ownBinder(ptr: number, cookie: number): string {
  return hex('852a6273 13010000', u64(ptr), u64(cookie), '0c000000');
}

/** A binder of another process: type "sh*\x85", flags (priority 19), handle, no cookie, stability. */
export function handle(number: number, stability = 0): string {
  return hex('852a6873 13000000', u64(number), u64(0), int32(stability));
}

export const NULL_BINDER = hex('852a6273 13000000', u64(0), u64(0), '00000000');

function u64(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes.toString('hex');
}
