/** What the machine as a whole has: its settings, and the page that passes bytes between host and guest. */
import { PAGE_SIZE } from './abi/machine';
import { SecurityContext } from './task/secctx';

@unmanaged
class Machine {
  strategy: u8; // of mappings whose mmap names none
  secctx: SecurityContext | null; // of new processes
}

export const machine = changetype<Machine>(memory.data(offsetof<Machine>(), 4));
export const scratchPage: usize = memory.data(PAGE_SIZE, 8);
