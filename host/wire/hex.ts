/** Bytes and addresses as text in journals: lower-case hex, two digits a byte; addresses have the prefix "0x". */
import { BinderlabError } from './error.ts';

/** A 64-bit value: "0x" and hexadecimal digits. */
export type Address = string;

/** A byte string: lower-case hexadecimal digits, two a byte, nothing between them. */
export type HexBytes = string;

const BYTE_TEXT: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** The two digits of each byte, as ASCII codes. */
const BYTE_CODES: Uint16Array = Uint16Array.from(
  BYTE_TEXT,
  (text) => text.charCodeAt(0) | (text.charCodeAt(1) << 8), // low byte first, as the decoder reads them
);
/** From this length on the text is decoded as one string: concatenated strings would keep all their parts alive. */
const LONG = 256;
const decoder = new TextDecoder();

export function hexOfBytes(bytes: Uint8Array): string {
  if (bytes.length >= LONG) {
    const codes = new Uint16Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) codes[i] = BYTE_CODES[bytes[i] as number] as number;
    return decoder.decode(new Uint8Array(codes.buffer));
  }
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += BYTE_TEXT[bytes[i] as number];
  return text;
}

/** @throws BinderlabError when the text is not an even number of hex digits. */
export function bytesOfHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    const value = (digitOf(text, 2 * i) << 4) | digitOf(text, 2 * i + 1);
    if (value < 0) throw new BinderlabError(`"${text.slice(2 * i, 2 * i + 2)}" at byte ${i} is no pair of hex digits`);
    bytes[i] = value;
  }
  if (text.length % 2 !== 0)
    throw new BinderlabError(`a byte string has two hex digits a byte; this one ends in half a byte`);
  return bytes;
}

export function hexOfAddress(address: number): string {
  return `0x${address.toString(16)}`;
}

/** @throws BinderlabError when the text is not a number, or is 2^53 or more. */
export function addressOfHex(text: string): number {
  const address = Number(text);
  if (!Number.isSafeInteger(address) || address < 0) {
    throw new BinderlabError(`${text} is no address: addresses are "0x..." and below 2^53`);
  }
  return address;
}

/** @returns The value of the digit at `index`, or a negative number. */
function digitOf(text: string, index: number): number {
  const code = text.charCodeAt(index);
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}
