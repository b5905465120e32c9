/** One address through one page table: the entry, and the frame to which it leads. */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Inspector, SpaceOwner } from '../inspect/inspector.ts';

export interface PageTranslation {
  readonly address: bigint;
  /** The last page-table entry of the walk, in arm64's format; 0n when nothing is mapped. */
  readonly entry: bigint;
  /** Level of that entry: 3 for a page of 4 KiB, 2 for a block of 2 MiB. */
  readonly level: number;
  /** Linear address of the frame; null when the processor would fault. */
  readonly frame: number | null;
  /** "user, read-only"; "not mapped". */
  readonly access: string;
}

/** Bits of a page-table entry on arm64: AP[1], user space may use the page; AP[2], the page is read-only. */
const ENTRY_USER = 1n << 6n;
const ENTRY_READ_ONLY = 1n << 7n;

/** Who may do what with a page. */
export function accessOf(entry: bigint): { user: boolean; writable: boolean } {
  return { user: (entry & ENTRY_USER) !== 0n, writable: (entry & ENTRY_READ_ONLY) === 0n };
}

/** @returns null when the space has no such address, or when its process has ended. */
export function translate(inspect: Inspector, owner: SpaceOwner, address: number | bigint): PageTranslation | null {
  const isGone = owner !== 'kernel' && !inspect.processes().some(({ pid }) => pid === owner.pid);
  const walk = isGone ? null : inspect.walk(owner, address);
  if (walk === null) return null;
  const { linear, descriptor: entry, level } = walk;
  const { user, writable } = accessOf(entry);
  const access = `${user ? 'user' : 'kernel'}, ${writable ? 'writable' : 'read-only'}`;
  return {
    address: walk.address,
    entry,
    level,
    frame: linear === null ? null : frameAt(linear),
    access: linear === null ? 'not mapped' : access,
  };
}

/** Linear address of the frame that holds a linear address. */
export function frameAt(linear: number): number {
  return linear - (linear % PAGE_SIZE);
}
