/**
 * Deliberate faults of the guest, one at a time: what a slip of the hand would make of it. The fuzzer has to find them
 * (`npm run fuzz:faults`). Each is of a kind that has been or could be: a stale value, a copy that lags behind, a reference
 * too many or too few, a list that keeps what is freed, a step that is left out on the way back.
 */

export interface Fault {
  readonly name: string;
  /** Path below `assembly/`. */
  readonly file: string;
  /** Occurs in the file once. */
  readonly search: string;
  readonly replacement: string;
}

const left = (name: string, file: string, search: string): Fault => ({ name, file, search, replacement: '' });

export const FAULTS: readonly Fault[] = [
  // stale values, and copies that lag behind
  left('route-keeps-translated', 'driver/route.ts', '  route.translated = 0;\n'),
  {
    name: 'size-lags-behind',
    file: 'alloc/ranges.ts',
    search: '    buffer.size = size;\n    rangesInsert(ranges, rest);\n',
    replacement: '    rangesInsert(ranges, rest);\n    buffer.size = size;\n',
  },
  left('joined-size-lags-behind', 'alloc/ranges.ts', '  rangesPrev(ranges, buffer)!.size += buffer.size;\n'),
  {
    name: 'async-space-of-data-only',
    file: 'alloc/alloc.ts',
    search: 'if (buffer.isAsync) ranges.asyncFree += size;',
    replacement: 'if (buffer.isAsync) ranges.asyncFree += <u32>align8(buffer.dataSize);',
  },
  left('high-page-lags-behind', 'alloc/alloc.ts', '  if (high > alloc.pagesHigh) alloc.pagesHigh = high;\n'),
  {
    name: 'tlb-not-flushed',
    file: 'mem/fork.ts',
    search: 'if (shared != entry) leafWrite(parent, slot, shared);',
    replacement: 'if (shared != entry) store<u64>(slot, shared);',
  },
  left('split-keeps-page-offset', 'mem/areas.ts', '  upper.pageOffset += <u32>((at - vma.start) >> PAGE_SHIFT);\n'),
  {
    name: 'memfd-count-wraps',
    file: 'task/memfd.ts',
    search: '(size >>> PAGE_SHIFT) + (size & PAGE_MASK ? 1 : 0)',
    replacement: '(size + PAGE_MASK) >>> PAGE_SHIFT',
  },

  // pages and their list
  {
    name: 'absorbed-page-not-retired',
    file: 'alloc/alloc.ts',
    search: 'if (!before && !after) pagesRetire',
    replacement: 'if (!before && !after && !prev.offset) pagesRetire',
  },
  {
    name: 'lru-not-joined',
    file: 'alloc/pages.ts',
    search: '  if (before) listJoin(before, after);\n  return missing;\n',
    replacement: '  return missing;\n',
  },
  left('dead-pages-on-the-lru', 'alloc/alloc.ts', '  pagesForget(alloc);\n'),
  left('twin-stays-mapped', 'mapping/vmalloc.ts', '  kernelZap(pageKernelAddress(area, index));\n'),
  {
    name: 'stage-counted-twice',
    file: 'mapping/twocopy.ts',
    search: 'pageStage(area, index).messages++;',
    replacement: 'pageStage(area, index).messages += index == last ? 2 : 1;',
  },

  // references
  left('temporary-reference-stays', 'driver/release.ts', '      nodeRelease(node);\n'),
  {
    name: 'weak-object-released-strongly',
    file: 'driver/release.ts',
    search: 'nodeDec(node, type == BINDER_TYPE_BINDER, false);',
    replacement: 'nodeDec(node, true, false);',
  },
  {
    name: 'strong-count-of-each',
    file: 'driver/refs.ts',
    search: '  if (!count) {\n',
    replacement: '  if (!count || strong) {\n',
  },
  left('handle-stays-taken', 'driver/refs.ts', '  bitmapClear(proc.descBitmap, ref.desc);\n'),
  left(
    'freed-ref-stays-at-its-node',
    'driver/refs.ts',
    "  listDel(changetype<usize>(ref) + offsetof<Ref>('siblingNext'));\n",
  ),
  left('freed-death-stays-queued', 'driver/refs.ts', '    workRemove(death);\n'),
  left('dead-node-stays-listed', 'driver/nodes.ts', '    deadNodesRemove(node);\n'),
  {
    name: 'mismatch-keeps-the-node',
    file: 'driver/translate.ts',
    search: '    line.d = node.cookie;\n    nodeRelease(node);\n',
    replacement: '    line.d = node.cookie;\n',
  },
  left('file-in-flight-not-held', 'driver/fixups.ts', '  fileGet(file);\n'),
  left(
    'reserved-number-stays',
    'driver/fixups.ts',
    '    if (fixup.targetFd >= 0 && reader) giveUp(reader.process, fixup.targetFd);\n',
  ),
  left('failed-message-keeps-files', 'driver/transaction.ts', '  fixupsDrop(transaction);\n'),
  left('forked-page-not-held', 'mem/fork.ts', '      frameGet(pteFrame(entry));\n'),

  // queues, stacks and counts
  {
    name: 'waiting-oneway-not-counted',
    file: 'driver/delivery.ts',
    search: '  proc.outstandingTxns++;\n  if (outdated)',
    replacement: '  if (!waits) proc.outstandingTxns++;\n  if (outdated)',
  },
  left('last-oneway-still-under-way', 'driver/release.ts', '    else node.hasAsyncTransaction = false;\n'),
  {
    name: 'nested-call-loses-the-outer',
    file: 'driver/stack.ts',
    search: '  binderThread.stack = transaction.fromParent;\n',
    replacement: '  binderThread.stack = null;\n',
  },
  left('buffer-keeps-its-transaction', 'driver/stack.ts', '    if (buffer) buffer.transaction = 0;\n'),
  left(
    'woken-thread-stays-listed',
    'task/wait.ts',
    '  if (listLinked(changetype<usize>(thread))) listDel(changetype<usize>(thread));\n',
  ),
];
