/** Commands as tables: their options, words and actions. commandline.ts reads lines by them, help.ts prints them. */

/** An option: `--json`, or `--seed N`. */
export interface Option {
  readonly type: 'boolean' | 'string';
  readonly description: string;
  /** Placeholder of the value in help. */
  readonly hint?: string;
  /** The allowed values. */
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly required?: true;
}

export type Options = Readonly<Record<string, Option>>;

/** The words of a command line that are neither options nor their values. */
interface Words {
  /** Their placeholder in help. */
  readonly hint: string;
  readonly description: string;
  readonly min: 0 | 1;
  readonly max: 1 | typeof ANY_NUMBER;
}

export const ANY_NUMBER = Number.POSITIVE_INFINITY;

type ValueOf<O extends Option> = O extends { type: 'boolean' }
  ? boolean
  : (O extends { choices: readonly (infer Choice)[] } ? Choice : string) | (O extends Given ? never : undefined);

/** Options that have a value on every command line. */
type Given = { default: string } | { required: true };

/** The values of all options: strings from the line, or the default. */
export type Values<O extends Options> = { -readonly [Name in keyof O]: ValueOf<O[Name]> };

/** A parsed command line. */
export interface CommandLine<O extends Options> {
  args: Values<O>;
  words: string[];
  /** The words after `--`, for the script. */
  scriptArgs: string[];
  /** The options on the line. */
  given: ReadonlySet<string>;
}

export interface CliCommand<O extends Options> {
  readonly options: O;
  /** Absent: the command takes none. */
  readonly words?: Words;
  /** The option that errors suggest when a command without words gets one. */
  readonly wordsBelongTo?: keyof O & string;
  /** Whether arguments for a script may follow after `--`; with a text: other words, and their description. */
  readonly scriptArgs?: true | string;
  /** Pairs of options that contradict each other. */
  readonly contrary?: readonly (readonly [keyof O & string, keyof O & string])[];
  /** A command line without the program's name, and its description. */
  readonly examples: readonly (readonly [line: string, says: string])[];
  /** @throws UsageError for invalid values. */
  run(line: CommandLine<O>): void | Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: what a command takes varies, and only a table of its own reads it
export type AnyCommand = CliCommand<any>;

/** The same command, with the types of its options. */
export function defineCommand<const O extends Options>(command: CliCommand<O>): CliCommand<O> {
  return command;
}
