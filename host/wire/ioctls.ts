/** The driver's ioctls apart from BINDER_WRITE_READ: names, and the structures that they take. */
import * as protocol from '../../assembly/abi/protocol.ts';
import * as wire from '../../assembly/abi/wire.ts';
import { bigAt, i32At, setBig, u32At } from './endian.ts';
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

export function u32Bytes(value: number): Uint8Array {
  return structure(4, (view) => view.setUint32(0, value, true));
}

/** flat_binder_object for BINDER_SET_CONTEXT_MGR_EXT. */
export function managerBytes(manager: { flags: number; ptr: bigint | number; cookie: bigint | number }): Uint8Array {
  return structure(wire.FLAT_OBJECT_SIZE, (view) => {
    view.setUint32(wire.OBJECT_TYPE, protocol.BINDER_TYPE_BINDER, true);
    view.setUint32(wire.OBJECT_FLAGS, manager.flags, true);
    setBig(view, wire.FLAT_OBJECT_HANDLE, manager.ptr);
    setBig(view, wire.FLAT_OBJECT_COOKIE, manager.cookie);
  });
}

export function freezeBytes(pid: number, enable: boolean, timeoutMs: number): Uint8Array {
  return structure(wire.FREEZE_INFO_SIZE, (view) => {
    view.setUint32(wire.FREEZE_INFO_PID, pid, true);
    view.setUint32(wire.FREEZE_INFO_ENABLE, enable ? 1 : 0, true);
    view.setUint32(wire.FREEZE_INFO_TIMEOUT_MS, timeoutMs, true);
  });
}

export function frozenQueryBytes(pid: number): Uint8Array {
  return structure(wire.FROZEN_STATUS_INFO_SIZE, (view) => view.setUint32(wire.FROZEN_STATUS_INFO_PID, pid, true));
}

/** Asks for the first node above `ptr`. */
export function nodeQueryBytes(ptr: bigint | number): Uint8Array {
  return structure(wire.NODE_DEBUG_INFO_SIZE, (view) => setBig(view, wire.NODE_DEBUG_INFO_PTR, ptr));
}

export function refQueryBytes(handle: number): Uint8Array {
  return structure(wire.NODE_INFO_FOR_REF_SIZE, (view) => view.setUint32(wire.NODE_INFO_FOR_REF_HANDLE, handle, true));
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
  return {
    pid: u32At(bytes, wire.FROZEN_STATUS_INFO_PID),
    syncRecv: u32At(bytes, wire.FROZEN_STATUS_INFO_SYNC_RECV),
    asyncRecv: u32At(bytes, wire.FROZEN_STATUS_INFO_ASYNC_RECV),
  };
}

export function nodeDebugInfoOf(bytes: Uint8Array): NodeDebugInfo {
  return {
    ptr: bigAt(bytes, wire.NODE_DEBUG_INFO_PTR),
    cookie: bigAt(bytes, wire.NODE_DEBUG_INFO_COOKIE),
    hasStrongRef: u32At(bytes, wire.NODE_DEBUG_INFO_HAS_STRONG_REF) !== 0,
    hasWeakRef: u32At(bytes, wire.NODE_DEBUG_INFO_HAS_WEAK_REF) !== 0,
  };
}

export function nodeInfoForRefOf(bytes: Uint8Array): NodeInfoForRef {
  return {
    handle: u32At(bytes, wire.NODE_INFO_FOR_REF_HANDLE),
    strongCount: u32At(bytes, wire.NODE_INFO_FOR_REF_STRONG_COUNT),
    weakCount: u32At(bytes, wire.NODE_INFO_FOR_REF_WEAK_COUNT),
  };
}

function structure(size: number, store: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(size);
  store(new DataView(bytes.buffer));
  return bytes;
}
