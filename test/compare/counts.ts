/** Rows of the comparison for tests: few calls, the release build, and a clock that stands still. */
import { guestModule } from '../../host/cli/boot.ts';
import { CALL } from '../../host/compare/call.ts';
import { measure, type Row } from '../../host/compare/comparison.ts';
import { COST_PROFILES, type CostProfile } from '../../host/compare/costs.ts';
import type { RowStrategy, Send, Workload } from '../../host/compare/scene.ts';

export const PROFILE = COST_PROFILES[0] as CostProfile;

export function row(
  strategy: RowStrategy,
  payload: number,
  { workload = CALL, send = 'inline' }: { workload?: Workload; send?: Send } = {},
): Row {
  const boot = { wasm: guestModule() };
  return measure({ workload, strategy, send, payload }, { boot, calls: 3, profile: PROFILE, now: () => 0 });
}
