/** Help, in the width of the terminal: of the program, and of one command. */
import type { AnyCommand, Option } from './command.ts';
import { MACHINE_OPTIONS } from './machineoptions.ts';

const WIDTH_MIN = 40;
const WIDTH_MAX = 100;
/** The width without a terminal. */
const WIDTH_DEFAULT = 80;
const PROGRAM = 'binderlab';
/** Columns between an entry and its description. */
const GAP = 2;
/** The description of a longer entry begins on the next line. */
const LEFT_MAX = 26;

/** An entry, and its description. */
type Entry = readonly [left: string, says: string];

/** @param columns The terminal's width; undefined without a terminal. */
export function helpWidth(columns: number | undefined): number {
  return Math.min(Math.max(columns ?? WIDTH_DEFAULT, WIDTH_MIN), WIDTH_MAX);
}

/** @param summaries By the commands' names. */
export function programHelp(description: string, summaries: Readonly<Record<string, string>>, width: number): string {
  const commands = Object.entries(summaries);
  const others: Entry[] = [
    ['help COMMAND', "the command's own help; so does COMMAND --help"],
    ['-v, --version', "the program's version"],
  ];
  return [
    ...wrapped(description, width),
    '',
    `Usage: ${PROGRAM} COMMAND [OPTION...]`,
    '',
    ...section('Commands', [...commands, ...others], width),
    ...section('Options of every command', optionEntries(Object.entries(MACHINE_OPTIONS)), width),
    `Start with: ${PROGRAM} guide`,
  ].join('\n');
}

export function commandHelp(name: string, summary: string, command: AnyCommand, width: number): string {
  const { words, scriptArgs, examples } = command;
  const options: [string, Option][] = Object.entries(command.options);
  const own = options.filter(([option]) => !Object.hasOwn(MACHINE_OPTIONS, option));
  const machine = options.filter(([option]) => Object.hasOwn(MACHINE_OPTIONS, option));
  const usage = [
    PROGRAM,
    name,
    words &&
      (words.min === 0 ? `[${words.hint}${words.max > 1 ? '...' : ''}]` : words.hint + (words.max > 1 ? '...' : '')),
    '[OPTION...]',
    scriptArgs && '[-- ARGUMENT...]',
  ];
  const taken: Entry[] = words === undefined ? [] : [[words.hint, words.description]];
  if (scriptArgs) taken.push(['ARGUMENT', scriptArgs === true ? 'what the script finds in machine.args' : scriptArgs]);
  return [
    ...wrapped(summary, width),
    '',
    `Usage: ${usage.filter((part) => typeof part === 'string').join(' ')}`,
    '',
    ...section('Arguments', taken, width),
    ...section('Options', optionEntries(own), width),
    ...section('The machine', optionEntries(machine), width),
    'Examples',
    ...examples.flatMap(([line, says]) => [
      `  ${PROGRAM} ${line}`,
      ...wrapped(says, width - 6).map((text) => `      ${text}`),
    ]),
  ].join('\n');
}

function optionEntries(options: readonly [string, Option][]): Entry[] {
  return options.map(([name, option]) => {
    const left = `--${name}${option.hint === undefined ? '' : ` ${option.hint}`}`;
    const choices = option.choices === undefined ? '' : `: ${option.choices.join(', ')}`;
    const usual = option.default === undefined ? '' : `; default ${option.default}`;
    return [left, option.description + choices + usual];
  });
}

/** A heading, its entries in two columns, and an empty line; no lines without entries. */
function section(heading: string, entries: readonly Entry[], width: number): string[] {
  if (entries.length === 0) return [];
  const longest = Math.max(...entries.map(([left]) => left.length).filter((length) => length <= LEFT_MAX));
  const column = 2 + longest + GAP;
  const lines = entries.flatMap(([left, says]) => {
    const [first = '', ...rest] = wrapped(says, width - column);
    const indented = rest.map((text) => ' '.repeat(column) + text);
    if (left.length > longest) return [`  ${left}`, ' '.repeat(column) + first, ...indented];
    return [`  ${left}`.padEnd(column) + first, ...indented];
  });
  return [heading, ...lines, ''];
}

/** Lines of at most `width` characters, broken between words. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line += line === '' ? word : ` ${word}`;
  }
  return [...lines, line];
}
