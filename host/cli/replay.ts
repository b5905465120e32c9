/** `binderlab replay`: do these journals come out of the emulator as they were recorded? */
import { defineCommand } from 'citty';
import { Machine } from '../machine.ts';
import { type Difference, mapsAlike, replay } from '../replay.ts';
import { findJournals, readJournal } from './files.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { Progress } from './progress.ts';
import { EXIT_FINE, EXIT_NO } from './usage.ts';

/** Journals that are named in the summary before it says "and so many more". */
const NAMED_MAX = 20;

/** What `--json` prints; steps are counted over all journals. */
interface ReplayReport {
  traces: number;
  steps: number;
  equal: number;
  different: Difference[];
}

export const replayCommand = defineCommand({
  meta: { name: 'replay', description: 'Run journals and compare what comes out with what they recorded' },
  args: {
    journals: { type: 'positional', required: true, description: 'Files (.jsonl, .jsonl.gz), folders of them, or -' },
    'skip-dumps': { type: 'boolean', description: 'Do not compare the steps that print debugfs files' },
    check: { type: 'boolean', description: 'Verify the invariants of the machine after each step' },
    json: { type: 'boolean', description: 'Print one JSON document: {traces, steps, equal, different}' },
    ...MACHINE_FLAGS,
  },
  async run({ args }) {
    const choice = machineChoice(args);
    const options = { ...machineOptions(choice), journal: false };
    const paths = findJournals(args._);
    const report: ReplayReport = { traces: 0, steps: 0, equal: 0, different: [] };
    let text: string[] = [];
    const progress = new Progress('replayed', paths.length);
    try {
      for (const path of paths) {
        const journal = await readJournal(path);
        const result = replay(journal, (header) => Machine.fromHeader(header, options), {
          skipDumps: args['skip-dumps'] ?? false,
          check: args.check ?? false,
          otherMapping: !mapsAlike(choice.strategy, journal.header.emulator?.strategy ?? 'kmap'),
        });
        report.traces++;
        report.steps += result.steps;
        report.equal += result.equal;
        report.different.push(...result.different);
        if (text.length === 0) text = result.text;
        progress.advance();
      }
    } finally {
      progress.end();
    }
    if (args.json) console.log(JSON.stringify(report, null, 2));
    else console.log([...text, ...(text.length > 0 ? [''] : []), ...summary(report)].join('\n'));
    process.exitCode = report.equal === report.steps ? EXIT_FINE : EXIT_NO;
  },
});

function summary(report: ReplayReport): string[] {
  const { traces, steps, equal, different } = report;
  const counts = `${equal} of ${steps} steps in ${traces} ${traces === 1 ? 'journal' : 'journals'} are as recorded`;
  if (different.length === 0) return [counts];
  const firsts = different.filter((entry, index) => entry.trace !== different[index - 1]?.trace);
  const lines = firsts
    .slice(0, NAMED_MAX)
    .map(({ trace, step, field }) => `  ${trace}: first at step ${step}, ${field}`);
  if (firsts.length > NAMED_MAX) lines.push(`  and ${firsts.length - NAMED_MAX} more`);
  return [`${counts}; ${firsts.length === 1 ? 'one differs' : `${firsts.length} differ`}:`, ...lines];
}
