/** Bytes as scenarios write them: little-endian numbers, Latin-1 text, and concatenations. */

/** A number is a u32, a bigint a u64, a string Latin-1. */
export type Chunk = number | bigint | string | Uint8Array;

export function u32(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(Number(BigInt.asUintN(32, BigInt(value))));
  return bytes;
}

export function u64(value: number | bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, BigInt(value)));
  return bytes;
}

export function bytesOf(...chunks: readonly Chunk[]): Buffer {
  return Buffer.concat(chunks.map(bytesOfChunk));
}

function bytesOfChunk(chunk: Chunk): Uint8Array {
  switch (typeof chunk) {
    case 'number':
      return u32(chunk);
    case 'bigint':
      return u64(chunk);
    case 'string':
      return Buffer.from(chunk, 'latin1');
    default:
      return chunk;
  }
}

/** The value as a journal's address: 64 bits; a negative value as its complement. */
export function address(value: number | bigint): string {
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

export function alignUp(size: number, to: number): number {
  return Math.ceil(size / to) * to;
}
