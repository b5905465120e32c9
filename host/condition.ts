/**
 * Conditions on the moment after a step, of `until` and of breaks:
 *
 *     BR_REPLY, BC_FREE_BUFFER   a step in which that word was written or read
 *     error, parked, woken       a call that failed, that went to sleep, that an earlier step had put to sleep
 *     message                    a step that sends a message with data
 *     client.0, server           a step by that thread, or by any of that process
 *     mmap, ioctl, kill          a step of that kind
 *     buffers > 3, nodes = 0     the number of that kind, see COUNTS
 */
import type { RowData } from './inspect/tables/table.ts';
import type { TableView, Views } from './inspect/tables/views.ts';
import type { Step } from './trace/journal.ts';
import { BinderlabError } from './wire/error.ts';
import { WORDS } from './wire/words.ts';

/** A predicate on the moment after a step. The tables are made only on use. */
type Condition = (step: Step, tables: () => Views) => boolean;

/** What may be a name of a thread, a process or an operation. */
const NAME = /^[^\s<>=!]+$/;
const COMPARISON = /^(\w+)\s*(<=|>=|==?|!=|<|>)\s*(\d+)$/;

const COMPARE: Readonly<Record<string, (count: number, limit: number) => boolean>> = {
  '<': (count, limit) => count < limit,
  '<=': (count, limit) => count <= limit,
  '=': (count, limit) => count === limit,
  '==': (count, limit) => count === limit,
  '!=': (count, limit) => count !== limit,
  '>=': (count, limit) => count >= limit,
  '>': (count, limit) => count > limit,
};

/** Countable objects: a view, and the rows of its tables that count. */
const COUNTS: Readonly<Record<string, { readonly view: TableView; readonly counts: (row: RowData) => boolean }>> = {
  /** Buffers that hold messages. */
  buffers: { view: 'buffers', counts: ({ free }) => free === false },
  /** Free buffers between them. */
  free: { view: 'buffers', counts: ({ free }) => free === true },
  /** Pages of mappings that have a frame. */
  pages: { view: 'pages', counts: () => true },
  /** Live threads. A row without a thread has the work that any thread may take. */
  threads: { view: 'threads', counts: ({ tid, alive }) => tid !== 0 && alive === true },
  /** Objects that processes have sent, including those of dead owners. */
  nodes: { view: 'nodes', counts: (row) => !('desc' in row) },
  /** Handles of processes for nodes of other processes. */
  handles: { view: 'nodes', counts: (row) => 'desc' in row },
};

/** The names of countable objects. */
export const COUNTED = Object.keys(COUNTS) as readonly string[];

const EVENTS: Readonly<Record<string, Condition>> = {
  error: (step) => outputsOf(step).some((out) => typeof out.ret === 'number' && out.ret < 0),
  parked: (step) => step.parked === true,
  woken: (step) => (step.woken?.length ?? 0) > 0,
  message: ({ bc = [] }) => bc.some((word) => /^BC_(TRANSACTION|REPLY)(_SG)? .*\bdata_size=0x[1-9a-f]/.test(word)),
};

/** A break was reached. */
export class BreakError extends BinderlabError {
  override readonly name = 'BreakError';

  /** @param step The step after which the condition holds. */
  constructor(
    readonly step: Step,
    condition: string,
  ) {
    super(`stopped after step ${step.i}: ${condition} holds.`);
  }
}

/**
 * @param steps The whole journal, if there is one: names that do not occur in it are refused.
 * @throws BinderlabError for an invalid condition.
 */
export function conditionOf(text: string, steps?: Iterable<Step>): Condition {
  const words = text.trim();
  const event = EVENTS[words];
  if (event !== undefined && Object.hasOwn(EVENTS, words)) return event;
  const comparison = COMPARISON.exec(words);
  if (comparison !== null) return countCondition(comparison);
  if (/^B[CR]_/.test(words)) return wordCondition(words);
  if (steps === undefined ? NAME.test(words) : occurs(words, steps)) return (step) => isNamed(step, words);
  const processes = steps === undefined ? '' : ` (${processesOf(steps).join(', ')})`;
  const source = steps === undefined ? '' : ' of this journal';
  throw new BinderlabError(
    `until what? "${words}" is no BC_ or BR_ word, no thread, process${processes} or kind of step${source}, none of ${Object.keys(EVENTS).join(', ')}, and no count like "buffers > 3"`,
  );
}

/** Whether a step has that name: as its kind, its thread, or the process of its thread. */
function isNamed(step: Step, name: string): boolean {
  const actor = actorOf(step);
  return step.op === name || actor === name || processOf(actor) === name;
}

function occurs(name: string, steps: Iterable<Step>): boolean {
  for (const step of steps) if (isNamed(step, name)) return true;
  return false;
}

/** The processes that the steps make. */
function processesOf(steps: Iterable<Step>): string[] {
  return [...steps].flatMap((step) => (step.op === 'proc' || step.op === 'fork' ? [step.in.name] : []));
}

function countCondition([, name = '', operator = '', limit]: RegExpExecArray): Condition {
  const counted = Object.hasOwn(COUNTS, name) ? COUNTS[name] : undefined;
  if (counted === undefined)
    throw new BinderlabError(`"${name}" cannot be counted; what can are ${COUNTED.join(', ')}`);
  const holds = COMPARE[operator] as (count: number, limit: number) => boolean;
  const { view, counts } = counted;
  return (_, tables) => {
    const number = tables()[view].reduce((sum, { rows }) => sum + rows.filter(({ data }) => counts(data)).length, 0);
    return holds(number, Number(limit));
  };
}

function wordCondition(name: string): Condition {
  if (!Object.hasOwn(WORDS, name)) throw new BinderlabError(`the protocol has no word ${name}`);
  const has = (words: readonly string[] | undefined) => words?.some((word) => word.split(' ', 1)[0] === name) ?? false;
  return ({ bc, br, woken }) => has(bc) || has(br) || (woken ?? []).some((entry) => has(entry.br));
}

function outputsOf(step: Step): { ret?: number | string }[] {
  const woken = (step.woken ?? []).map(({ out }) => out);
  return (step.out === undefined ? woken : [step.out, ...woken]) as { ret?: number | string }[];
}

/** The subject of a step: the acting thread, or the affected process or thread. */
function actorOf(step: Step): string {
  switch (step.op) {
    case 'proc':
      return step.in.name;
    case 'kill':
      return step.in.proc;
    case 'signal':
    case 'await':
      return step.in.thread;
    default:
      return step.by ?? '';
  }
}

function processOf(thread: string): string {
  const dot = thread.lastIndexOf('.');
  return dot < 0 ? thread : thread.slice(0, dot);
}
