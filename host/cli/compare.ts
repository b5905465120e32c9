/** `binderlab compare`: the same work under every way to map pages, and what each costs. */
import { writeFileSync } from 'node:fs';
import { answerLines } from '../compare/answer.ts';
import { type Conditions, measure, type Row } from '../compare/comparison.ts';
import { comparePage } from '../compare/page.ts';
import { measureRun } from '../compare/run.ts';
import { tableLines } from '../compare/table.ts';
import { BinderlabError } from '../kernel/error.ts';
import { STRATEGIES } from '../machine.ts';
import { defineCommand } from './command.ts';
import { checkTarget } from './files.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from './machineoptions.ts';
import { wholeNumber } from './number.ts';
import { Progress } from './progress.ts';
import { type Choice, costProfile, rowChoices, SENDS, WORKLOAD_NAMES } from './rowchoice.ts';
import { UsageError } from './usage.ts';

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
    calls: { type: 'string', hint: 'N', default: '100', description: 'warm calls that each row is the mean of' },
    costs: { type: 'string', hint: 'FILE', description: "cost of events: a profile's name, or a file of your own" },
    html: { type: 'string', hint: 'FILE', description: 'write a page with table and plots' },
    json: { type: 'boolean', description: 'print one JSON document: {rows, profile, answer}' },
    ...MACHINE_OPTIONS,
    strategy: { type: 'string', hint: 'S', choices: STRATEGIES, description: 'the same as --strategies, for one' },
  },
  scriptArgs: true,
  contrary: [['strategy', 'strategies']],
  examples: [
    ['compare --payloads 4K,64K --strategies kmap,vmalloc', 'a call of 4 and of 64 KiB, under two of them'],
    ['compare --workload examples/first-call.ts', 'the run of a script'],
    ['compare --send inline,memfd --html compare.html', 'a page with plots'],
  ],
  async run({ args, scriptArgs }) {
    const { workload, send, payloads } = args;
    const strategies = args.strategy ?? args.strategies;
    const profile = costProfile(args.costs);
    if (args.html !== undefined) checkTarget('--html', args.html);
    const boot = machineOptions(machineChoice({ ...args, strategy: 'kmap' }));
    const conditions = { boot, calls: wholeNumber('--calls', args.calls, 1, CALLS_MAX), profile, now };
    const choices = await rowChoices({ workload, send, payloads, strategies, scriptArgs });
    const rows = await measureAll(choices, conditions);
    const answer = answerLines(rows, profile);
    if (args.html !== undefined) writeFileSync(args.html, comparePage(rows, conditions));
    if (args.json) console.log(JSON.stringify({ rows, profile, answer }, null, 2));
    else console.log([...tableLines(rows, profile), ...(answer.length > 0 ? ['', ...answer] : [])].join('\n'));
  },
});

const now = () => performance.now();

async function measureAll(choices: readonly Choice[], conditions: Conditions): Promise<Row[]> {
  const progress = new Progress('measured', choices.length + 1);
  const rows: Row[] = [];
  try {
    const [first] = choices;
    // Once for nothing: the first row would pay for the compiling of all.
    if (first?.kind === 'scene') await measureChoice(first, conditions);
    progress.advance();
    for (const choice of choices) {
      rows.push(await measureChoice(choice, conditions));
      progress.advance();
    }
  } finally {
    progress.end();
  }
  return rows;
}

/** @throws UsageError when the work cannot be done on a machine as it was asked for. */
async function measureChoice(choice: Choice, conditions: Conditions): Promise<Row> {
  try {
    return choice.kind === 'run'
      ? await measureRun(choice.run, choice.strategy, conditions)
      : measure(choice.choice, conditions);
  } catch (error) {
    if (!(error instanceof BinderlabError)) throw error;
    throw new UsageError(`${nameOf(choice)}: ${error.message}`);
  }
}

function nameOf(choice: Choice): string {
  if (choice.kind === 'run') return `${choice.run.name} under ${choice.strategy}`;
  const { workload, payload, strategy } = choice.choice;
  return `${workload.name} of ${payload} bytes${strategy === null ? '' : ` under ${strategy}`}`;
}
