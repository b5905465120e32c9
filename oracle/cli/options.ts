/** The command lines of the oracle: strict, with a help text for each command. */
import { parseArgs } from 'node:util';
import { UsageError } from '../../host/cli/usage.ts';
import { FLAVOURS, type Flavour } from '../place.ts';

export interface Option {
  type: 'string' | 'boolean';
  /** Describes the value, in the help text. */
  value?: string;
  about: string;
}

export interface Command {
  /** The command line after `npm run oracle --`. */
  usage: string;
  about: string;
  options: Readonly<Record<string, Option>>;
  run(line: CommandLine): Promise<void>;
}

/** A parsed command line. */
export class CommandLine {
  constructor(
    /** The words that are not options. */
    readonly words: readonly string[],
    private readonly values: Readonly<Record<string, string | boolean | undefined>>,
  ) {}

  has(option: string): boolean {
    return this.values[option] === true;
  }

  get(option: string): string | undefined {
    const value = this.values[option];
    return typeof value === 'string' ? value : undefined;
  }

  /** @throws UsageError when it is absent */
  need(option: string): string {
    const value = this.get(option);
    if (value === undefined || value === '') throw new UsageError(`--${option} is missing`);
    return value;
  }

  /** The kernel that --arch names. @throws UsageError for one that does not exist */
  flavour(): Flavour {
    const named = this.get('arch') ?? 'x86_64';
    const found = FLAVOURS.find((flavour) => flavour === named);
    if (found === undefined) throw new UsageError(`there is no --arch ${named}; there are ${FLAVOURS.join(', ')}`);
    return found;
  }
}

export const ARCH_OPTION: Option = {
  type: 'string',
  value: 'A',
  about: `Which kernel: ${FLAVOURS.join(', ')}; x86_64 when absent`,
};
export const GZ_OPTION: Option = { type: 'boolean', about: 'Compress what is written' };

/** @throws UsageError for unknown options, and for options without their value */
export function parseLine(words: readonly string[], { options, usage }: Command): CommandLine {
  const types = Object.fromEntries(Object.entries(options).map(([name, { type }]) => [name, { type }]));
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: types, allowPositionals: true });
    return new CommandLine(positionals, values as Record<string, string | boolean | undefined>);
  } catch (error) {
    // the first sentence names the error; the rest is advice about "--"
    const [problem] = (error as Error).message.split('. ');
    throw new UsageError(`${problem}; usage: ${usage}`);
  }
}

export function helpText({ usage, about, options }: Command): string {
  const rows = Object.entries(options).map(([name, { value, about }]) => [
    `--${name}${value ? ` ${value}` : ''}`,
    about,
  ]);
  const width = Math.max(0, ...rows.map(([flag = '']) => flag.length));
  const lines = rows.map(([flag = '', text]) => `  ${flag.padEnd(width)}  ${text}`);
  return [about, '', `  npm run oracle -- ${usage}`, ...(lines.length > 0 ? ['', ...lines] : [])].join('\n');
}

/** A range of seeds: "7", or "1-20". @throws UsageError for anything else */
export function seedRange(text: string): number[] {
  const [, from = '', to = from] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [first, last] = [Number(from), Number(to)];
  if (from === '' || first < 1 || last < first) {
    throw new UsageError(`"${text}" is no range of seeds; one is 1-20, or 7`);
  }
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
