/**
 * Reads a command line by the table of its command. Nothing on it is ignored: unknown words are refused, with a
 * suggestion when a known name is similar.
 */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { CliCommand, CommandLine, Option, Options, Values } from './command.ts';
import { didYouMean } from './misspelling.ts';
import { UsageError } from './usage.ts';

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

/** The words that are neither options nor values of options, with their places. */
export function wordsOf(line: readonly string[], options: Options): { word: string; at: number }[] {
  return tokensOf(line, options).flatMap((token) =>
    token.kind === 'positional' ? [{ word: token.value, at: token.index }] : [],
  );
}

/**
 * @param name The command's name, for errors.
 * @throws UsageError for unknown, missing and contradictory options or words.
 */
export function readCommandLine<O extends Options>(
  name: string,
  command: CliCommand<O>,
  line: readonly string[],
): CommandLine<O> {
  const { options } = command;
  const values: Record<string, string | boolean | undefined> = {};
  for (const [option, { type, default: value }] of Object.entries(options)) {
    values[option] = type === 'boolean' ? false : value;
  }
  const [words, scriptArgs]: [string[], string[]] = [[], []];
  const given = new Set<string>();
  let ended = false;
  for (const token of tokensOf(line, options)) {
    if (token.kind === 'option-terminator') ended = command.scriptArgs !== undefined;
    else if (token.kind === 'positional') (ended ? scriptArgs : words).push(token.value);
    else {
      values[token.name] = optionValue(name, options, token);
      if (given.has(token.name)) throw new UsageError(`--${token.name} is given twice`);
      given.add(token.name);
    }
  }
  checkTogether(name, command, given);
  checkWords(name, command, words);
  return { args: values as Values<O>, words, scriptArgs, given };
}

function tokensOf(line: readonly string[], options: Options): Token[] {
  const types = Object.entries(options).map(([name, { type }]) => [name, { type }] as const);
  const config = {
    args: [...line],
    options: Object.fromEntries(types),
    allowPositionals: true,
    // so that this program words the errors
    strict: false,
    tokens: true,
  } satisfies ParseArgsConfig;
  return parseArgs(config).tokens;
}

function optionValue(command: string, options: Options, { name, rawName, value, inlineValue }: OptionToken) {
  const option: Option | undefined =
    rawName === `--${name}` && Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const known = Object.keys(options);
    throw new UsageError(`${command} has no option ${rawName}; ${didYouMean(name, known, '--')}`);
  }
  if (option.type === 'boolean') {
    if (value === undefined) return true;
    const whole = `${name}-${value}`;
    throw new UsageError(
      `--${name} takes no value${Object.hasOwn(options, whole) ? `; did you mean --${whole}?` : ''}`,
    );
  }
  const isOption = inlineValue === false && value !== undefined && /^-[^\d]/.test(value);
  if (value === undefined || value === '' || isOption) throw new UsageError(`--${name} needs a value`);
  if (option.choices !== undefined && !option.choices.includes(value)) {
    throw new UsageError(`--${name} cannot be "${value}"; ${didYouMean(value, option.choices)}`);
  }
  return value;
}

function checkTogether<O extends Options>(name: string, command: CliCommand<O>, given: ReadonlySet<string>): void {
  for (const [option, { required }] of Object.entries(command.options)) {
    if (required === true && !given.has(option)) throw new UsageError(`${name} needs --${option}; see ${name} --help`);
  }
  for (const [one, other] of command.contrary ?? []) {
    if (given.has(one) && given.has(other)) throw new UsageError(`--${one} and --${other} exclude each other`);
  }
}

function checkWords<O extends Options>(name: string, command: CliCommand<O>, words: readonly string[]): void {
  const { words: taken, wordsBelongTo } = command;
  const [first] = words;
  if (taken === undefined) {
    if (first === undefined) return;
    const hint = wordsBelongTo === undefined ? '' : `; did you mean --${wordsBelongTo} ${first}?`;
    throw new UsageError(`${name} takes no argument "${first}"${hint}`);
  }
  if (words.length < taken.min) throw new UsageError(`${name} needs ${taken.hint}; see ${name} --help`);
  if (words.length <= taken.max) return;
  const rest = words.slice(taken.max).join(' ');
  const hint =
    command.scriptArgs === true ? `; arguments of a script stand behind --: ${name} ${first} -- ${rest}` : '';
  throw new UsageError(`${name} takes one ${taken.hint}, not also ${rest}${hint}`);
}
