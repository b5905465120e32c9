/** Injection for the whole machine: leads the hot paths of what is counted to their slow ones (mem/injection). */
import { INJECT_BUFFER, INJECT_COPY, INJECT_OBJECT } from './abi/machine';
import { allocCount } from './alloc/alloc';
import { procsFirst, procsNext } from './driver/state';
import { injectionSet } from './mem/injection';
import { kmemCount } from './mem/kmem';
import { spaceTlb } from './mem/space';
import { tlbFlush } from './mem/tlb';
import { processFirst, processNext } from './task/process';

/** Counts INJECT_* from now on, and lets number `nth` fail; 0: none. Of a copy, `bytes` bytes arrive before that. */
export function inject(what: i32, nth: u32, bytes: u32): void {
  injectionSet(what, nth, bytes);
  kmemCount(what == INJECT_OBJECT);
  for (let proc = procsFirst(); proc; ) {
    allocCount(proc.alloc, what == INJECT_BUFFER);
    proc = procsNext(proc);
  }
  if (what != INJECT_COPY) return;
  for (let process = processFirst(); process; ) {
    const space = process.space;
    if (space) tlbFlush(spaceTlb(space));
    process = processNext(process);
  }
}
