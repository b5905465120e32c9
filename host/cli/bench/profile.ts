/** The time of a case by function of the guest, from V8's sampling profiler on the build with names. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineChoice } from '../machineoptions.ts';
import { spinCase } from './processes.ts';

/** The run time of the case, ms, and the interval of samples, microseconds. */
const SPIN_MS = 2000;
const INTERVAL_US = 100;
/** The maximum of shown functions; the others share one line. */
const SHOWN_MAX = 40;
const GUEST = 'assembly/';

/** The fields of a `node --cpu-prof` file that are read here. */
interface CpuProfile {
  nodes: { id: number; callFrame: { functionName: string; url: string } }[];
  samples: number[];
}

export async function profileText(name: string, choice: MachineChoice): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-profile-'));
  try {
    const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_US}`];
    await spinCase(name, choice, SPIN_MS, flags);
    const [file] = readdirSync(folder);
    if (file === undefined) throw new Error('node wrote no profile');
    return tableOf(JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Shares of the samples inside of guest functions: by folder of the guest, then by function. */
function tableOf({ nodes, samples }: CpuProfile): string {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  const functions = samples
    .map((id) => names.get(id) ?? '')
    .filter((name) => name.startsWith(GUEST))
    .map((name) => name.slice(GUEST.length));
  if (functions.length === 0) throw new Error('no sample fell into the guest');
  const folders = functions.map((name) => name.slice(0, name.indexOf('/')));
  return ['by folder', ...shareLines(folders), '', 'by function', ...shareLines(functions)].join('\n');
}

/** " 12.3 %  name", the greatest first; functions that are not shown share one line. */
function shareLines(names: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const rows = [...counts].sort((a, b) => b[1] - a[1]);
  const line = (count: number, text: string) => `${((100 * count) / names.length).toFixed(1).padStart(5)} %  ${text}`;
  const lines = rows.slice(0, SHOWN_MAX).map(([name, count]) => line(count, name));
  const rest = rows.slice(SHOWN_MAX).reduce((sum, [, count]) => sum + count, 0);
  return rest > 0 ? [...lines, line(rest, `${rows.length - SHOWN_MAX} more`)] : lines;
}
