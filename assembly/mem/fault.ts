/**
 * Page faults. A touch that the page table does not allow brings the page in, copies it at the first write, or becomes a
 * signal.
 */
import { EVENT_FAULT } from '../abi/events';
import {
  ACCESS_WRITE,
  BUS_ADRERR,
  FRAME_ANON,
  MAP_SHARED,
  PAGE_MASK,
  PAGE_SHIFT,
  PAGE_SIZE,
  PROT_WRITE,
  SEGV_ACCERR,
  SEGV_MAPERR,
  SIGBUS,
  SIGSEGV,
} from '../abi/machine';
import { recordLong, tracingFaults } from '../trace';
import { frameAlloc, frameAllocZero, frameKeeper, frameMarkDirty, framePut, frameRefcount } from './frames';
import { leafInstall, leafWrite } from './leaves';
import { PTE_COW, PTE_LENT, PTE_OWNED, pteAllows, pteFrame, pteUser, pteWithProt } from './pte';
import { Space, spaceVma, Vma } from './space';
import { tableLookup } from './table';

@unmanaged
class Fault {
  giveUp: u32;
}

const state = changetype<Fault>(memory.data(offsetof<Fault>(), 4));

const NO_MAPPING = -((SIGSEGV << 8) | SEGV_MAPERR);
const NO_RIGHT = -((SIGSEGV << 8) | SEGV_ACCERR);
const NO_PAGE = -((SIGBUS << 8) | BUS_ADRERR);

/** Sets `giveUp`, (keeper: usize) => void by its number (lib/funcref): it asks the keeper of a frame to release it, which may decline. */
export function faultGivesUp(giveUp: u32): void {
  state.giveUp = giveUp;
}

/**
 * Makes the page of `va` accessible.
 * @param access ACCESS_READ or ACCESS_WRITE
 * @returns 0, or -(signal << 8 | si_code): SIGSEGV with SEGV_MAPERR where nothing is mapped, with SEGV_ACCERR where
 *   the area does not allow the access; SIGBUS with BUS_ADRERR where the mapping has no page, or memory is out
 */
export function spaceFault(space: Space, va: u64, access: i32): i32 {
  if (space.foreign && !spaceVma(space, va)) return NO_MAPPING; // no fault of the machine's: the host has that memory
  space.counters.faults++;
  const result = resolve(space, va, access);
  if (tracingFaults()) recordLong(EVENT_FAULT, <u32>va, <u32>(va >> 32), access, result);
  return result;
}

function resolve(space: Space, va: u64, access: i32): i32 {
  const vma = spaceVma(space, va);
  if (!vma) return NO_MAPPING;
  const isWrite = access == ACCESS_WRITE;
  if (isWrite ? (vma.prot & PROT_WRITE) == 0 : vma.prot == 0) return NO_RIGHT;

  const slot = tableLookup(space.root, va);
  const entry = slot == 0 ? 0 : load<u64>(slot);
  if (entry == 0) return bringIn(space, vma, va & ~(<u64>PAGE_MASK), isWrite);
  if (pteAllows(entry, isWrite)) return 0;
  return (entry & PTE_COW) != 0 ? breakShare(space, vma, slot) : NO_RIGHT;
}

/** Maps a zeroed page of anonymous memory at `va`, where nothing is mapped yet. 0, or SIGBUS as spaceFault returns it. */
export function faultZero(space: Space, vma: Vma, va: u64): i32 {
  const frame = frameAllocZero(0, FRAME_ANON, changetype<usize>(space));
  return frame == 0 ? NO_PAGE : installOwned(space, vma, va, frame);
}

/** Maps the page at `va`, of which there is no leaf yet. */
function bringIn(space: Space, vma: Vma, va: u64, isWrite: bool): i32 {
  if (!vma.pages) return faultZero(space, vma, va);
  const frame = faultFrame(vma, va);
  if (frame == 0) return NO_PAGE;
  if ((vma.flags & MAP_SHARED) != 0) return leafInstall(space, va, pteUser(frame, vma.prot)) == 0 ? 0 : NO_PAGE;
  if (isWrite) return bringInCopy(space, vma, va, frame);
  return leafInstall(space, va, pteWithProt(pteUser(frame, vma.prot) | PTE_COW, vma.prot)) == 0 ? 0 : NO_PAGE;
}

/** The frame that a first touch of `va` would find in the area's page array; 0 where it would find none. */
export function faultFrame(vma: Vma, va: u64): usize {
  const pages = vma.pages;
  if (!pages || !pages.installOnFault) return 0;
  const index = vma.pageOffset + <u32>((va - vma.start) >> PAGE_SHIFT);
  return index < pages.count ? load<usize>(pages.base + index * pages.stride) : 0;
}

/** A write to a page of a private mapping of a page array: the space gets its own copy. */
function bringInCopy(space: Space, vma: Vma, va: u64, from: usize): i32 {
  const frame = copyOf(space, from);
  return frame == 0 ? NO_PAGE : installOwned(space, vma, va, frame);
}

/** Maps a frame at `va` whose only reference passes to the leaf. */
function installOwned(space: Space, vma: Vma, va: u64, frame: usize): i32 {
  if (leafInstall(space, va, pteUser(frame, vma.prot) | PTE_OWNED) == 0) return 0;
  framePut(frame);
  return NO_PAGE;
}

/** A write to a copy-on-write page: the last user takes the frame, any other user gets a copy. */
function breakShare(space: Space, vma: Vma, slot: usize): i32 {
  const entry = load<u64>(slot);
  const shared = pteFrame(entry);
  // When the keeper is the only other user the space can have the frame without a copy.
  if (frameKeeper(shared) && frameRefcount(shared) == 2) call_indirect<void>(state.giveUp, frameKeeper(shared));
  if ((entry & PTE_OWNED) != 0 && frameRefcount(shared) == 1) {
    leafWrite(space, slot, pteWithProt(entry & ~(PTE_COW | PTE_LENT), vma.prot));
    return 0;
  }
  const frame = copyOf(space, shared);
  if (frame == 0) return NO_PAGE;
  if ((entry & PTE_LENT) != 0) {
    space.counters.copies++;
    space.counters.bytesCopied += PAGE_SIZE;
  }
  leafWrite(space, slot, pteUser(frame, vma.prot) | PTE_OWNED);
  return 0;
}

/** A new anonymous frame with the bytes of another; 0 if there is no memory. */
function copyOf(space: Space, from: usize): usize {
  const frame = frameAlloc(0, FRAME_ANON, changetype<usize>(space));
  if (frame == 0) return 0;
  memory.copy(frame, from, PAGE_SIZE);
  frameMarkDirty(frame);
  return frame;
}
