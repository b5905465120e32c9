/** The rows and the cost profile that a command line of `compare` requests. */
import { existsSync, readFileSync } from 'node:fs';
import { CALL, PRESSURE } from '../../compare/call.ts';
import type { RowChoice } from '../../compare/comparison.ts';
import { parseCosts } from '../../compare/costfile.ts';
import { COST_PROFILES, type CostProfile } from '../../compare/costs.ts';
import { ECHO } from '../../compare/echo.ts';
import { ONEWAY, STREAM } from '../../compare/oneway.ts';
import { journalRun, type Run } from '../../compare/run.ts';
import { SENDS, type Send, type Workload } from '../../compare/scene.ts';
import { SOCKETS } from '../../compare/socket.ts';
import { Machine, STRATEGIES, type Strategy } from '../../machine.ts';
import { BinderlabError } from '../../wire/error.ts';
import { findJournals, readJournal } from '../files.ts';
import { byteSize } from '../number.ts';
import { aside } from '../output.ts';
import { loadScript, runScript } from '../script.ts';
import { UsageError } from '../usage.ts';

export const WORKLOADS: readonly Workload[] = [CALL, ECHO, ONEWAY, STREAM, PRESSURE, ...SOCKETS];
export const WORKLOAD_NAMES: readonly string[] = [...new Set(WORKLOADS.map(({ name }) => name))];
const PAYLOAD_MAX = 4 * 1024 * 1024;

/** A row of a workload, or of a run of a script or journal. */
export type RequestedRow = { kind: 'scene'; choice: RowChoice } | { kind: 'run'; run: Run; strategy: Strategy };

/** A script among the workloads has failed. The message is for the script's author. */
export class ScriptFailure extends Error {
  override readonly name = 'ScriptFailure';
}

interface ChoiceFlags {
  workload: string;
  send: string;
  payloads: string;
  strategies: string;
  /** `machine.args` of scripts. */
  scriptArgs: readonly string[];
}

/**
 * One row for each workload, way to send, payload and strategy, in this order.
 *
 * @throws UsageError for unknown names, and invalid numbers.
 */
export async function rowChoices(flags: ChoiceFlags): Promise<RequestedRow[]> {
  const strategies = flags.strategies === 'all' ? STRATEGIES : chosen('--strategies', flags.strategies, STRATEGIES);
  const sends = chosen('--send', flags.send, SENDS);
  const sizes = partsOf(flags.payloads).map((text) => byteSize('--payloads', text, PAYLOAD_MAX));
  const payloads = [...new Set(sizes)];
  const choices: RequestedRow[] = [];
  for (const name of partsOf(flags.workload)) {
    const workloads = WORKLOADS.filter((workload) => workload.name === name);
    if (workloads.length > 0) {
      choices.push(...sceneChoices(workloads, sends, payloads, strategies));
      continue;
    }
    const runs = await runsOf(name, flags.scriptArgs);
    for (const run of runs) for (const strategy of strategies) choices.push({ kind: 'run', run, strategy });
  }
  if (flags.scriptArgs.length > 0 && !choices.some(({ kind }) => kind === 'run')) {
    throw new UsageError(`nothing takes ${flags.scriptArgs.join(' ')}: no --workload is a script`);
  }
  if (choices.length === 0) throw new UsageError(`--send ${flags.send}: ${flags.workload} is not sent that way`);
  return choices;
}

/** @throws UsageError when it is neither the name of a profile nor a file with one. */
export function costProfile(name: string | undefined): CostProfile {
  const known = COST_PROFILES.find((profile) => profile.name === name);
  if (known !== undefined) return known;
  if (name === undefined) return COST_PROFILES[0] as CostProfile;
  if (!existsSync(name)) {
    const names = COST_PROFILES.map((profile) => profile.name).join(', ');
    throw new UsageError(`--costs: there is no file ${name}, and no profile of that name; there are ${names}`);
  }
  try {
    return parseCosts(readFileSync(name, 'utf8'), name);
  } catch (error) {
    if (error instanceof BinderlabError) throw new UsageError(error.message);
    throw error;
  }
}

function sceneChoices(
  workloads: readonly Workload[],
  sends: readonly Send[],
  payloads: readonly number[],
  strategies: readonly Strategy[],
): RequestedRow[] {
  return sends.flatMap((send) =>
    payloads.flatMap((payload) =>
      workloads
        .filter((workload) => workload.sends.includes(send))
        .flatMap((workload) =>
          (workload.usesBinder ? strategies : [null]).map((strategy) => ({
            kind: 'scene' as const,
            choice: { workload, strategy, send, payload },
          })),
        ),
    ),
  );
}

/** A script or a journal of the user's, or a folder of journals. */
async function runsOf(name: string, args: readonly string[]): Promise<Run[]> {
  if (!existsSync(name)) {
    throw new UsageError(`--workload: there is no "${name}", no file either; known are ${WORKLOAD_NAMES.join(', ')}`);
  }
  if (/\.[cm]?[jt]s$/.test(name)) return [await scriptRun(name, args)];
  const paths = findJournals([name]);
  return Promise.all(
    paths.map(async (path) => {
      const { header, steps } = await readJournal(path);
      return journalRun(path.name, header, steps);
    }),
  );
}

/** The script's output goes to standard error, from its first run only. */
async function scriptRun(name: string, args: readonly string[]): Promise<Run> {
  const script = await aside(() => loadScript(name));
  let isHeard = true;
  return {
    name,
    kind: 'script',
    boot: (options) => Machine.boot({ ...options, args }),
    perform: async (machine) => {
      const error = await aside(() => runScript(script, machine), isHeard);
      isHeard = false;
      if (error !== null) throw new ScriptFailure(error);
    },
  };
}

/** The members of a list, in the order of the request. */
function chosen<T extends string>(flag: string, text: string, known: readonly T[]): T[] {
  return partsOf(text).map((part) => {
    const found = known.find((one) => one === part);
    if (found === undefined) throw new UsageError(`${flag}: there is no "${part}"; known are ${known.join(', ')}`);
    return found;
  });
}

/** The parts between commas, without duplicates. */
function partsOf(text: string): string[] {
  return [...new Set(text.split(',').map((part) => part.trim()))];
}
