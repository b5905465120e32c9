/**
 * The space of a forked child: the same areas, and the same private pages, shared until one of the two writes.
 * Pages of a page array are not taken over: where a touch installs them, it will in the child too.
 */
import { ENOMEM } from '../abi/errno';
import { MAP_SHARED, PAGE_SIZE } from '../abi/machine';
import { spaceUnmap } from './areas';
import { faultZero } from './fault';
import { frameGet } from './frames';
import { leafInstall, leafWrite } from './leaves';
import { PTE_COW, PTE_OWNED, PTE_READ_ONLY, pteFrame } from './pte';
import { Space, spaceFirstVma, spaceNextVma, USER_END, Vma, vmaCreate, vmaInsert } from './space';
import { tableLookup, tableNext } from './table';

/**
 * Gives `child`, an empty space, what `parent` has, but for areas with dontCopy. Areas keep their owner: the caller
 * takes whatever reference that means, for each area of the child, once this has succeeded.
 * @returns 0; or -ENOMEM, and the child is empty again, with no area reported as closed
 */
export function spaceFork(child: Space, parent: Space): i32 {
  child.foreign = parent.foreign;
  let vma = spaceFirstVma(parent);
  while (vma) {
    if (!vma.dontCopy && !copyArea(child, parent, vma)) {
      disown(child);
      spaceUnmap(child, 0, USER_END);
      return -ENOMEM;
    }
    vma = spaceNextVma(parent, vma);
  }
  return 0;
}

function copyArea(child: Space, parent: Space, vma: Vma): bool {
  const copy = vmaCreate(vma.start, vma.end);
  if (!copy) return false;
  copy.prot = vma.prot;
  copy.flags = vma.flags;
  copy.pages = vma.pages;
  copy.pageOffset = vma.pageOffset;
  copy.owner = vma.owner;
  copy.mayWrite = vma.mayWrite;
  vmaInsert(child, copy);
  const isShared = (vma.flags & MAP_SHARED) != 0;
  if (isShared && !vma.pages && !bringInAll(parent, vma)) return false;
  return sharePages(child, parent, vma, isShared);
}

/** Shared anonymous memory: both must see the same pages, so all of them have to exist before the two part. */
function bringInAll(parent: Space, vma: Vma): bool {
  for (let va = vma.start; va < vma.end; va += PAGE_SIZE) {
    const slot = tableLookup(parent.root, va);
    if (slot != 0 && load<u64>(slot) != 0) continue;
    if (faultZero(parent, vma, va) != 0) return false;
  }
  return true;
}

/** The child gets the pages that the parent owns: as they are if the area is shared, else read-only on both sides. */
function sharePages(child: Space, parent: Space, vma: Vma, isShared: bool): bool {
  let va = tableNext(parent.root, vma.start, vma.end);
  while (va < vma.end) {
    const slot = tableLookup(parent.root, va);
    const entry = load<u64>(slot);
    if ((entry & PTE_OWNED) != 0) {
      const shared = isShared ? entry : entry | PTE_COW | PTE_READ_ONLY;
      if (leafInstall(child, va, shared) != 0) return false;
      frameGet(pteFrame(entry));
      if (shared != entry) leafWrite(parent, slot, shared);
    }
    va = tableNext(parent.root, va + PAGE_SIZE, vma.end);
  }
  return true;
}

/** No references were taken for the child's areas yet, so their end is not reported. */
function disown(child: Space): void {
  let vma = spaceFirstVma(child);
  while (vma) {
    vma.owner = 0;
    vma = spaceNextVma(child, vma);
  }
}
