/**
 * Strategy `prefault`, as in Starnix: every page of the mapping gets its frame and its entry at mmap, and keeps them. A
 * message costs only its copy. An idle mapping costs all of its memory.
 */
import { STRATEGY_PREFAULT } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { Area, areaPage, Strategy } from './area';
import { ownPageDrop, ownPageInstall } from './ownpage';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function prefaultStrategy(): Strategy {
  record.number = STRATEGY_PREFAULT;
  record.eager = true;
  record.kmaps = true;
  record.setup = funcref(changetype<usize>(setup));
  record.drop = funcref(changetype<usize>(ownPageDrop));
  return record;
}

function setup(area: Area): i32 {
  let error = 0;
  for (let index = 0; index < area.pageCount && !error; index++) error = ownPageInstall(area, index);
  assert(error || areaPage(area, area.pageCount - 1).frame, 'prefault: a page has no frame');
  return error;
}
