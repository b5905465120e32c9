/** Hex dumps. */
import { bytesOfHex } from '../wire/hex.ts';

/**
 * Rows of offset, hex, and printable characters.
 *
 * @param prefix Prefix of every row.
 * @param perRow Bytes in a row.
 */
export function hexDump(hex: string, prefix = '', perRow = 16): string[] {
  const bytes = bytesOfHex(hex);
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += perRow) {
    const row = [...bytes.subarray(at, at + perRow)];
    const digits = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const letters = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    rows.push(`${prefix}${at.toString(16).padStart(4, '0')}  ${digits.padEnd(3 * perRow - 1)}  ${letters}`);
  }
  return rows;
}
