/**
 * An error of a script, for its author: the message, the line of the script's source that caused it, and the lines that
 * called it. Frames of binderlab and of node are left out.
 */
import { readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ThrownParts, thrownParts, thrownText } from '../wire/thrown.ts';
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
  const parts = thrownParts(error);
  if (parts === null) return `the script threw ${thrownText(error)}`;
  const [place, ...callers] = scriptPlaces(parts.stack);
  const cause = causeLines(parts);
  if (place === undefined) {
    // a stack of our own functions alone is what a report of a bug needs
    const isBug = placesIn(parts.stack).some(({ file }) => isOwn(file));
    return [isBug ? parts.stack : `the script threw ${headline(parts)}`, ...cause].join('\n');
  }
  const called = callers.slice(0, CALLERS_MAX).map((caller) => `    called from ${placeText(caller)}`);
  return [`${placeText(place)}: ${headline(parts)}`, ...cause, '', ...sourceLines(place), ...called]
    .join('\n')
    .trimEnd();
}

/** A message about a place in the script, taken from an engine's stack; about the whole script without a stack. */
export function describeScriptPlace(text: string, stack = ''): string {
  const [place] = scriptPlaces(stack);
  return place === undefined ? text : [`${placeText(place)}: ${text}`, '', ...sourceLines(place)].join('\n');
}

/** The message, with the kind of error for exceptions that Android has, too, but not for binderlab's own. */
function headline({ name, message, isOurs }: ThrownParts): string {
  const isPlain = name === 'Error' || isOurs;
  return isPlain && !name.endsWith('Exception') ? message : `${name}: ${message}`;
}

/** The cause, unless the message has it. */
function causeLines({ message, cause }: ThrownParts): string[] {
  return cause !== null && !message.includes(cause.message) ? [`because of: ${headline(cause)}`] : [];
}

/** Whether the code that threw an error is binderlab's, or the engine's for it. */
export function isOfBinderlab(error: unknown): boolean {
  const { stack = '' } = thrownParts(error) ?? {};
  const [first] = placesIn(stack);
  return first === undefined || isOwn(first.file);
}

/** The places in a stack that are in the script or in its imports from its folder. */
function scriptPlaces(stack: string): Place[] {
  return placesIn(stack).filter(({ file }) => !isOwn(file) && !file.includes('node_modules'));
}

/** The places in files that the frames of a stack name. */
function placesIn(stack: string): Place[] {
  return stack.split('\n').flatMap((frame) => fileOf(frame) ?? []);
}

function isOwn(file: string): boolean {
  return OWN_FOLDERS.some((folder) => file.startsWith(folder));
}

/** The place that a frame of a stack names; null when it names no file. */
function fileOf(frame: string): Place | null {
  const match = /^\s+at (?:.*?[ (])?((?:file:\/\/)?\/[^()]+|[A-Za-z]:\\[^()]+):(\d+):(\d+)\)?$/.exec(frame);
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
