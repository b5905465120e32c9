/**
 * Strategy `fault`, planned upstream: a page has its frame when a buffer first covers it, as under `kmap`, and its user
 * entry only when the receiver first touches it. Who never looks at a message never pays for mapping it; who does takes
 * a fault for each page.
 */
import { STRATEGY_FAULT } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { Area, Strategy } from './area';
import { ownPageDrop, ownPageFill } from './ownpage';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function faultStrategy(): Strategy {
  record.number = STRATEGY_FAULT;
  record.reclaims = true;
  record.kmaps = true;
  record.setup = funcref(changetype<usize>(setup));
  record.install = funcref(changetype<usize>(ownPageFill));
  record.drop = funcref(changetype<usize>(ownPageDrop));
  return record;
}

function setup(area: Area): i32 {
  area.pageArray!.installOnFault = true;
  return 0;
}
