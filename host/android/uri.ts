/**
 * Uris name content, e.g. content://contacts/people/7. Owns their hierarchy, and their form in parcels:
 *
 *     int32 count, then for each: int32 1 (there is one), int32 1 (a uri of text), string8
 */
import type { Parcel } from '../binder/parcel.ts';
import { ServiceException } from '../binder/status.ts';

const PRESENT = 1;
const STRING_URI = 1;
const URIS_MAX = 1024;

export function writeUri(parcel: Parcel, uri: string): Parcel {
  return parcel.writeInt32(PRESENT).writeInt32(STRING_URI).writeString8(uri);
}

/** @throws ServiceException for null, and for uris of other kinds. */
export function readUri(parcel: Parcel): string {
  if (parcel.readInt32() !== PRESENT) throw new ServiceException('NULL_POINTER', 'no uri is named');
  const kind = parcel.readInt32();
  if (kind !== STRING_URI) throw new ServiceException('ILLEGAL_ARGUMENT', `there is no kind ${kind} of uris here`);
  return parcel.readString8();
}

export function writeUris(parcel: Parcel, uris: readonly string[]): Parcel {
  parcel.writeInt32(uris.length);
  for (const uri of uris) writeUri(parcel, uri);
  return parcel;
}

export function readUris(parcel: Parcel): string[] {
  const length = parcel.readInt32();
  if (length < 0 || length > URIS_MAX) throw new ServiceException('ILLEGAL_ARGUMENT', `there cannot be ${length} uris`);
  return Array.from({ length }, () => readUri(parcel));
}

/** Whether `uri` is `parent` or below it. */
export function isWithin(uri: string, parent: string): boolean {
  return uri === parent || uri.startsWith(parent.endsWith('/') ? parent : `${parent}/`);
}
