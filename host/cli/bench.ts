/** `binderlab bench`: what calls cost, in calls that do nothing. Each case is measured in a process of its own. */
import { defineCommand } from 'citty';
import { caseNames, measureCase, type Round } from './benchprocess.ts';
import { MACHINE_FLAGS, type MachineChoice, machineChoice, wholeNumber } from './machineflags.ts';
import { profileText } from './profile.ts';
import { Progress } from './progress.ts';
import { UsageError } from './usage.ts';

const ROUNDS_MAX = 1000;
const PROFILED = 'round-trip/driver/4';

/** What `--json` prints. Times are those of the reference's machine speed: `ns` is `perNopCall` nop calls long. */
interface BenchReport {
  reference: { nopCallNs: number; copy4KiBNs: number };
  cases: { name: string; ns: number; perNopCall: number }[];
}

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
    profile: { type: 'boolean', description: 'Where the time goes in one case, by function of the guest' },
    json: { type: 'boolean', description: 'Print one JSON document: {reference, cases}' },
    ...MACHINE_FLAGS,
  },
  async run({ args }) {
    const choice = machineChoice(args);
    const rounds = wholeNumber('--rounds', args.rounds, 1, ROUNDS_MAX);
    if (args.profile && args.json) throw new UsageError('--profile prints no JSON');
    const known = await caseNames();
    if (args.profile) {
      const [name = PROFILED, ...more] = args._;
      if (more.length > 0) throw new UsageError('--profile looks at one case');
      if (!known.includes(name)) throw new UsageError(`there is no case "${name}"; there are ${known.join(', ')}`);
      console.log(await profileText(name, choice));
      return;
    }
    const report = await measureAll(namesFor(args._, known), choice, rounds);
    console.log(args.json ? JSON.stringify(report, null, 2) : table(report));
  },
});

/** @throws UsageError for a word that means no case */
function namesFor(words: readonly string[], known: readonly string[]): string[] {
  if (words.length === 0) return [...known];
  const wanted = new Set<string>();
  for (const word of words) {
    const found = known.includes(word) ? [word] : known.filter((name) => name.startsWith(`${word}/`));
    if (found.length === 0) throw new UsageError(`there is no case "${word}"; there are ${known.join(', ')}`);
    for (const name of found) wanted.add(name);
  }
  return known.filter((name) => wanted.has(name));
}

async function measureAll(names: readonly string[], choice: MachineChoice, rounds: number): Promise<BenchReport> {
  const measured: { name: string; rounds: Round[] }[] = [];
  const progress = new Progress('measured', names.length);
  try {
    for (const name of names) {
      measured.push({ name, rounds: await measureCase(name, choice, rounds) });
      progress.advance();
    }
  } finally {
    progress.end();
  }
  const all = measured.flatMap((one) => one.rounds);
  const nopCallNs = median(all.map((round) => round.nopCallNs));
  const copy4KiBNs = nopCallNs * median(all.map((round) => round.copy4KiBNs / round.nopCallNs));
  const cases = measured.map((one) => {
    const perNopCall = median(one.rounds.map((round) => round.ns / round.nopCallNs));
    return { name: one.name, ns: perNopCall * nopCallNs, perNopCall };
  });
  return { reference: { nopCallNs, copy4KiBNs }, cases };
}

function table({ reference, cases }: BenchReport): string {
  const { nopCallNs, copy4KiBNs } = reference;
  const rows = [
    ['case', 'ns', 'nop calls'],
    ['nop call', nopCallNs.toFixed(2), '1'],
    ['copy of 4 KiB', copy4KiBNs.toFixed(1), (copy4KiBNs / nopCallNs).toFixed(1)],
    ...cases.map(({ name, ns, perNopCall }) => [name, ns.toFixed(ns < 100 ? 1 : 0), perNopCall.toFixed(1)]),
  ];
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] as string).length)));
  return rows
    .map(([name = '', ns = '', calls = '']) =>
      `${name.padEnd(widths[0] ?? 0)}  ${ns.padStart(widths[1] ?? 0)}  ${calls.padStart(widths[2] ?? 0)}`.trimEnd(),
    )
    .join('\n');
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
