/** All measurements of one workload: its rows, the curves between their payloads, and the crossovers. */
import type { Conditions, Row, RowChoice } from './comparison.ts';
import { type Crossing, crossingsOf } from './crossings.ts';
import { type Curve, measuredCurve } from './curve.ts';
import { samples } from './samples.ts';
import type { Workload } from './scene.ts';

export interface Study {
  /** Name of the workload, the script or the journal. */
  workload: string;
  /** Describes its calls; a line for each kind of workload. */
  what: readonly string[];
  rows: readonly Row[];
  /** Payloads of the curves, ascending; empty when all rows have one payload. */
  payloads: readonly number[];
  curves: readonly Curve[];
  crossings: readonly Crossing[];
}

/** Describes a call of a script or journal. */
const RUN_WHAT =
  'A call is one BINDER_WRITE_READ with all that the processes did since the one before; a warm one is the mean of all but the first.';

/** @param rows The rows of the choices, all of one workload. */
export function studyOf(rows: readonly Row[], choices: readonly RowChoice[], conditions: Conditions): Study {
  const workloads = [...new Set(choices.map((choice) => choice.workload))];
  const [workload] = workloads as [Workload];
  const base = { workload: workload.name, what: workloads.map(whatOf), rows };
  const payloads = rows.map(({ payload }) => payload).filter((payload) => payload > 0);
  const [least, most] = [Math.min(...payloads), Math.max(...payloads)];
  if (payloads.length === 0 || least === most) return { ...base, payloads: [], curves: [], crossings: [] };
  const at = [...new Set([...payloads, ...samples(least, most, workload.jumps)])].sort((a, b) => a - b);
  const curves = choices.filter(({ payload }) => payload === most).map((choice) => measuredCurve(choice, conditions));
  return { ...base, payloads: at, curves, crossings: crossingsOf(curves, at, workload.jumps) };
}

/** @param rows The rows of one script or journal. */
export function runStudy(rows: readonly Row[]): Study {
  const [{ workload }] = rows as readonly [Row, ...Row[]];
  return { workload, what: [RUN_WHAT], rows, payloads: [], curves: [], crossings: [] };
}

function whatOf({ what, receive }: Workload): string {
  return receive === undefined ? what : `${receive}: ${what}`;
}
