/** Inputs and outputs of ioctls other than BINDER_WRITE_READ, field by field; zeros are left out. */
import * as wire from '../../assembly/abi/wire.ts';
import { bigAt, i32At, u32At } from '../wire/endian.ts';
import { errnoName } from '../wire/errno.ts';
import { bytesOfHex } from '../wire/hex.ts';
import { wordName } from '../wire/words.ts';
import type { IoctlInput, IoctlOutput } from './journal.ts';

type IoctlField = readonly [name: string, offset: number, kind: 'u32' | 'u64'];

/** The fields that user space fills in, and those that the driver fills in. */
interface Structure {
  readonly takes: readonly IoctlField[];
  readonly gives: readonly IoctlField[];
}

const WORD_SIZE = { u32: 4, u64: 8 } as const;

const STRUCTURES: Readonly<Record<string, Structure>> = {
  BINDER_VERSION: { takes: [], gives: [['version', 0, 'u32']] },
  BINDER_SET_MAX_THREADS: { takes: [['threads', 0, 'u32']], gives: [] },
  BINDER_SET_CONTEXT_MGR: { takes: [], gives: [] },
  BINDER_SET_CONTEXT_MGR_EXT: {
    takes: [
      ['object', wire.FLAT_OBJECT_HANDLE, 'u64'],
      ['cookie', wire.FLAT_OBJECT_COOKIE, 'u64'],
      ['flags', wire.OBJECT_FLAGS, 'u32'],
    ],
    gives: [],
  },
  BINDER_THREAD_EXIT: { takes: [], gives: [] },
  BINDER_GET_NODE_DEBUG_INFO: {
    takes: [['after object', wire.NODE_DEBUG_INFO_PTR, 'u64']],
    gives: [
      ['object', wire.NODE_DEBUG_INFO_PTR, 'u64'],
      ['cookie', wire.NODE_DEBUG_INFO_COOKIE, 'u64'],
      ['has_strong_ref', wire.NODE_DEBUG_INFO_HAS_STRONG_REF, 'u32'],
      ['has_weak_ref', wire.NODE_DEBUG_INFO_HAS_WEAK_REF, 'u32'],
    ],
  },
  BINDER_GET_NODE_INFO_FOR_REF: {
    takes: [['handle', wire.NODE_INFO_FOR_REF_HANDLE, 'u32']],
    gives: [
      ['strong', wire.NODE_INFO_FOR_REF_STRONG_COUNT, 'u32'],
      ['weak', wire.NODE_INFO_FOR_REF_WEAK_COUNT, 'u32'],
    ],
  },
  BINDER_FREEZE: {
    takes: [
      ['pid', wire.FREEZE_INFO_PID, 'u32'],
      ['enable', wire.FREEZE_INFO_ENABLE, 'u32'],
      ['timeout ms', wire.FREEZE_INFO_TIMEOUT_MS, 'u32'],
    ],
    gives: [],
  },
  BINDER_GET_FROZEN_INFO: {
    takes: [['pid', wire.FROZEN_STATUS_INFO_PID, 'u32']],
    gives: [
      ['sync_recv', wire.FROZEN_STATUS_INFO_SYNC_RECV, 'u32'],
      ['async_recv', wire.FROZEN_STATUS_INFO_ASYNC_RECV, 'u32'],
    ],
  },
  BINDER_ENABLE_ONEWAY_SPAM_DETECTION: { takes: [['enable', 0, 'u32']], gives: [] },
};

/** The fields of an ioctl's structure; empty for an unknown ioctl. */
export function ioctlFields(name: string | null): readonly IoctlField[] {
  const structure = name === null ? undefined : STRUCTURES[name];
  const fields = [...(structure?.takes ?? []), ...(structure?.gives ?? [])];
  return fields.filter(([, at], index) => fields.findIndex(([, other]) => other === at) === index);
}

/** @returns The inputs; null when the bytes do not have the ioctl's format, or the ioctl is unknown. */
export function ioctlTakes({ name, poke }: IoctlInput): string[] | null {
  if (name === 'BINDER_GET_EXTENDED_ERROR') return [];
  const structure = name === null ? undefined : STRUCTURES[name];
  return structure === undefined ? null : fieldTexts(bytesOfHex(poke), structure.takes);
}

/** @returns The outputs; null as in `ioctlTakes`. */
export function ioctlGives({ name }: IoctlInput, { bytes: hex = '' }: IoctlOutput): string[] | null {
  const bytes = bytesOfHex(hex);
  if (name === 'BINDER_GET_EXTENDED_ERROR')
    return bytes.length < wire.EXTENDED_ERROR_SIZE ? null : [extendedError(bytes)];
  const structure = name === null ? undefined : STRUCTURES[name];
  return structure === undefined ? null : fieldTexts(bytes, structure.gives);
}

/** "id 7: BR_FAILED_REPLY, EINVAL". */
function extendedError(bytes: Uint8Array): string {
  const command = u32At(bytes, wire.EXTENDED_ERROR_COMMAND);
  const param = i32At(bytes, wire.EXTENDED_ERROR_PARAM);
  const why = param === 0 ? '' : `, ${errnoName(-param)}`;
  return `id ${u32At(bytes, wire.EXTENDED_ERROR_ID)}: ${wordName(command) ?? `0x${command.toString(16)}`}${why}`;
}

/** "handle 1" for each field that is not zero; the first field always. */
function fieldTexts(bytes: Uint8Array, fields: readonly IoctlField[]): string[] | null {
  if (fields.some(([, offset, kind]) => offset + WORD_SIZE[kind] > bytes.length)) return null;
  return fields.flatMap(([name, offset, kind], index) => {
    const value = kind === 'u32' ? BigInt(u32At(bytes, offset)) : bigAt(bytes, offset);
    if (value === 0n && index > 0) return [];
    return [`${name} ${kind === 'u32' ? value : `0x${value.toString(16)}`}`];
  });
}
