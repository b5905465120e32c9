/** `binderlab compare`: the cost of the same work under every mapping strategy. */
import { answerLines } from '../../compare/answer.ts';
import { type Conditions, measure, type Row } from '../../compare/comparison.ts';
import { Machines } from '../../compare/machines.ts';
import { comparePage } from '../../compare/page.ts';
import { measureRun } from '../../compare/run.ts';
import { SENDS } from '../../compare/scene.ts';
import { runStudy, type Study, studyOf } from '../../compare/study.ts';
import { tableLines } from '../../compare/table.ts';
import { STRATEGIES } from '../../machine.ts';
import { BinderlabError } from '../../wire/error.ts';
import { defineCommand } from '../command.ts';
import { checkTarget, writeWhole } from '../files.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { wholeNumber } from '../number.ts';
import { withProgress } from '../progress.ts';
import { EXIT_NO, UsageError } from '../usage.ts';
import { listLines } from './list.ts';
import { costProfile, type RequestedRow, rowChoices, ScriptFailure, WORKLOAD_NAMES } from './rowchoice.ts';

const PAYLOADS = '4,4096,65536,524288';
const CALLS_MAX = 1_000_000;

export const compareCommand = defineCommand({
  wordsBelongTo: 'workload',
  options: {
    workload: {
      type: 'string',
      hint: 'LIST',
      default: 'call',
      description: `which work: ${WORKLOAD_NAMES.join(', ')}; a script; a journal`,
    },
    payloads: { type: 'string', hint: 'LIST', default: PAYLOADS, description: 'sizes to send: bytes, or 64K, 1M' },
    strategies: { type: 'string', hint: 'LIST', default: 'all', description: `${STRATEGIES.join(', ')}, or all` },
    send: { type: 'string', hint: 'LIST', default: 'inline', description: `how it travels: ${SENDS.join(', ')}` },
    calls: { type: 'string', hint: 'N', default: '16', description: 'warm calls that each row is the mean of' },
    costs: { type: 'string', hint: 'FILE', description: "cost of events: a profile's name, or a file of your own" },
    list: { type: 'boolean', description: 'say what each workload, strategy and way to send does' },
    html: { type: 'string', hint: 'FILE', description: 'write a page with table and plots' },
    json: {
      type: 'boolean',
      description: 'print one JSON document: {rows, profile, answer}; wallNs is null, since bench measures time',
    },
    ...MACHINE_OPTIONS,
    strategy: { type: 'string', hint: 'S', choices: STRATEGIES, description: 'the same as --strategies, for one' },
  },
  scriptArgs: true,
  contrary: [['strategy', 'strategies']],
  examples: [
    ['compare --payloads 4K,64K --strategies kmap,vmalloc', 'a call of 4 and of 64 KiB, under two of them'],
    ['compare --workload examples/first-call.ts', 'the run of a script'],
    ['compare --send inline,new-memfd --html compare.html', 'a page with plots'],
    ['compare --list', 'what the names mean'],
  ],
  async run({ args, scriptArgs }) {
    if (args.list) {
      console.log(listLines().join('\n'));
      return;
    }
    const { workload, send, payloads } = args;
    const strategies = args.strategy ?? args.strategies;
    const profile = costProfile(args.costs);
    if (args.html !== undefined) checkTarget('--html', args.html);
    const boot = machineOptions(machineChoice({ ...args, strategy: 'kmap' }));
    const calls = wholeNumber('--calls', args.calls, 1, CALLS_MAX);
    const conditions = { machines: new Machines(boot), calls, profile };
    const choices = await rowChoices({ workload, send, payloads, strategies, scriptArgs });
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
    if (args.html !== undefined) writeWhole(args.html, comparePage(studies, conditions));
    if (args.json) console.log(JSON.stringify({ rows, profile, answer }, null, 2));
    else console.log([...tableLines(studies, profile), ...(answer.length > 0 ? ['', ...answer] : [])].join('\n'));
  },
});

/** Rows in the order of the choices. The rows of a workload are one study. */
async function measureAll(choices: readonly RequestedRow[], conditions: Conditions): Promise<Study[]> {
  const measured = new Map<string, { choice: RequestedRow; row: Row }[]>();
  for (const choice of withProgress('measured', choices)) {
    const row = await usable(nameOf(choice), () => measureChoice(choice, conditions));
    measured.set(row.workload, [...(measured.get(row.workload) ?? []), { choice, row }]);
  }
  const studies: Study[] = [];
  for (const [workload, entries] of measured) {
    const rows = entries.map(({ row }) => row);
    const scenes = entries.flatMap(({ choice }) => (choice.kind === 'scene' ? [choice.choice] : []));
    const study = () => (scenes.length > 0 ? studyOf(rows, scenes, conditions) : runStudy(rows));
    studies.push(await usable(workload, study));
  }
  return studies;
}

function measureChoice(choice: RequestedRow, conditions: Conditions): Row | Promise<Row> {
  if (choice.kind === 'run') return measureRun(choice.run, choice.strategy, conditions);
  return measure(choice.choice, conditions);
}

/** @throws UsageError when the requested machine cannot do the work. */
async function usable<T>(what: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof BinderlabError)) throw error;
    throw new UsageError(`${what}: ${error.message}`);
  }
}

function nameOf(choice: RequestedRow): string {
  if (choice.kind === 'run') return `${choice.run.name} under ${choice.strategy}`;
  const { workload, payload, strategy } = choice.choice;
  return `${workload.name} of ${payload} bytes${strategy === null ? '' : ` under ${strategy}`}`;
}
