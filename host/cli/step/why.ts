/**
 * The things that `why` and `change` are asked about, and the answers:
 *
 *     0x70000010, 0x70000010 16         bytes (4) of the current step's process
 *     server 0x70000010                 of that process
 *     pte 0x70000010                    the page table entry for that address; also with a process
 *     at 0x9a070                        bytes at a linear address
 *     node 12, buffer 5, call 5, ref client 1, thread client.0, proc server
 *     Node 0x9a070                      any object by its class, as the view `raw` shows it
 *     node 12 tmpRefs                   one field of an object
 */
import type { History, StepChange } from '../../history.ts';
import { isClassName } from '../../inspect/kernelmemory.ts';
import { valueText } from '../../inspect/tables/rawtext.ts';
import { changedFields, type Reading, type Watched, watched } from '../../inspect/watched.ts';
import type { Process } from '../../os/process.ts';
import type { Step } from '../../trace/journal.ts';
import { BinderlabError } from '../../wire/error.ts';
import { UsageError } from '../usage.ts';

const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;
const KINDS =
  '0x70000010, server 0x70000010 16, pte 0x70000010, at 0x9a070, node 12, buffer 5, call 5, ref client 1, thread client.0, proc server, or a class and an address; after an object also one of its fields';

/** @throws UsageError for what is no thing. */
export function watchedOf(text: string, history: History): Watched {
  const [kind = '', ...rest] = text.split(/\s+/);
  try {
    return thingOf(kind, rest, history);
  } catch (error) {
    if (error instanceof BinderlabError) throw new UsageError(error.message);
    throw error;
  }
}

function thingOf(kind: string, rest: readonly string[], history: History): Watched {
  const { machine } = history;
  const [name = '', field] = rest;
  const tooMuch = rest[wordsMax(kind, name)];
  if (tooMuch !== undefined) throw new UsageError(`"${tooMuch}" is too much; what can be asked about: ${KINDS}`);
  switch (kind) {
    case 'node':
      return watched.node(numberOf(name), field);
    case 'buffer':
      return watched.buffer(numberOf(name), field);
    case 'call':
      return watched.transaction(numberOf(name), field);
    case 'ref':
      return watched.ref(machine.process(name), numberOf(field), rest[2]);
    case 'thread':
      return watched.thread(machine.thread(name), field);
    case 'proc':
      return watched.proc(machine.process(name), field);
    case 'at':
      return watched.linear(numberOf(name), lengthOf(field));
    case 'pte': {
      const [process, address] = placeOf(rest, history);
      return watched.descriptor(process, address);
    }
    default:
      if (isClassName(kind) && !machine.processes.some((process) => process.name === kind)) {
        return watched.object(kind, numberOf(name), field);
      }
      return watched.user(...placeOf([kind, ...rest], history));
  }
}

/** How many words may follow the first one. */
function wordsMax(kind: string, name: string): number {
  if (kind === 'ref') return 3;
  if (kind === 'pte') return NUMBER.test(name) ? 1 : 2;
  return NUMBER.test(kind) ? 1 : 2;
}

/** A process, an address of its memory, and a number of bytes. */
function placeOf(words: readonly string[], history: History): [Process, number, number | undefined] {
  const [first = ''] = words;
  const [process, address, length] = NUMBER.test(first)
    ? [currentProcess(history), ...words]
    : [processOf(first, history), ...words.slice(1)];
  return [process, numberOf(address), lengthOf(length)];
}

function processOf(name: string, { machine }: History): Process {
  const process = machine.processes.find((one) => one.name === name);
  if (process !== undefined) return process;
  throw new UsageError(
    name === '' ? `nothing is named; what can be: ${KINDS}` : `"${name}" is not one of these: ${KINDS}`,
  );
}

function currentProcess({ machine, step }: History): Process {
  const process = machine.processes.find(({ threads }) => threads.some(({ name }) => name === step?.by));
  if (process !== undefined) return process;
  throw new UsageError('no thread made this step; name the process: server 0x70000010');
}

function numberOf(text = ''): number {
  if (NUMBER.test(text)) return Number(text);
  throw new UsageError(text === '' ? `a number is missing: ${KINDS}` : `"${text}" is no number`);
}

function lengthOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : numberOf(text);
}

/** "step 41, server.0, BC_FREE_BUFFER: it was 1, it is 0" */
export function changeText(change: StepChange): string {
  const { step, by, words } = change;
  const isWoken = by !== null && step.by !== undefined && by !== step.by;
  const who = isWoken ? `${by} (woken by ${step.by})` : by;
  const where = [`step ${step.i}`, who, words.length === 0 ? callName(step) : words.join(' or ')];
  return `${where.filter((part) => part !== null).join(', ')}: ${changesText(change)}`;
}

/** The last change of a thing, as a sentence. @throws UsageError for what is no thing. */
export function whyText(thing: string, history: History): string {
  const what = watchedOf(thing, history);
  const change = history.whoWrote(what);
  if (change !== null) return changeText(change);
  if (what.read(history.machine.inspect) === null) return `${thing} is not there, and was not before`;
  return `no step up to here changed ${thing}: it is as at the start`;
}

/** The same as plain data, for JSON; null when no step changed it. */
export function whyData(thing: string, history: History): object | null {
  const change = history.whoWrote(watchedOf(thing, history));
  if (change === null) return null;
  const { step, by, words, before, after } = change;
  const changes = changedFields(before, after).map((name) => ({
    name,
    before: before?.[name] ?? null,
    after: after?.[name] ?? null,
  }));
  return { step: step.i, op: step.op, by, words, changes };
}

function changesText({ before, after }: StepChange): string {
  const names = Object.keys(before ?? after ?? {});
  if (names.length === 1) return `it was ${fieldText(before, names[0])}, it is ${fieldText(after, names[0])}`;
  if (before === null) return 'it was made';
  if (after === null) return 'it went away';
  return changedFields(before, after)
    .map((name) => `${name} was ${fieldText(before, name)}, is ${fieldText(after, name)}`)
    .join('; ');
}

function fieldText(reading: Reading, name = ''): string {
  const value = reading?.[name];
  return value === undefined ? 'not there' : valueText(value);
}

function callName(step: Step): string {
  if (step.op === 'wr') return 'BINDER_WRITE_READ';
  return step.op === 'ioctl' ? (step.in.name ?? step.op) : step.op;
}
