/**
 * The plot in README.md: the model's cost of a call against its payload. The model counts and does not measure, so the file
 * is the same wherever it is made. Run by itself this writes it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CALL } from '../../host/compare/call.ts';
import { measure } from '../../host/compare/comparison.ts';
import { costPlot } from '../../host/compare/costplot.ts';
import { studyOf } from '../../host/compare/study.ts';
import { STRATEGIES } from '../../host/index.ts';
import { plotFile } from '../../host/plot/lineplot.ts';
import { CONDITIONS, PROFILE } from './counts.ts';

export const README_PLOT = join(import.meta.dirname, '../../../docs/compare-call.svg');

const WIDTH = 820;
const PAYLOADS = [4, 4096, 65536, 524288];

export function readmePlot(): string {
  const ways = [
    ...STRATEGIES.map((strategy) => ({ workload: CALL, strategy, send: 'inline' as const })),
    ...(['memfd', 'new-memfd'] as const).map((send) => ({ workload: CALL, strategy: 'kmap' as const, send })),
  ];
  const choices = PAYLOADS.flatMap((payload) => ways.map((way) => ({ ...way, payload })));
  const rows = choices.map((choice) => measure(choice, CONDITIONS));
  return plotFile(costPlot(studyOf(rows, choices, CONDITIONS), PROFILE), WIDTH);
}

if (process.argv[1] === import.meta.filename) writeFileSync(README_PLOT, readmePlot());
