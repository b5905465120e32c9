/** `binderlab replay`: compares the emulator's outputs with recorded journals. */

import { ByteOrigins } from '../byteorigins.ts';
import { Machine } from '../machine.ts';
import { type Difference, mapsAlike, type Performer, replay } from '../replay.ts';
import { EventHash } from '../trace/eventhash.ts';
import type { JournalHeader } from '../trace/journal.ts';
import { BUILDS } from './boot.ts';
import { ANY_NUMBER, defineCommand } from './command.ts';
import { Failures } from './failures.ts';
import { findJournals, readJournal } from './files.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from './machineoptions.ts';
import { withProgress } from './progress.ts';
import { checkTrace, TRACE_OPTIONS, traceTo } from './trace.ts';
import { EXIT_NO, UsageError } from './usage.ts';

/** The maximum of journals that the summary names before "and N more". */
const NAMED_MAX = 20;

/** What `--json` prints; steps are counted over all journals. */
interface ReplayReport {
  traces: number;
  steps: number;
  equal: number;
  different: Difference[];
  /** With `--event-hash`: the number of events in all journals, and their hash. */
  events?: { count: number; hash: string };
  /** Journals that could not be read, with the cause; absent without any. */
  unread?: string[];
}

export const replayCommand = defineCommand({
  words: { hint: 'JOURNAL', min: 1, max: ANY_NUMBER, description: 'files (.jsonl, .jsonl.gz), folders of them, or -' },
  options: {
    'skip-dumps': { type: 'boolean', description: 'do not compare the steps that print debugfs files' },
    check: { type: 'boolean', description: 'verify the invariants of the machine after each step' },
    build: {
      type: 'string',
      hint: 'B',
      default: 'release',
      choices: BUILDS,
      description: 'which build of the guest runs',
    },
    'event-hash': {
      type: 'boolean',
      description: 'say a number that stands for everything that happened inside; it is the same for every build',
    },
    ...TRACE_OPTIONS,
    json: { type: 'boolean', description: 'print one JSON document: {traces, steps, equal, different}' },
    ...MACHINE_OPTIONS,
  },
  examples: [
    [
      'replay run.jsonl --strategy vmalloc',
      'do the same inputs come to the same outputs, with pages mapped otherwise?',
    ],
    ['replay journals --check', 'all journals below a folder'],
  ],
  async run({ args, words }) {
    const choice = machineChoice(args);
    const options = { ...machineOptions(choice, args.build), journal: false };
    const events = args['event-hash'] ? new EventHash() : null;
    const paths = findJournals(words);
    checkTrace(args.trace);
    if (args.trace !== undefined && paths.length > 1) {
      throw new UsageError(`--trace takes one journal, and here are ${paths.length}`);
    }
    let endTrace = () => {};
    const report: ReplayReport = { traces: 0, steps: 0, equal: 0, different: [] };
    const failures = new Failures();
    let text: string[] = [];
    for (const path of withProgress('replayed', paths)) {
      const journal = await readJournal(path).catch((error: unknown) => failures.add(error));
      if (!journal) continue;
      const isAlike = mapsAlike(choice.strategy, journal.header.emulator?.strategy ?? 'kmap');
      const boot = (header: JournalHeader) => {
        const machine = Machine.fromHeader(header, options);
        endTrace = traceTo(args.trace, machine);
        return listened(machine, events);
      };
      const result = replay(journal, boot, {
        skipDumps: args['skip-dumps'],
        check: args.check,
        ...(isAlike ? {} : { origins: (header) => new ByteOrigins(header, options) }),
      });
      endTrace();
      report.traces++;
      report.steps += result.steps;
      report.equal += result.equal;
      for (const difference of result.different) report.different.push(difference);
      if (text.length === 0) text = result.text;
    }
    if (events !== null) report.events = { count: events.count, hash: events.value };
    if (failures.messages.length > 0) report.unread = failures.messages;
    failures.report();
    if (args.json) console.log(JSON.stringify(report, null, 2));
    else if (report.traces > 0) console.log([...text, ...(text.length > 0 ? [''] : []), ...summary(report)].join('\n'));
    process.exitCode = report.equal === report.steps ? failures.exitCode(paths.length) : EXIT_NO;
  },
});

/** The machine, with the events of its steps added to the hash. */
function listened(machine: Machine, events: EventHash | null): Performer {
  if (events === null) return machine;
  events.follow(machine.guest);
  return {
    perform: (input) => {
      const step = machine.perform(input);
      events.take();
      return step;
    },
    keepKernelLog: (keep) => machine.keepKernelLog(keep),
    check: () => machine.check(),
  };
}

function summary(report: ReplayReport): string[] {
  const { traces, steps, equal, different, events } = report;
  const counts = `${equal} of ${steps} steps in ${traces} ${traces === 1 ? 'journal' : 'journals'} are as recorded`;
  const heard = events === undefined ? [] : [`${events.count} events inside, hash ${events.hash}`];
  if (different.length === 0) return [counts, ...heard];
  const firsts = different.filter((entry, index) => entry.trace !== different[index - 1]?.trace);
  const lines = firsts
    .slice(0, NAMED_MAX)
    .map(({ trace, step, field }) => `  ${trace}: first at step ${step}, ${field}`);
  if (firsts.length > NAMED_MAX) lines.push(`  and ${firsts.length - NAMED_MAX} more`);
  return [`${counts}; ${firsts.length === 1 ? 'one differs' : `${firsts.length} differ`}:`, ...lines, ...heard];
}
