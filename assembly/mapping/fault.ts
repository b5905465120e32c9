/**
 * Strategy `fault`, planned upstream. A page gets its frame when a buffer first covers it, as under `kmap`. It gets its user
 * entry when the receiver first touches it. A receiver that does not read a message does not pay for the mapping. A
 * receiver that reads it takes a fault for each page.
 */
import { STRATEGY_FAULT } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { Area, areaPage, Strategy } from './area';
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
  assert(!areaPage(area, 0).frame, 'fault: a page has a frame before the setup');
  area.pageArray!.installOnFault = true;
  return 0;
}
