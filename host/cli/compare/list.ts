/** The output of `compare --list`: workloads, ways to send, strategies and cost profiles, each in a sentence. */
import { COST_PROFILES } from '../../compare/costs.ts';
import { SENDS } from '../../compare/scene.ts';
import { SEND_WHAT, STRATEGY_WHAT } from '../../compare/words.ts';
import { STRATEGIES } from '../../machine.ts';
import { wrapped } from '../help.ts';
import { WORKLOADS } from './rowchoice.ts';

const COLUMNS = 79;

export function listLines(): string[] {
  const workloads = WORKLOADS.map(
    ({ name, receive, what }) => [name, receive === undefined ? what : `(${receive}) ${what}`] as const,
  );
  const name = <T extends string>(names: readonly T[], what: Readonly<Record<T, string>>) =>
    names.map((one) => [one, what[one]] as const);
  const blocks: (readonly [string, readonly (readonly [string, string])[]])[] = [
    ['--workload', workloads],
    ['--send', name(SENDS, SEND_WHAT)],
    ['--strategies', name(STRATEGIES, STRATEGY_WHAT)],
    ['--costs', COST_PROFILES.map((profile) => [profile.name, profile.machine] as const)],
  ];
  const width = Math.max(...blocks.flatMap(([, entries]) => entries.map(([word]) => word.length)));
  return blocks.flatMap(([flag, entries], index) => [
    ...(index === 0 ? [] : ['']),
    flag,
    ...entries.flatMap(([word, what]) =>
      wrapped(what, COLUMNS - width - 4).map((line, at) => `  ${(at === 0 ? word : '').padEnd(width)}  ${line}`),
    ),
  ]);
}
