/** Inputs and outputs of ioctls other than BINDER_WRITE_READ, field by field; zeros are left out. */
import { EXTENDED_ERROR_SIZE } from '../../assembly/abi/wire.ts';
import { errnoName } from '../wire/errno.ts';
import { bytesOfHex } from '../wire/hex.ts';
import { extendedErrorOf, ioctlStructure } from '../wire/ioctls.ts';
import { type Fields, readFields, sizeOf } from '../wire/structure.ts';
import type { IoctlInput, IoctlOutput } from './journal.ts';

const EXTENDED_ERROR = 'BINDER_GET_EXTENDED_ERROR';

/** The fields of an ioctl's structure, each once; none for an unknown ioctl. */
export function ioctlFields(name: string | null): [name: string, place: Fields[string]][] {
  const { takes = {}, gives = {} } = ioctlStructure(name) ?? {};
  const fields = [...Object.entries(takes), ...Object.entries(gives)];
  return fields.filter(([, [, at]], index) => fields.findIndex(([, [, other]]) => other === at) === index);
}

/** @returns The inputs; null when the bytes do not have the ioctl's format, or the ioctl is unknown. */
export function ioctlTakes({ name, poke }: IoctlInput): string[] | null {
  return name === EXTENDED_ERROR ? [] : fieldTexts(ioctlStructure(name)?.takes, bytesOfHex(poke));
}

/** @returns The outputs; null as in `ioctlTakes`. */
export function ioctlGives({ name }: IoctlInput, { bytes: hex = '' }: IoctlOutput): string[] | null {
  const bytes = bytesOfHex(hex);
  if (name !== EXTENDED_ERROR) return fieldTexts(ioctlStructure(name)?.gives, bytes);
  return bytes.length < EXTENDED_ERROR_SIZE ? null : [extendedError(bytes)];
}

/** "id 7: BR_FAILED_REPLY, EINVAL". */
function extendedError(bytes: Uint8Array): string {
  const { id, command, param } = extendedErrorOf(bytes);
  return `id ${id}: ${command}${param === 0 ? '' : `, ${errnoName(-param)}`}`;
}

/** "handle 1" for each field that is not zero; the first field always. */
function fieldTexts(fields: Fields | undefined, bytes: Uint8Array): string[] | null {
  if (fields === undefined || bytes.length < sizeOf(fields)) return null;
  return Object.entries(readFields(fields, bytes)).flatMap(([name, value], index) => {
    if (BigInt(value) === 0n && index > 0) return [];
    return [`${name} ${typeof value === 'bigint' ? `0x${value.toString(16)}` : value}`];
  });
}
