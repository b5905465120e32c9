/**
 * Strategy `kmap`, Linux 5.1 and later. A page is mapped for the user when a buffer first covers it. The kernel keeps no
 * address for the page and maps one page at a time for each copy. With a direct map, as here and on arm64, this mapping
 * costs no page-table write. It is counted all the same (`kmaps`).
 */
import { STRATEGY_KMAP } from '../abi/machine';
import { funcref } from '../lib/funcref';
import { Strategy } from './area';
import { ownPageDrop, ownPageInstall } from './ownpage';

const record = changetype<Strategy>(memory.data(offsetof<Strategy>(), 8));

export function kmapStrategy(): Strategy {
  record.number = STRATEGY_KMAP;
  record.eager = true;
  record.reclaims = true;
  record.kmaps = true;
  record.install = funcref(changetype<usize>(ownPageInstall));
  record.drop = funcref(changetype<usize>(ownPageDrop));
  assert(!record.window, 'kmapStrategy: the kernel keeps an address of a page');
  return record;
}
