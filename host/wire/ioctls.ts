/** The driver's ioctls apart from BINDER_WRITE_READ: names, and the structures that they take. */
import * as protocol from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { i32At, u32At } from './endian.ts';
import { storeObject } from './objects.ts';
import { type Fields, type FieldValues, readFields, storeFields } from './structure.ts';
import { wordName } from './words.ts';

/** Why the thread's last transaction failed; all 0 and BR_OK after a success. Reading clears it. */
export interface ExtendedError {
  /** Id of the transaction in the driver's logs. */
  id: number;
  /** Name of the BR_ word that reported the failure. */
  command: string;
  /** A negative errno. */
  param: number;
}

/** Pending work of a process. Bit 0 of `syncRecv`: a call arrived while frozen; bit 1: calls are pending. */
export interface FrozenInfo {
  pid: number;
  syncRecv: number;
  asyncRecv: number;
}

export interface NodeDebugInfo {
  ptr: bigint;
  cookie: bigint;
  hasStrongRef: boolean;
  hasWeakRef: boolean;
}

export interface NodeInfoForRef {
  handle: number;
  strongCount: number;
  weakCount: number;
}

/** 'b', the second byte of the driver's ioctl numbers. */
const FAMILY = 0x62;
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(protocol)
    .filter(([name, value]) => name.startsWith('BINDER_') && ((value >>> 8) & 0xff) === FAMILY)
    .map(([name, value]) => [value >>> 0, name]),
);

/** The numbers of all, BINDER_WRITE_READ included. */
export const IOCTLS: readonly number[] = [...NAMES.keys()];

/** @returns The name of an ioctl; null for an unknown number. */
export function ioctlName(cmd: number): string | null {
  return NAMES.get(cmd >>> 0) ?? null;
}

/** The fields of an ioctl's structure that user space fills in, and those that the driver fills in. */
interface Structure {
  readonly size: number;
  readonly takes: Fields;
  readonly gives: Fields;
}

/** By the names that traces show. */
const STRUCTURES = {
  BINDER_VERSION: { size: 4, takes: {}, gives: { version: ['u32', 0] } },
  BINDER_SET_MAX_THREADS: { size: 4, takes: { threads: ['u32', 0] }, gives: {} },
  BINDER_SET_CONTEXT_MGR: { size: 4, takes: {}, gives: {} },
  BINDER_SET_CONTEXT_MGR_EXT: {
    size: wire.FLAT_OBJECT_SIZE,
    takes: {
      object: ['any64', wire.FLAT_OBJECT_HANDLE],
      cookie: ['any64', wire.FLAT_OBJECT_COOKIE],
      flags: ['u32', wire.OBJECT_FLAGS],
    },
    gives: {},
  },
  BINDER_THREAD_EXIT: { size: 4, takes: {}, gives: {} },
  BINDER_GET_NODE_DEBUG_INFO: {
    size: wire.NODE_DEBUG_INFO_SIZE,
    takes: { 'after object': ['any64', wire.NODE_DEBUG_INFO_PTR] },
    gives: {
      object: ['any64', wire.NODE_DEBUG_INFO_PTR],
      cookie: ['any64', wire.NODE_DEBUG_INFO_COOKIE],
      has_strong_ref: ['u32', wire.NODE_DEBUG_INFO_HAS_STRONG_REF],
      has_weak_ref: ['u32', wire.NODE_DEBUG_INFO_HAS_WEAK_REF],
    },
  },
  BINDER_GET_NODE_INFO_FOR_REF: {
    size: wire.NODE_INFO_FOR_REF_SIZE,
    takes: { handle: ['u32', wire.NODE_INFO_FOR_REF_HANDLE] },
    gives: {
      strong: ['u32', wire.NODE_INFO_FOR_REF_STRONG_COUNT],
      weak: ['u32', wire.NODE_INFO_FOR_REF_WEAK_COUNT],
    },
  },
  BINDER_FREEZE: {
    size: wire.FREEZE_INFO_SIZE,
    takes: {
      pid: ['u32', wire.FREEZE_INFO_PID],
      enable: ['u32', wire.FREEZE_INFO_ENABLE],
      'timeout ms': ['u32', wire.FREEZE_INFO_TIMEOUT_MS],
    },
    gives: {},
  },
  BINDER_GET_FROZEN_INFO: {
    size: wire.FROZEN_STATUS_INFO_SIZE,
    takes: { pid: ['u32', wire.FROZEN_STATUS_INFO_PID] },
    gives: {
      sync_recv: ['u32', wire.FROZEN_STATUS_INFO_SYNC_RECV],
      async_recv: ['u32', wire.FROZEN_STATUS_INFO_ASYNC_RECV],
    },
  },
  BINDER_ENABLE_ONEWAY_SPAM_DETECTION: { size: 4, takes: { enable: ['u32', 0] }, gives: {} },
} as const satisfies Readonly<Record<string, Structure>>;

type Structures = typeof STRUCTURES;
type StructureName = keyof Structures;

/** The structure of an ioctl; undefined where none is known. */
export function ioctlStructure(name: string | null): Structure | undefined {
  return name !== null && Object.hasOwn(STRUCTURES, name) ? STRUCTURES[name as StructureName] : undefined;
}

/** What a process passes to an ioctl: those fields, and zeros. */
export function ioctlBytes<N extends StructureName>(
  name: N,
  values: { [F in keyof Structures[N]['takes']]?: bigint | boolean | number },
): Uint8Array {
  const { size, takes } = STRUCTURES[name];
  const bytes = new Uint8Array(size);
  storeFields(takes, values, new DataView(bytes.buffer));
  return bytes;
}

/** All fields of an ioctl's structure. */
function ioctlValues<N extends StructureName>(
  name: N,
  bytes: Uint8Array,
): FieldValues<Structures[N]['takes'] & Structures[N]['gives']> {
  const { takes, gives } = STRUCTURES[name];
  const fields: Fields = { ...takes, ...gives };
  return readFields(fields, bytes) as FieldValues<Structures[N]['takes'] & Structures[N]['gives']>;
}

export function u32Bytes(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

/** flat_binder_object for BINDER_SET_CONTEXT_MGR_EXT. */
export function managerBytes(manager: { flags: number; ptr: bigint | number; cookie: bigint | number }): Uint8Array {
  const bytes = new Uint8Array(wire.FLAT_OBJECT_SIZE);
  storeObject(new DataView(bytes.buffer), 0, { type: 'binder', ...manager }, 0);
  return bytes;
}

export function extendedErrorOf(bytes: Uint8Array): ExtendedError {
  const command = u32At(bytes, wire.EXTENDED_ERROR_COMMAND);
  return {
    id: u32At(bytes, wire.EXTENDED_ERROR_ID),
    command: wordName(command) ?? `0x${command.toString(16)}`,
    param: i32At(bytes, wire.EXTENDED_ERROR_PARAM),
  };
}

export function frozenInfoOf(bytes: Uint8Array): FrozenInfo {
  const { pid, sync_recv, async_recv } = ioctlValues('BINDER_GET_FROZEN_INFO', bytes);
  return { pid, syncRecv: sync_recv, asyncRecv: async_recv };
}

export function nodeDebugInfoOf(bytes: Uint8Array): NodeDebugInfo {
  const { object, cookie, has_strong_ref, has_weak_ref } = ioctlValues('BINDER_GET_NODE_DEBUG_INFO', bytes);
  return { ptr: object, cookie, hasStrongRef: has_strong_ref !== 0, hasWeakRef: has_weak_ref !== 0 };
}

export function nodeInfoForRefOf(bytes: Uint8Array): NodeInfoForRef {
  const { handle, strong, weak } = ioctlValues('BINDER_GET_NODE_INFO_FOR_REF', bytes);
  return { handle, strongCount: strong, weakCount: weak };
}
