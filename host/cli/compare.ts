/** `binderlab compare`: the same work under every way to map pages, and what each costs. */
import { writeFileSync } from 'node:fs';
import { defineCommand } from 'citty';
import { answerLines } from '../compare/answer.ts';
import { type Conditions, measure, type Row } from '../compare/comparison.ts';
import { comparePage } from '../compare/page.ts';
import { measureRun } from '../compare/run.ts';
import { tableLines } from '../compare/table.ts';
import { BinderlabError } from '../kernel/error.ts';
import { STRATEGIES } from '../machine.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { Progress } from './progress.ts';
import { type Choice, costProfile, rowChoices, SENDS, WORKLOAD_NAMES, wholeNumber } from './rowchoice.ts';
import { UsageError } from './usage.ts';

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
    calls: { type: 'string', valueHint: 'N', default: '100', description: 'Warm calls that each row is the mean of' },
    costs: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Cost of events: a profile’s name, or a file of your own',
    },
    html: { type: 'string', valueHint: 'FILE', description: 'Write a page with table and plots' },
    json: { type: 'boolean', description: 'Print one JSON document: {rows, profile, answer}' },
    ...MACHINE_FLAGS,
    strategy: { type: 'string', valueHint: 'S', description: 'The same as --strategies' },
  },
  async run({ args }) {
    const { workload, send, payloads } = args;
    const strategies = args.strategies ?? args.strategy ?? 'all';
    const profile = costProfile(args.costs);
    const boot = machineOptions(machineChoice({ ...args, strategy: 'kmap' }));
    const conditions = { boot, calls: wholeNumber('--calls', args.calls, 1, CALLS_MAX), profile, now };
    const choices = await rowChoices({ workload, send, payloads, strategies });
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
