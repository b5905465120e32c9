/** The interface that a request is for: libbinder writes its name at the beginning of the data. */
import { i32At, u32At } from '../wire/endian.ts';
import type { Inspector, SpaceOwner } from './inspector.ts';

/** int32 strict mode policy, int32 work source, int32 SYST, then the name: int32 length, UTF-16. */
const MARK_AT = 8;
const LENGTH_AT = 12;
const NAME_AT = 16;
/** 'SYST' */
const SYST = 0x53595354;
const LENGTH_MAX = 255;

/** @param size Bytes of the data. @returns null when the data does not begin so, or is not mapped there. */
export function interfaceName(inspector: Inspector, owner: SpaceOwner, address: number, size: number): string | null {
  const header = size < NAME_AT ? null : inspector.bytes(owner, address, NAME_AT);
  if (header === null || u32At(header, MARK_AT) !== SYST) return null;
  const length = i32At(header, LENGTH_AT);
  if (length <= 0 || length > LENGTH_MAX || NAME_AT + 2 * length > size) return null;
  const bytes = inspector.bytes(owner, address + NAME_AT, 2 * length);
  if (bytes === null) return null;
  return Array.from({ length }, (_, at) =>
    String.fromCharCode((bytes[2 * at] ?? 0) | ((bytes[2 * at + 1] ?? 0) << 8)),
  ).join('');
}
