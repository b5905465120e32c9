/** `binderlab bench`: the cost of hot paths, as multiples of a nop call. */
import { readFileSync } from 'node:fs';
import { type Baseline, BaselineError, parseBaseline } from '../../../bench/baseline.ts';
import { CATALOGUE } from '../../../bench/catalogue.ts';
import { benchMachine, type Measurements, reportOf } from '../../../bench/report.ts';
import { ANY_NUMBER, defineCommand } from '../command.ts';
import { checkTarget, writeWhole } from '../files.ts';
import { MACHINE_OPTIONS, type MachineChoice, machineChoice } from '../machineoptions.ts';
import { wholeNumber } from '../number.ts';
import { withProgress } from '../progress.ts';
import { UsageError } from '../usage.ts';
import { benchPage } from './page.ts';
import { measureCase, measureLatency } from './processes.ts';
import { profileText } from './profile.ts';
import { tableLines } from './table.ts';

const ROUNDS_MAX = 1000;
const PROFILED = 'round-trip/driver/4';

export const benchCommand = defineCommand({
  words: {
    hint: 'CASE',
    min: 0,
    max: ANY_NUMBER,
    description: 'cases, by name or by the beginning of it; all when absent',
  },
  options: {
    rounds: { type: 'string', hint: 'N', default: '7', description: 'how often each case is measured; medians count' },
    baseline: {
      type: 'string',
      hint: 'FILE',
      description: 'an earlier result (--json): say what has changed, and whether that is more than noise',
    },
    profile: { type: 'boolean', description: 'where the time goes in one case, by function of the guest' },
    html: { type: 'string', hint: 'FILE', description: 'write a page with table and plots' },
    json: { type: 'boolean', description: 'print one JSON document: {reference, cases, latency, limits, machine}' },
    ...MACHINE_OPTIONS,
  },
  contrary: [
    ['profile', 'rounds'],
    ['profile', 'baseline'],
    ['profile', 'html'],
    ['profile', 'json'],
  ],
  examples: [
    ['bench round-trip/driver/4', 'one case'],
    ['bench translate object --rounds 3', 'all cases whose names begin so, measured less often'],
    ['bench --json > then.json', 'for a later bench --baseline then.json'],
  ],
  async run({ args, words }) {
    checkBenny();
    const choice = machineChoice(args);
    const rounds = wholeNumber('--rounds', args.rounds, 1, ROUNDS_MAX);
    if (args.profile) {
      console.log(await profileText(profiled(words), choice));
      return;
    }
    const baseline = args.baseline === undefined ? null : readBaseline(args.baseline);
    if (args.html !== undefined) checkTarget('--html', args.html);
    const measured = await measureAll(namesFor(words), choice, rounds);
    const report = reportOf(
      measured,
      benchMachine({ ...choice, memoryMiB: choice.memory, rounds }),
      CATALOGUE.limits,
      baseline,
    );
    if (args.html !== undefined) writeWhole(args.html, benchPage(report, CATALOGUE));
    console.log(args.json ? JSON.stringify(report, null, 2) : tableLines(report).join('\n'));
  },
});

/** @throws UsageError when the file does not exist, or is not a result of bench */
function readBaseline(path: string): Baseline {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`--baseline: ${path} cannot be read: ${(error as Error).message}`);
  }
  try {
    return parseBaseline(text, path);
  } catch (error) {
    if (!(error instanceof BaselineError)) throw error;
    throw new UsageError(`--baseline: ${error.message}`);
  }
}

/** The case to profile. @throws UsageError for several cases, and for one that cannot be profiled */
function profiled(words: readonly string[]): string {
  const { cases } = CATALOGUE;
  const [name = PROFILED, ...more] = words;
  if (more.length > 0) throw new UsageError('--profile looks at one case');
  if (!cases.includes(name)) throw new UsageError(`there is no case "${name}"; there are ${cases.join(', ')}`);
  return name;
}

/** @throws UsageError for a word that matches no case */
function namesFor(words: readonly string[]): string[] {
  const known = [...CATALOGUE.cases, ...CATALOGUE.latencies];
  if (words.length === 0) return known;
  const wanted = new Set<string>();
  for (const word of words) {
    const found = known.includes(word) ? [word] : known.filter((name) => name.startsWith(`${word}/`));
    if (found.length === 0) throw new UsageError(`there is no case "${word}"; there are ${known.join(', ')}`);
    for (const name of found) wanted.add(name);
  }
  return known.filter((name) => wanted.has(name));
}

async function measureAll(names: readonly string[], choice: MachineChoice, rounds: number): Promise<Measurements> {
  const { latencies, limits } = CATALOGUE;
  const measured: Measurements = { cases: [], latencies: [] };
  for (const name of withProgress('measured', names)) {
    if (latencies.includes(name)) {
      measured.latencies.push({ name, latency: await measureLatency(name, choice, rounds) });
    } else {
      const isLimited = limits.some((limit) => limit.case === name || limit.of === name);
      measured.cases.push({ name, rounds: await measureCase(name, choice, rounds, isLimited) });
    }
  }
  return measured;
}

/** @throws UsageError when the package was installed without benny, which only benchmarks need. */
function checkBenny(): void {
  try {
    import.meta.resolve('benny');
  } catch {
    throw new UsageError('bench measures with benny, which is not installed: npm install benny');
  }
}
