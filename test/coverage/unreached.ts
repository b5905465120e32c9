/** Branches of the core that no run of `npm run coverage` reaches, and why. A branch is named by its file and its line's text. */

interface Unreached {
  readonly reason: string;
  readonly branches: readonly (readonly [file: string, text: string])[];
}

export const UNREACHED: readonly Unreached[] = [
  {
    reason: 'programs outside of the machine: their descriptors after a failure, and more bytes than a call can hold',
    branches: [
      ['assembly/driver/fixups.ts', 'if (isOutside(reader)) outsideClose(reader, fd);'],
      ['assembly/mem/client.ts', 'if (size > <u32>CLIENT_STORED_BYTES - at) return false;'],
      ['assembly/mem/client.ts', 'if (count == CLIENT_PIECES) return false;'],
    ],
  },
  {
    reason: 'a broken machine, which only a test makes: test/check/mutations.test.ts',
    branches: [
      ['assembly/mem/frames.ts', 'if (!blockCheck(block, number)) return <i32>(number << PAGE_SHIFT);'],
      ['assembly/mem/frames.ts', 'return free == state.free && freeBlocks == listedBlocks() ? 0 : -1;'],
      [
        'assembly/mem/frames.ts',
        'if (order > FRAME_ORDER_MAX || (number & (frames - 1)) != 0 || number + frames > state.count) return false;',
      ],
      [
        'assembly/mem/frames.ts',
        'if ((block.flags & FRAME_HEAD) == 0 || isFree != (block.refcount == 0)) return false;',
      ],
      ['assembly/mem/frames.ts', 'if (differing & INNER_MASK) return false;'],
      ['assembly/mem/frames.ts', 'if (!listCheck(head)) return -1;'],
      ['assembly/mem/frames.ts', 'if (!isFreeBlock(changetype<Frame>(link - LINK), order)) return -1;'],
      ['assembly/mem/kmem.ts', 'if (address >>> PAGE_SHIFT >= <usize>framesCount()) return false;'],
      ['assembly/mem/kmem.ts', 'if (frameKind(address) != FRAME_SLAB) return true;'],
      ['assembly/mem/tlb.ts', 'if (written != 0 && written != page) return false;'],
    ],
  },
  {
    reason: 'inspection only: test/inspect',
    branches: [
      ['assembly/alloc/pages.ts', 'export function lruCount(): i32 {'],
      ['assembly/alloc/pages.ts', 'for (let entry = listFirst(lru); entry; entry = listNext(entry, lru)) count++;'],
      ['assembly/mem/uaccess.ts', 'if (va >= USER_END) return 0;'],
    ],
  },
  {
    reason:
      "a place in a buffer that was checked when the message was sent; its bytes are only the kernel's to write. Linux checks again",
    branches: [
      ['assembly/alloc/alloc.ts', 'if (!reachable(buffer, offset, size)) return false;'],
      ['assembly/alloc/alloc.ts', '(!buffer.allowUserFree || !buffer.transaction)'],
      ['assembly/driver/contents.ts', '} else if (!allocRead(proc.alloc, buffer, offset, record, size)) {'],
      ['assembly/driver/contents.ts', 'if (!offsetRead(proc, buffer, index, entry)) return null;'],
      ['assembly/driver/contents.ts', 'if (!objectRead(proc, buffer, entry.offset, record, null, 0)) return null;'],
      [
        'assembly/driver/fixups.ts',
        'if (!allocWrite(proc.alloc, transaction.buffer!, fixup.offset, number, 4)) return -EINVAL;',
      ],
      [
        'assembly/driver/release.ts',
        'if (!offsetRead(proc, buffer, index, entry) || !objectRead(proc, buffer, entry.offset, releasing, null, 0)) {',
      ],
      ['assembly/driver/release.ts', 'if (!node) {'],
      ['assembly/driver/release.ts', 'if (!parent) {'],
      ['assembly/driver/release.ts', 'if (fault) {'],
      [
        'assembly/driver/release.ts',
        'klog(fault == ARRAY_ENDLESS ? KLOG_RELEASE_NUMBER : KLOG_RELEASE_SPACE, 0, 0, buffer.debugId, array.numFds);',
      ],
      [
        'assembly/driver/release.ts',
        'if (!allocRead(proc.alloc, buffer, start + index * 4, changetype<usize>(scratch), 4)) continue;',
      ],
      [
        'assembly/driver/translate.ts',
        'if (!offsetRead(at.target, at.buffer, ancestor.parent, ancestorEntry)) return false;',
      ],
    ],
  },
  {
    reason:
      "the sender's own bytes of an object that was copied from there just now: they differ only if the second copy faults",
    branches: [
      [
        'assembly/driver/translate.ts',
        'if (size != offsetof<BufferObject>()) return refuse(KLOG_PARENT_SIZE, at, size, offsetof<BufferObject>());',
      ],
    ],
  },
  {
    reason:
      "what the driver itself rules out before: a strong handle of a node without a strong count, a handle of one's own node, a reply out of turn, a notification without its ref",
    branches: [
      ['assembly/alloc/pages.ts', "return entry ? changetype<LruPage>(entry - offsetof<LruPage>('lruNext')) : null;"],
      ['assembly/driver/binderthreads.ts', "break; // its proc's"],
      ['assembly/driver/commands.ts', 'default:'],
      ['assembly/driver/nodes.ts', 'if (!sender && !node.internalStrongRefs && !isHeldManager(node)) {'],
      ['assembly/driver/refs.ts', 'if (!error) return changetype<i32>(ref);'],
      ['assembly/driver/refs.ts', 'if (!found) refFree(ref);'],
      ['assembly/driver/refs.ts', 'if (error) return error;'],
      [
        'assembly/driver/refs.ts',
        'const line = klog(KLOG_INVALID_DEC, ref.proc.pid, 0, strong ? 1 : 0, ref.debugId, ref.desc);',
      ],
      ['assembly/driver/release.ts', 'if (binderThread) binderThread.needReturn = true;'],
      ['assembly/driver/route.ts', 'if (caller.stack != call) {'],
      [
        'assembly/driver/route.ts',
        'userError(KLOG_REPLY_TARGET_STACK, sender, other ? other.debugId : 0, call.debugId);',
      ],
      ['assembly/driver/route.ts', 'if (owner == from) return refuse(KLOG_SELF, sender, -EINVAL);'],
    ],
  },
  {
    reason: 'more processes or handles than a machine has memory for',
    branches: [
      ['assembly/driver/freezer.ts', 'if (order > FRAME_ORDER_MAX) return -ENOMEM;'],
      ['assembly/driver/refs.ts', 'if (order > FRAME_ORDER_MAX) return false;'],
    ],
  },
  {
    reason: 'a freezer is woken when nothing is under way any more, and goes on before anything else can be sent',
    branches: [
      ['assembly/driver/freezer.ts', 'if (!signalled && !timedOut) return park(thread, file, freezing, proc);'],
    ],
  },
  {
    reason: 'with CVE-2025-68260: a release without another one beside it, which is as without the fault',
    branches: [['assembly/driver/lifecycle.ts', 'if (!link || worker.isBeside) return;']],
  },
  {
    reason: 'memory that is out at one frame of a rare kind: no run lets just that one fail',
    branches: [
      [
        'assembly/driver/transaction.ts',
        'if (!allocWrite(proc.alloc, buffer, offset, secctxBytes(secctx), secctx.size)) {',
      ],
      [
        'assembly/driver/transaction.ts',
        'if (!allocWrite(proc.alloc, buffer, offset, object, size)) return failure(BR_FAILED_REPLY, 0);',
      ],
      ['assembly/mapping/huge.ts', 'if (!run) return 0;'],
      ['assembly/mapping/index.ts', 'if (!target) return false;'],
      ['assembly/mem/areas.ts', 'if (error != 0) return error;'],
      [
        'assembly/mem/fault.ts',
        'if ((vma.flags & MAP_SHARED) != 0) return leafInstall(space, va, pteUser(frame, vma.prot)) == 0 ? 0 : NO_PAGE;',
      ],
      [
        'assembly/mem/leaves.ts',
        'if (leavesCut(space, va) != 0 || leavesCut(space, va + PAGE_SIZE) != 0) return -ENOMEM;',
      ],
    ],
  },
  {
    reason: 'a page table that is there already, and shapes of one that no strategy makes',
    branches: [
      ['assembly/mapping/ownpage.ts', 'if (!areaInstall(area, index, page.frame)) return 0;'],
      ['assembly/mapping/remap.ts', 'if (areaInstall(area, index, frame)) {'],
      ['assembly/mem/leaves.ts', 'if (load<u64>(slot) == 0) {'],
      ['assembly/mem/leaves.ts', 'if ((entry & PTE_OWNED) == 0) return 0;'],
      ['assembly/mem/leaves.ts', 'const rights = vma ? vma.prot : PROT_READ | PROT_WRITE;'],
      ['assembly/mem/leaves.ts', 'return pteUser(frame, writable ? rights : rights & ~PROT_WRITE);'],
      ['assembly/mem/leaves.ts', 'if ((entry & PTE_CONTIGUOUS) != 0) leafWrite(space, at, entry & ~PTE_CONTIGUOUS);'],
      ['assembly/mem/leaves.ts', 'if (space.isKernel) counters.pteWritesKernel += BLOCK_PAGES;'],
    ],
  },
  {
    reason: 'a leaf allows what its area allows, unless it is shared; the walk before has asked',
    branches: [
      ['assembly/mem/fault.ts', 'if (pteAllows(entry, isWrite)) return 0;'],
      ['assembly/mem/fault.ts', 'return (entry & PTE_COW) != 0 ? breakShare(space, vma, slot) : NO_RIGHT;'],
    ],
  },
  {
    reason: "under remap: a page that was read just now is the space's own, and one that was freed has no message",
    branches: [
      ['assembly/mapping/remap.ts', 'if (!frame) return false;'],
      ['assembly/mapping/remap.ts', 'if (!page.frame && !write) return zeroes + (offset & PAGE_MASK);'],
      ['assembly/mapping/remap.ts', 'if (!pageOnLru(page)) return;'],
    ],
  },
  {
    reason: 'a strategy that gives no page back has all of them from the start',
    branches: [
      [
        'assembly/alloc/pages.ts',
        'for (let page = first; pageBefore(page, stop); page = pageNext(page)) if (!page.frame) missing = page;',
      ],
    ],
  },
  {
    reason: 'callers ask for a byte at least',
    branches: [
      ['assembly/mapping/copy.ts', 'if (size) spaceCounters(area.space).copies++;'],
      ['assembly/mem/uaccess.ts', 'if (len == 0) return 0;'],
    ],
  },
];
