/**
 * An error of a script, for its author: the message, the line of the script's source that caused it, and the lines that
 * called it. Frames of binderlab and of node are left out.
 */
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BinderlabError } from '../wire/error.ts';
import { ROOT } from './packagefile.ts';

/** A place in a file, line and column counted from 1. */
interface Place {
  file: string;
  line: number;
  column: number;
}

/** binderlab's own folders, as compiled and as source maps name them. */
const OWN_FOLDERS = ['dist', 'host'].map((folder) => join(ROOT, folder, sep));

const LINES_AROUND = 2;
const CALLERS_MAX = 5;

/**
 *     hello.ts:5:13: A.0: ioctl on descriptor 9 failed with EBADF: ...
 *
 *         4 |   const fd = 9;
 *       > 5 |   app.main.writeRead(fd, []);
 *           |            ^
 */
export function describeScriptError(error: unknown): string {
  if (!(error instanceof Error)) return `the script threw ${String(error)}`;
  const [place, ...callers] = scriptPlaces(error.stack ?? '');
  const cause = causeLines(error);
  if (place === undefined) return [error.stack ?? headline(error), ...cause].join('\n');
  const called = callers.slice(0, CALLERS_MAX).map((caller) => `    called from ${placeText(caller)}`);
  return [`${placeText(place)}: ${headline(error)}`, ...cause, '', ...sourceLines(place), ...called]
    .join('\n')
    .trimEnd();
}

/** A message about a place in the script, taken from an engine's stack; about the whole script without a stack. */
export function describeScriptPlace(text: string, stack = ''): string {
  const [place] = scriptPlaces(stack);
  return place === undefined ? text : [`${placeText(place)}: ${text}`, '', ...sourceLines(place)].join('\n');
}

/** The message, with the kind of error for exceptions that Android has, too, but not for binderlab's own. */
function headline(error: Error): string {
  const isPlain = error.name === 'Error' || error instanceof BinderlabError;
  return isPlain && !error.name.endsWith('Exception') ? error.message : `${error.name}: ${error.message}`;
}

/** The cause, unless the message has it. */
function causeLines({ message, cause }: Error): string[] {
  return cause instanceof Error && !message.includes(cause.message) ? [`because of: ${headline(cause)}`] : [];
}

/** Whether the code that threw an error is binderlab's, or the engine's for it. */
export function isOfBinderlab({ stack = '' }: Error): boolean {
  const [first] = stack.split('\n').flatMap((frame) => fileOf(frame)?.file ?? []);
  return first === undefined || OWN_FOLDERS.some((folder) => first.startsWith(folder));
}

/** The places in a stack that are in the script or in its imports from its folder. */
function scriptPlaces(stack: string): Place[] {
  const places: Place[] = [];
  for (const frame of stack.split('\n')) {
    const place = fileOf(frame);
    if (place === null) continue;
    const { file } = place;
    if (OWN_FOLDERS.some((folder) => file.startsWith(folder)) || file.includes('node_modules')) continue;
    places.push(place);
  }
  return places;
}

/** The place that a frame of a stack names; null when it names no file. */
function fileOf(frame: string): Place | null {
  const match = /^\s+at .*?\(?((?:file:\/\/)?\/[^()]+|[A-Za-z]:\\[^()]+):(\d+):(\d+)\)?$/.exec(frame);
  if (match === null) return null;
  const [, path = '', line, column] = match;
  return { file: path.startsWith('file://') ? fileURLToPath(path) : path, line: Number(line), column: Number(column) };
}

function placeText({ file, line, column }: Place): string {
  const near = relative('', file);
  return `${near.startsWith('..') ? file : near}:${line}:${column}`;
}

/** The marked line with its neighbours; no lines when the source cannot be read. */
function sourceLines({ file, line, column }: Place): string[] {
  let source: string[];
  try {
    source = readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
  const first = Math.max(1, line - LINES_AROUND);
  const last = Math.min(source.length, line + LINES_AROUND);
  const width = String(last).length;
  const lines: string[] = [];
  for (let number = first; number <= last; number++) {
    const mark = number === line ? '>' : ' ';
    lines.push(`  ${mark} ${String(number).padStart(width)} | ${source[number - 1] ?? ''}`.trimEnd());
    if (number === line) lines.push(`    ${' '.repeat(width)} | ${' '.repeat(column - 1)}^`);
  }
  return lines;
}
