/** Rows of the comparison for tests: few calls, on the release build. */
import { guestModule } from '../../host/cli/boot.ts';
import { CALL } from '../../host/compare/call.ts';
import { type Conditions, measure, type Row } from '../../host/compare/comparison.ts';
import { COST_PROFILES, type CostProfile } from '../../host/compare/costs.ts';
import { Machines } from '../../host/compare/machines.ts';
import type { RowStrategy, Send, Workload } from '../../host/compare/scene.ts';

export const PROFILE = COST_PROFILES[0] as CostProfile;

export const CONDITIONS: Conditions = { machines: new Machines({ wasm: guestModule() }), calls: 3, profile: PROFILE };

export function row(
  strategy: RowStrategy,
  payload: number,
  { workload = CALL, send = 'inline' }: { workload?: Workload; send?: Send } = {},
): Row {
  return measure({ workload, strategy, send, payload }, CONDITIONS);
}
