/** `binderlab compare`: the same work under every way to map pages, and what each costs. */
import { defineCommand } from 'citty';
import { CALL, PRESSURE } from '../compare/call.ts';
import { measure, type Row, type RowChoice } from '../compare/comparison.ts';
import { COST_PROFILES, type CostProfile } from '../compare/costs.ts';
import { ECHO } from '../compare/echo.ts';
import { ONEWAY, STREAM } from '../compare/oneway.ts';
import type { Send, Workload } from '../compare/scene.ts';
import { SOCKETS } from '../compare/socket.ts';
import { tableLines } from '../compare/table.ts';
import { BinderlabError } from '../kernel/error.ts';
import { STRATEGIES, type Strategy } from '../machine.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { Progress } from './progress.ts';
import { UsageError } from './usage.ts';

const WORKLOADS: readonly Workload[] = [CALL, ECHO, ONEWAY, STREAM, PRESSURE, ...SOCKETS];
const SENDS: readonly Send[] = ['inline', 'memfd'];
const PAYLOADS = '4,4096,65536,524288';
const PAYLOAD_MAX = 4 * 1024 * 1024;
const CALLS_MAX = 1_000_000;

export const compareCommand = defineCommand({
  meta: { name: 'compare', description: 'Do the same work under every way to map pages, and say what each costs' },
  args: {
    workload: { type: 'string', valueHint: 'LIST', default: 'call', description: `Which work: ${namesOf(WORKLOADS)}` },
    payloads: { type: 'string', valueHint: 'LIST', default: PAYLOADS, description: 'Sizes to send, in bytes' },
    strategies: { type: 'string', valueHint: 'LIST', default: 'all', description: `${STRATEGIES.join(', ')}, or all` },
    send: { type: 'string', valueHint: 'LIST', default: 'inline', description: `How it travels: ${SENDS.join(', ')}` },
    calls: { type: 'string', valueHint: 'N', default: '100', description: 'Warm calls that each row is the mean of' },
    json: { type: 'boolean', description: 'Print one JSON document: {rows}' },
    ...MACHINE_FLAGS,
  },
  run({ args }) {
    const choices = rowChoices(args);
    const profile = COST_PROFILES[0] as CostProfile;
    const boot = machineOptions(machineChoice(args));
    const conditions = { boot, calls: wholeNumber('--calls', args.calls, 1, CALLS_MAX), profile, now };
    const progress = new Progress('measured', choices.length);
    const rows: Row[] = [];
    try {
      for (const choice of choices) {
        rows.push(measureRow(choice, conditions));
        progress.advance();
      }
    } finally {
      progress.end();
    }
    console.log(args.json ? JSON.stringify({ rows }, null, 2) : tableLines(rows, profile).join('\n'));
  },
});

const now = () => performance.now();

/** @throws UsageError when the payload cannot be sent on a machine as it was asked for. */
function measureRow(choice: RowChoice, conditions: Parameters<typeof measure>[1]): Row {
  try {
    return measure(choice, conditions);
  } catch (error) {
    if (!(error instanceof BinderlabError)) throw error;
    const { workload, strategy, payload } = choice;
    throw new UsageError(`${workload.name} of ${payload} bytes under ${strategy ?? 'no strategy'}: ${error.message}`);
  }
}

/** One row for each workload, way to send, payload and strategy, in this order. */
function rowChoices(args: { workload: string; send: string; payloads: string; strategies: string }): RowChoice[] {
  const strategies: readonly Strategy[] =
    args.strategies === 'all' ? STRATEGIES : chosen('--strategies', args.strategies, STRATEGIES, (name) => name);
  const sends = chosen('--send', args.send, SENDS, (name) => name);
  const names = chosen('--workload', args.workload, [...new Set(WORKLOADS.map(({ name }) => name))], (name) => name);
  const payloads = args.payloads.split(',').map((text) => wholeNumber('--payloads', text.trim(), 0, PAYLOAD_MAX));
  return names.flatMap((name) => {
    const workloads = WORKLOADS.filter((workload) => workload.name === name);
    return sends.flatMap((send) =>
      payloads.flatMap((payload) =>
        workloads
          .filter((workload) => workload.sends.includes(send))
          .flatMap((workload) =>
            (workload.usesBinder ? strategies : [null]).map((strategy) => ({ workload, strategy, send, payload })),
          ),
      ),
    );
  });
}

/** The members of a list by their names, in the order in which they were asked for. */
function chosen<T>(flag: string, text: string, known: readonly T[], nameOf: (one: T) => string): T[] {
  return text.split(',').map((part) => {
    const found = known.find((one) => nameOf(one) === part.trim());
    if (found === undefined) {
      throw new UsageError(`${flag}: there is no "${part.trim()}"; known are ${known.map(nameOf).join(', ')}`);
    }
    return found;
  });
}

function wholeNumber(flag: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`${flag} takes whole numbers from ${min} to ${max}, not "${text}"`);
}

function namesOf(workloads: readonly Workload[]): string {
  return [...new Set(workloads.map(({ name }) => name))].join(', ');
}
