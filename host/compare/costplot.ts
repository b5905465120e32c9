/** The plot of cost by payload: a line for each group of curves with equal cost, and a ring at each crossover. */
import { exactBytesText, timeText } from '../plot/figures.ts';
import type { LinePlot, Point } from '../plot/lineplot.ts';
import { crossingText } from './answer.ts';
import type { CostProfile } from './costs.ts';
import { type CurveGroup, groupsOf, SAME } from './crossings.ts';
import { type Name, namesText } from './curve.ts';
import { lookOf } from './looks.ts';
import type { Study } from './study.ts';

export function costPlot({ rows, payloads, curves, crossings }: Study, { machine }: CostProfile): LinePlot {
  const asked = new Set(rows.map(({ payload }) => payload));
  const lines = groupsOf(curves, payloads).map((group) => ({
    name: lineName(group),
    look: lookOf(group.names[0] as Name),
    points: payloads.map(
      (payload): Point => ({
        x: payload,
        y: (group.curves[0] as CurveGroup['curves'][0]).at(payload),
        bare: !asked.has(payload),
      }),
    ),
  }));
  const isLog = lines.every(({ points }) => points.every(({ y }) => y >= 1));
  return {
    title: `Cost of a warm call against its payload, on ${machine}`,
    lines,
    marks: crossings.map((crossing) => ({ x: crossing.at, y: crossing.aheadNs[0], text: crossingText(crossing) })),
    xName: 'payload, bytes (log scale)',
    yName: `time of a warm call by the model${isLog ? ' (log scale)' : ''}`,
    xText: exactBytesText,
    yText: timeText,
    x: 'bytes',
    y: isLog ? 'log' : 'linear',
  };
}

function lineName({ names }: CurveGroup): string {
  return names.length === 1 ? namesText(names) : `${namesText(names)}: the same, within ${100 * SAME} %`;
}
