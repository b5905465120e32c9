/**
 * Strategy `kmap`, Linux 5.1 on: a page is mapped for the user when a buffer first covers it; the kernel keeps no address
 * of its own for it and maps one page at a time for each copy. On a machine with a direct map, as here and on arm64,
 * that mapping costs no page-table write; it is counted all the same (`kmaps`).
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
  return record;
}
