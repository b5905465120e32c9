/** `binderlab compare`: the same work under every way to map pages, and what each costs. */
import { writeFileSync } from 'node:fs';
import { defineCommand } from 'citty';
import { answerLines } from '../compare/answer.ts';
import { type Conditions, measure, type Row } from '../compare/comparison.ts';
import { Machines } from '../compare/machines.ts';
import { comparePage } from '../compare/page.ts';
import { measureRun } from '../compare/run.ts';
import { SENDS } from '../compare/scene.ts';
import { runStudy, type Study, studyOf } from '../compare/study.ts';
import { tableLines } from '../compare/table.ts';
import { BinderlabError } from '../kernel/error.ts';
import { STRATEGIES } from '../machine.ts';
import { listLines } from './comparelist.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { Progress } from './progress.ts';
import { type Choice, costProfile, rowChoices, ScriptFailure, WORKLOAD_NAMES, wholeNumber } from './rowchoice.ts';
import { EXIT_NO, UsageError } from './usage.ts';

const PAYLOADS = '4,4096,65536,524288';
const CALLS_MAX = 1_000_000;

export const compareCommand = defineCommand({
  meta: { name: 'compare', description: 'Do the same work under every way to map pages, and say what each costs' },
  args: {
    workload: {
      type: 'string',
      valueHint: 'LIST',
      default: 'call',
      description: `Which work: ${WORKLOAD_NAMES.join(', ')}; a script; a journal`,
    },
    payloads: { type: 'string', valueHint: 'LIST', default: PAYLOADS, description: 'Sizes to send, in bytes' },
    strategies: { type: 'string', valueHint: 'LIST', description: `${STRATEGIES.join(', ')}, or all (default)` },
    send: { type: 'string', valueHint: 'LIST', default: 'inline', description: `How it travels: ${SENDS.join(', ')}` },
    calls: { type: 'string', valueHint: 'N', default: '16', description: 'Warm calls that each row is the mean of' },
    costs: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Cost of events: a profile’s name, or a file of your own',
    },
    list: { type: 'boolean', description: 'Say what each workload, strategy and way to send does' },
    html: { type: 'string', valueHint: 'FILE', description: 'Write a page with table and plots' },
    json: {
      type: 'boolean',
      description: 'Print one JSON document: {rows, profile, answer}; wallNs is null, since bench measures time',
    },
    ...MACHINE_FLAGS,
    strategy: { type: 'string', valueHint: 'S', description: 'The same as --strategies' },
  },
  async run({ args }) {
    if (args.list) {
      console.log(listLines().join('\n'));
      return;
    }
    const [word] = args._;
    if (word !== undefined) throw new UsageError(`compare takes no ${word}; did you mean --workload ${word}?`);
    if (args.strategy !== undefined && args.strategies !== undefined) {
      throw new UsageError('--strategy goes without --strategies');
    }
    const { workload, send, payloads } = args;
    const strategies = args.strategies ?? args.strategy ?? 'all';
    const profile = costProfile(args.costs);
    const boot = machineOptions(machineChoice({ ...args, strategy: 'kmap' }));
    const calls = wholeNumber('--calls', args.calls, 1, CALLS_MAX);
    const conditions = { machines: new Machines(boot), calls, profile };
    const choices = await rowChoices({ workload, send, payloads, strategies });
    let studies: Study[];
    try {
      studies = await measureAll(choices, conditions);
    } catch (error) {
      if (!(error instanceof ScriptFailure)) throw error;
      process.stderr.write(`${error.message}\n`);
      process.exitCode = EXIT_NO;
      return;
    }
    const rows = studies.flatMap((study) => study.rows);
    const answer = answerLines(studies, profile);
    if (args.html !== undefined) writeFileSync(args.html, comparePage(studies, conditions));
    if (args.json) console.log(JSON.stringify({ rows, profile, answer }, null, 2));
    else console.log([...tableLines(studies, profile), ...(answer.length > 0 ? ['', ...answer] : [])].join('\n'));
  },
});

/** Rows in the order of the choices; what belongs to one workload is one study. */
async function measureAll(choices: readonly Choice[], conditions: Conditions): Promise<Study[]> {
  const progress = new Progress('measured', choices.length);
  const measured = new Map<string, { choice: Choice; row: Row }[]>();
  try {
    for (const choice of choices) {
      const row = await usable(nameOf(choice), () => measureChoice(choice, conditions));
      measured.set(row.workload, [...(measured.get(row.workload) ?? []), { choice, row }]);
      progress.advance();
    }
    const studies: Study[] = [];
    for (const [workload, entries] of measured) {
      const rows = entries.map(({ row }) => row);
      const scenes = entries.flatMap(({ choice }) => (choice.kind === 'scene' ? [choice.choice] : []));
      const study = () => (scenes.length > 0 ? studyOf(rows, scenes, conditions) : runStudy(rows));
      studies.push(await usable(workload, study));
    }
    return studies;
  } finally {
    progress.end();
  }
}

function measureChoice(choice: Choice, conditions: Conditions): Row | Promise<Row> {
  if (choice.kind === 'run') return measureRun(choice.run, choice.strategy, conditions);
  return measure(choice.choice, conditions);
}

/** @throws UsageError when the work cannot be done on a machine as it was asked for. */
async function usable<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BinderlabError)) throw error;
    throw new UsageError(`${what}: ${error.message}`);
  }
}

function nameOf(choice: Choice): string {
  if (choice.kind === 'run') return `${choice.run.name} under ${choice.strategy}`;
  const { workload, payload, strategy } = choice.choice;
  return `${workload.name} of ${payload} bytes${strategy === null ? '' : ` under ${strategy}`}`;
}
