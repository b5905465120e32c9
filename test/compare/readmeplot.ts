/**
 * The plot in README.md: the model's cost of a call against its payload. The model counts and does not measure, so the file
 * is the same wherever it is made. Run by itself this writes it.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { costPlot } from '../../host/compare/page.ts';
import { STRATEGIES } from '../../host/index.ts';
import { Styles, standalone } from '../../host/plot/svg.ts';
import { PROFILE, row } from './counts.ts';

export const README_PLOT = join(import.meta.dirname, '../../../docs/compare-call.svg');

const PAYLOADS = [4, 64, 512, 2048, 4096, 16384, 65536, 262144, 524288];

export function readmePlot(): string {
  const rows = [
    ...STRATEGIES.flatMap((strategy) => PAYLOADS.map((payload) => row(strategy, payload))),
    ...PAYLOADS.map((payload) => row('kmap', payload, { send: 'memfd' })),
  ];
  return standalone(costPlot(rows, PROFILE, new Styles()));
}

if (process.argv[1] === import.meta.filename) writeFileSync(README_PLOT, readmePlot());
