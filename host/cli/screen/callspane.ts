/** The list of calls around the selected one. */
import type { CallPicture } from '../../picture/calls.ts';
import type { WordText } from '../../trace/wordtext.ts';
import { fit } from './cells.ts';
import type { Pane, PaneLine } from './pane.ts';

/** The steps of a path, by index. */
export interface CallList {
  readonly count: number;
  /** The step performed last; -1 at the start. */
  readonly current: number;
  /** The step that runs next; null at the end. */
  readonly next: number | null;
  readonly selected: number;
  /** What stands in front of a step: its number. */
  readonly label: (index: number) => string;
  readonly at: (index: number) => CallPicture;
  /** How the current step differs from its recording; null when it does not. */
  readonly difference: string | null;
}

const NAME_MAX = 18;

/** @param height Lines of the pane: as many steps before and after the selected one are listed. */
export function callsPane(list: CallList, height: number): Pane {
  const from = Math.max(0, list.selected - height);
  const to = Math.min(list.count - 1, Math.max(list.selected, 0) + height);
  const calls = Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => list.at(from + index));
  const names = calls.flatMap(({ by, woken }) => [by ?? '', ...woken.map((entry) => entry.by)]);
  const width = Math.min(NAME_MAX, Math.max(0, ...names.map(({ length }) => length)));
  const lines: PaneLine[] = [];
  let begin = 0;
  if (from === 0) {
    const mark = list.current < 0 ? '>   ' : '    ';
    lines.push({ text: `${mark}  the machine as it was booted`, look: 'quiet' });
  }
  for (const [index, call] of calls.entries()) {
    const at = from + index;
    if (at === list.selected) begin = lines.length;
    lines.push(...callLines(call, at, list, width));
  }
  return { title: titleOf(list), lines, begin };
}

function titleOf({ count, next, at }: CallList): string {
  if (count === 0) return 'calls: there is no step';
  if (next === null) return 'calls: no step is left';
  const { by, call } = at(next);
  return `calls, next to run: ${by ?? call}`;
}

function callLines(call: CallPicture, index: number, list: CallList, width: number): PaneLine[] {
  const isCurrent = index === list.current;
  const isNext = index === list.next;
  const mark = isCurrent ? '>' : isNext ? 'next' : index === list.selected ? '=' : '';
  const head = `${mark.padEnd(4)}${list.label(index).padStart(4)} `;
  const look = isCurrent ? ('strong' as const) : index > list.current && !isNext ? ('quiet' as const) : undefined;
  const line = (text: string): PaneLine => (look === undefined ? { text } : { text, look });
  const lines = [line(`${head}${fit(call.by ?? '', width)} ${textOf(call)}`)];
  for (const { by, returns } of call.woken) {
    const words = returns.length === 0 ? 'returns' : wordsText(returns);
    lines.push(line(`${' '.repeat(head.length)}${fit(by, width)} wakes: ${words}`));
  }
  for (const text of call.kernelLog) lines.push({ text: `${' '.repeat(head.length)}# ${text}`, look: 'quiet' });
  if (isCurrent && list.difference !== null) lines.push(line(`${' '.repeat(head.length)}! ${list.difference}`));
  return lines;
}

/** All of a call in one line, to be searched. */
export function callText(call: CallPicture): string {
  const woken = call.woken.map(({ by, returns }) => `${by} ${wordsText(returns)}`);
  return [call.by ?? '', textOf(call), ...woken].join(' ');
}

/** "BC_TRANSACTION handle 1, code 7; ... sleeps". */
function textOf({ call, commands, returns, sleeps, errno }: CallPicture): string {
  const isRead = call === 'BINDER_WRITE_READ' && commands.length === 0;
  const parts = [
    isRead ? 'reads' : commands.length === 0 ? call : wordsText(commands),
    returns.length === 0 ? '' : `-> ${wordsText(returns)}`,
    errno === null || call.endsWith(')') ? '' : `= ${errno}`,
    sleeps ? '... sleeps' : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

/** The pane of bytes has the details. Every read begins with BR_NOOP, which says nothing. */
function wordsText(words: readonly WordText[]): string {
  const said = words.filter(({ name }) => name !== 'BR_NOOP');
  const shown = said.length === 0 ? words : said;
  return shown
    .map(({ name, details, isError }) => `${isError ? '! ' : ''}${[name, ...shortOf(details)].join(' ')}`)
    .join('; ');
}

/** "handle 1", "128 bytes". */
function shortOf(details: readonly string[]): string[] {
  return details.flatMap((detail) => /^handle \d+$|^\d+ bytes/.exec(detail)?.[0] ?? []);
}
