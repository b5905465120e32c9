/**
 * Entry of build/test.wasm: what unit tests call inside of the guest, below the system calls. Functions pass as they are;
 * records are pointers on the outside, so what tests read of them has a reader here.
 */
import { MapRequest, spaceMap as map } from '../../../assembly/mem/areas';
import { framesBoot } from '../../../assembly/mem/frames';
import { PageArray, Space, spacesBoot, Vma } from '../../../assembly/mem/space';

export {
  bitmapClear,
  bitmapFindZero,
  bitmapSet,
  bitmapTest,
} from '../../../assembly/lib/bitmap';
export { bytesMove } from '../../../assembly/lib/bytes';
export { digest } from '../../../assembly/lib/digest';
export {
  listAddHead,
  listAddTail,
  listBefore,
  listCheck,
  listDel,
  listEmpty,
  listFirst,
  listHang,
  listInit,
  listJoin,
  listLift,
  listLinked,
  listNext,
} from '../../../assembly/lib/list';
export {
  rbErase,
  rbFirst,
  rbInsertColor,
  rbLeft,
  rbLeftSlot,
  rbLink,
  rbNext,
  rbRight,
  rbRightSlot,
  rbRoot,
} from '../../../assembly/lib/rbtree';
export { slabAlloc, slabFree, slabGrow, slabInit, slabLive, slabReap } from '../../../assembly/lib/slab';
export { spaceDestroy, spaceProtect, spaceUnmap } from '../../../assembly/mem/areas';
export { spaceFault } from '../../../assembly/mem/fault';
export { spaceFork } from '../../../assembly/mem/fork';
export {
  frameAlloc,
  frameAllocZero,
  frameFlags,
  frameGet,
  frameKind,
  frameOwner,
  framePut,
  frameRefcount,
  framesCheck,
  framesCount,
  framesFree,
  framesTouched,
} from '../../../assembly/mem/frames';
export { kmemAlloc, kmemFree, kmemLive, kmemLiveTotal, kmemReap } from '../../../assembly/mem/kmem';
export { spaceInstall, spaceInstallRun, spaceLend, spaceZap } from '../../../assembly/mem/leaves';
export {
  kernelSpace,
  spaceCounters,
  spaceCreate,
  spaceFirstVma,
  spaceHasOwner,
  spaceNextVma,
  spaceResident,
  spaceTakeClosed,
  spaceVma,
  vmaFree,
} from '../../../assembly/mem/space';
export {
  tableCreate,
  tableEnsure,
  tableEnsureBlock,
  tableFree,
  tableLookup,
  tableNext,
  tablePrune,
  tableWalk,
} from '../../../assembly/mem/table';
export {
  copyFromUser,
  copyFromUserOn,
  copyToUser,
  getUser32,
  putUser32,
  putUser64,
  userShow,
  userTouch,
  userWindow,
} from '../../../assembly/mem/uaccess';
export {
  kernelAddress,
  kernelInstall,
  kernelReservedBytes,
  kernelZap,
  vmallocRelease,
  vmallocReserve,
} from '../../../assembly/mem/vmalloc';

export function boot(memoryBytes: u32, vmallocBytes: u32): void {
  framesBoot(memoryBytes);
  spacesBoot(vmallocBytes);
}

export function spaceRoot(space: Space): usize {
  return space.root;
}

export function vmaStart(vma: Vma): u64 {
  return vma.start;
}

export function vmaEnd(vma: Vma): u64 {
  return vma.end;
}

export function vmaProt(vma: Vma): u32 {
  return vma.prot;
}

export function vmaOwner(vma: Vma): usize {
  return vma.owner;
}

export function spaceSetForeign(space: Space): void {
  space.foreign = true;
}

export function vmaSetMayWrite(vma: Vma, mayWrite: bool): void {
  vma.mayWrite = mayWrite;
}

export function vmaSetDontCopy(vma: Vma, dontCopy: bool): void {
  vma.dontCopy = dontCopy;
}

/** Makes the 16 bytes at `address` a page array. */
export function pageArrayInit(address: usize, base: usize, stride: u32, count: u32, installOnFault: bool): void {
  const pages = changetype<PageArray>(address);
  pages.base = base;
  pages.stride = stride;
  pages.count = count;
  pages.installOnFault = installOnFault;
}

const request = changetype<MapRequest>(memory.data(offsetof<MapRequest>(), 8));

/** mmap with each field of the request as an argument. */
export function spaceMap(
  space: Space,
  addr: u64,
  len: u64,
  prot: u32,
  flags: u32,
  pages: PageArray | null,
  pageOffset: u32,
  owner: usize,
): i64 {
  request.addr = addr;
  request.len = len;
  request.prot = prot;
  request.flags = flags;
  request.pages = pages;
  request.pageOffset = pageOffset;
  request.owner = owner;
  return map(space, request);
}
