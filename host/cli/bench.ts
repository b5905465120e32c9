/** `binderlab bench`: what hot paths cost, as multiples of a call that does nothing. */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { defineCommand } from 'citty';
import { type Baseline, BaselineError, parseBaseline } from './baseline.ts';
import { benchPage } from './benchpage.ts';
import { type Catalogue, catalogue, measureCase, measureLatency } from './benchprocess.ts';
import { benchMachine, type Measurements, reportOf } from './benchreport.ts';
import { tableLines } from './benchtable.ts';
import { MACHINE_FLAGS, type MachineChoice, machineChoice, wholeNumber } from './machineflags.ts';
import { profileText } from './profile.ts';
import { Progress } from './progress.ts';
import { UsageError } from './usage.ts';

const ROUNDS_MAX = 1000;
const PROFILED = 'round-trip/driver/4';

export const benchCommand = defineCommand({
  meta: { name: 'bench', description: 'Measure hot paths, in calls that do nothing' },
  args: {
    cases: {
      type: 'positional',
      required: false,
      description: 'Cases, by name or by the beginning of it; all when absent',
    },
    rounds: {
      type: 'string',
      valueHint: 'N',
      default: '7',
      description: 'How often each case is measured; medians count',
    },
    baseline: {
      type: 'string',
      valueHint: 'FILE',
      description: 'An earlier result (--json): say what has changed, and whether that is more than noise',
    },
    profile: { type: 'boolean', description: 'Where the time goes in one case, by function of the guest' },
    html: { type: 'string', valueHint: 'FILE', description: 'Write a page with table and plots' },
    json: { type: 'boolean', description: 'Print one JSON document: {reference, cases, latency, limits, machine}' },
    ...MACHINE_FLAGS,
  },
  async run({ args }) {
    checkBenny();
    const choice = machineChoice(args);
    const rounds = wholeNumber('--rounds', args.rounds, 1, ROUNDS_MAX);
    if (args.profile) {
      const other = (['json', 'html', 'baseline'] as const).find((flag) => args[flag] !== undefined);
      if (other !== undefined) throw new UsageError(`--profile goes without --${other}`);
      console.log(await profileText(profiled(args._, await catalogue()), choice));
      return;
    }
    const baseline = args.baseline === undefined ? null : readBaseline(args.baseline);
    if (args.html !== undefined) checkFolder(args.html);
    const known = await catalogue();
    const measured = await measureAll(namesFor(args._, known), known, choice, rounds);
    const report = reportOf(measured, benchMachine(choice, rounds), known.limits, baseline);
    if (args.html !== undefined) writeFileSync(args.html, benchPage(report, known));
    console.log(args.json ? JSON.stringify(report, null, 2) : tableLines(report).join('\n'));
  },
});

/** @throws UsageError when there is no such file, or it is no result of bench */
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

/** Nobody is to wait for minutes to hear that the page has no place. @throws UsageError when it has none */
function checkFolder(path: string): void {
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new UsageError(`--html: there is no folder ${folder}`);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw new UsageError(`--html: ${path} is a folder`);
}

/** The case to profile. @throws UsageError for several, and for one that cannot be */
function profiled(words: readonly string[], { cases }: Catalogue): string {
  const [name = PROFILED, ...more] = words;
  if (more.length > 0) throw new UsageError('--profile looks at one case');
  if (!cases.includes(name)) throw new UsageError(`there is no case "${name}"; there are ${cases.join(', ')}`);
  return name;
}

/** @throws UsageError for a word that means no case */
function namesFor(words: readonly string[], { cases, latencies }: Catalogue): string[] {
  const known = [...cases, ...latencies];
  if (words.length === 0) return known;
  const wanted = new Set<string>();
  for (const word of words) {
    const found = known.includes(word) ? [word] : known.filter((name) => name.startsWith(`${word}/`));
    if (found.length === 0) throw new UsageError(`there is no case "${word}"; there are ${known.join(', ')}`);
    for (const name of found) wanted.add(name);
  }
  return known.filter((name) => wanted.has(name));
}

async function measureAll(
  names: readonly string[],
  { latencies, limits }: Catalogue,
  choice: MachineChoice,
  rounds: number,
): Promise<Measurements> {
  const measured: Measurements = { cases: [], latencies: [] };
  const progress = new Progress('measured', names.length);
  try {
    for (const name of names) {
      if (latencies.includes(name)) {
        measured.latencies.push({ name, latency: await measureLatency(name, choice, rounds) });
      } else {
        const isLimited = limits.some((limit) => limit.case === name || limit.of === name);
        measured.cases.push({ name, rounds: await measureCase(name, choice, rounds, isLimited) });
      }
      progress.advance();
    }
  } finally {
    progress.end();
  }
  return measured;
}

/** @throws UsageError where the package was installed without benny, which only benchmarks need. */
function checkBenny(): void {
  try {
    import.meta.resolve('benny');
  } catch {
    throw new UsageError('bench measures with benny, which is not installed: npm install benny');
  }
}
