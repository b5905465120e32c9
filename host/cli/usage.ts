/** What a user may get wrong on the command line. Owns the check of flags, since the parser lets unknown ones pass. */
import type { ArgsDef } from 'citty';

/** The command line asks for what is not there. Shown without a stack; the program ends with exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** Exit codes. */
export const EXIT_FINE = 0;
export const EXIT_NO = 1;
export const EXIT_USAGE = 2;

/**
 * Checks every flag of a command line against those that the command knows.
 *
 * @throws UsageError for a flag that is not known, and for one that lacks its value.
 */
export function checkFlags(rawArgs: readonly string[], known: ArgsDef): void {
  for (let index = 0; index < rawArgs.length; index++) {
    const word = rawArgs[index] ?? '';
    if (word === '--') return;
    if (!word.startsWith('-') || word === '-') continue;
    const [flag = '', value] = word.split('=', 2);
    const type = flag.startsWith('--') ? known[flag.slice(2)]?.type : undefined;
    if (type === undefined || type === 'positional') {
      throw new UsageError(`there is no flag ${flag}; known are ${flagNames(known).join(', ')}`);
    }
    if (type === 'boolean') {
      if (value !== undefined) throw new UsageError(`${flag} takes no value`);
      continue;
    }
    if (value === undefined) index++;
    const given = value ?? rawArgs[index];
    if (given === undefined || given === '') throw new UsageError(`${flag} needs a value`);
  }
}

/** The words of a command line that are not flags nor their values. */
export function positionals(rawArgs: readonly string[], known: ArgsDef): string[] {
  const words: string[] = [];
  for (let index = 0; index < rawArgs.length; index++) {
    const word = rawArgs[index] ?? '';
    if (word === '--') return [...words, ...rawArgs.slice(index + 1)];
    if (!word.startsWith('-') || word === '-') words.push(word);
    else if (!word.includes('=') && known[word.slice(2)]?.type === 'string') index++;
  }
  return words;
}

function flagNames(known: ArgsDef): string[] {
  return Object.entries(known)
    .filter(([, definition]) => definition.type !== 'positional')
    .map(([name]) => `--${name}`);
}
