/** The allocator's exhaustive test in the build with asserts, and the pages of its area for tests that break them. */
import { allocBoot, BinderAlloc } from '../../../assembly/alloc/alloc';
import { pagesBoot } from '../../../assembly/alloc/pages';
import { areaPage, LruPage } from '../../../assembly/mapping/area';

export {
  exhaustAlloc,
  exhaustFailed,
  exhaustFound,
  exhaustFreed,
  exhaustOffset,
  exhaustOrder,
  exhaustOrders,
  exhaustPage,
  exhaustPlan,
  exhaustSize,
  exhaustStart,
  exhaustStep,
  exhaustSubject,
  exhaustWanted,
} from '../../../bench/guest/exhaust';

/** What the machine's boot does for the allocator, and this build's `boot` does not. */
export function allocatorBoot(): void {
  pagesBoot();
  allocBoot();
}

export function areaPageAt(alloc: BinderAlloc, index: i32): LruPage {
  return areaPage(alloc, index);
}
