/** Branches of the core that no run of `npm run coverage` reaches, and why. A branch is named by its file and its line's text. */

interface Unreached {
  readonly reason: string;
  readonly branches: readonly (readonly [file: string, text: string])[];
}

export const UNREACHED: readonly Unreached[] = [
  {
    reason: 'programs outside of the machine, which no journal has: test/os/foreign.test.ts',
    branches: [
      [
        'assembly/alloc/alloc.ts',
        'if (alloc.space.foreign) userShow(alloc.space, alloc.userBase + buffer.offset, buffer.size);',
      ],
      [
        'assembly/mem/fault.ts',
        "if (space.foreign && !spaceVma(space, va)) return NO_MAPPING; // no fault of the machine's: the host has that memory",
      ],
      ['assembly/mem/uaccess.ts', 'if (bytes == 0 || missed != 0) break;'],
      ['assembly/mem/uaccess.ts', 'if (!space.foreign || va >= end) return 0;'],
      ['assembly/mem/uaccess.ts', 'if (vma && vma.start <= va) return 0;'],
      ['assembly/mem/uaccess.ts', 'return <u32>min<u64>(len, (vma ? vma.start : end) - va);'],
      [
        'assembly/mem/uaccess.ts',
        'return bytes == 0 ? len : len - bytes + clientRead(changetype<usize>(space), dst, <f64>src, bytes);',
      ],
      [
        'assembly/mem/uaccess.ts',
        'return bytes == 0 ? len : len - bytes + clientWrite(changetype<usize>(space), <f64>dst, src, bytes);',
      ],
      ['assembly/mem/uaccess.ts', 'export function userShow(space: Space, va: u64, len: u32): void {'],
    ],
  },
  {
    reason: 'a broken machine, which only a test makes: test/check/mutations.test.ts',
    branches: [
      ['assembly/mem/frames.ts', 'if (!isPoison(at)) return <i32>max(spoiltByte(at), 1);'],
      ['assembly/mem/frames.ts', 'if (!blockCheck(block, number)) return <i32>(number << PAGE_SHIFT);'],
      ['assembly/mem/frames.ts', 'return free == state.free && freeBlocks == listedBlocks() ? 0 : -1;'],
      ['assembly/mem/frames.ts', 'function spoiltByte(at: usize): usize {'],
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
      ['assembly/mem/tlb.ts', 'if (written != 0 && written != page) return false;'],
      [
        'assembly/mem/tlb.ts',
        'if (!pteAllows(entry, written != 0) || pteFrame(entry) != load<usize>(slot, FRAME)) return false;',
      ],
    ],
  },
  {
    reason: 'inspection only: test/inspect',
    branches: [
      ['assembly/alloc/pages.ts', 'export function lruCount(): i32 {'],
      ['assembly/mem/table.ts', 'export function tableDescriptor(root: usize, va: u64, level: i32): u64 {'],
    ],
  },
];
