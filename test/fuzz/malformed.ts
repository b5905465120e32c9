/** Inputs of the tools that are nearly right: journals in both forms, command lines, cost files. Each is read, or refused in words. */
import type { AnyCommand } from '../../host/cli/command.ts';
import { readCommandLine } from '../../host/cli/commandline.ts';
import { failureOf } from '../../host/cli/failure.ts';
import { UsageError } from '../../host/cli/usage.ts';
import { parseCosts } from '../../host/compare/costfile.ts';
import type { Dice } from '../../host/fuzz/dice.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import { BinaryJournal, sourceOf } from '../../host/trace/binaryjournal.ts';
import { EntryError } from '../../host/trace/entries.ts';
import { JournalError, parseJournal } from '../../host/trace/journaltext.ts';
import { BinderlabError } from '../../host/wire/error.ts';

/** Texts that turn up where they should not. */
const PIECES: readonly string[] = [
  '',
  '{',
  '}',
  '"',
  '[]',
  'null',
  '-1',
  '1e99',
  '0x',
  '"ffff"',
  '\n',
  '\\',
  'NaN',
  '\u0000',
  '99999999999',
];

/** Changes some characters of a text. */
export function spoiltText(dice: Dice, text: string): string {
  let spoilt = text;
  for (let count = 1 + dice.below(4); count > 0; count--) {
    const at = dice.below(spoilt.length + 1);
    spoilt = spoilt.slice(0, at) + dice.of(PIECES) + spoilt.slice(at + dice.of([0, 0, 1, 2, 7, 400]));
  }
  return spoilt;
}

/** Changes some bytes, or cuts the end off. */
export function spoiltBytes(dice: Dice, bytes: Uint8Array): Uint8Array {
  const spoilt = bytes.slice(0, dice.below(8) === 0 ? dice.below(bytes.length + 1) : bytes.length);
  for (let count = 1 + dice.below(4); count > 0 && spoilt.length > 0; count--) {
    spoilt[dice.below(spoilt.length)] = dice.below(256);
  }
  return spoilt;
}

/**
 * Reads a journal and runs it on a machine of its header.
 *
 * @returns The words of a refusal; null when it could be run.
 * @throws any error that has no words for a user
 */
export function journalRefusal(input: string | Uint8Array, wasm: WebAssembly.Module): string | null {
  let refusal: string | null = null;
  const inWords = <T>(act: () => T): T => {
    try {
      return act();
    } catch (error) {
      const speaks = [BinderlabError, JournalError, EntryError].some((kind) => error instanceof kind);
      if (!speaks) throw new Unexpected((error as Error).stack);
      refusal = (error as Error).message;
      throw error;
    }
  };
  try {
    const journal = inWords(() => {
      return typeof input === 'string' ? parseJournal(input, 'it') : new BinaryJournal(sourceOf(input), 'it');
    });
    const { different } = replay(journal, (header) => {
      const machine = inWords(() => Machine.fromHeader(header, { wasm, memoryMiB: 8 }));
      return {
        perform: (step) => inWords(() => machine.perform(step)),
        performEntries: (entries) => inWords(() => machine.performEntries(entries)),
        get lastStep() {
          return machine.lastStep;
        },
      };
    });
    const [first] = different;
    if (refusal === null && first?.field === 'error' && !/^the journal/.test(String(first.actual))) {
      throw new Unexpected(String(first.actual));
    }
    return refusal;
  } catch (error) {
    if (error instanceof JournalError || error instanceof EntryError) return error.message;
    throw error;
  }
}

/** An error that no user can understand. */
class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

/** A line of words of the command, some of them wrong. */
export function spoiltLine(dice: Dice, { options }: AnyCommand): string[] {
  const names = Object.keys(options).map((name) => `--${name}`);
  const words = [
    ...names,
    '--',
    '-',
    '-1',
    '0',
    '7',
    'x',
    '',
    '--nothing',
    '--seed=',
    '--json=1',
    '1/4',
    '-h',
    '\u0000',
    '--=',
    '---',
  ];
  return Array.from({ length: dice.below(6) }, () => dice.of(words));
}

/** Reads a line. @returns The words of a refusal; null when it was read. @throws what no reader may throw */
export function lineRefusal(name: string, command: AnyCommand, line: readonly string[]): string | null {
  try {
    readCommandLine(name, command, line);
    return null;
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
}

/** Reads a cost file. @returns The words of a refusal; null when it was read. @throws what has no words for a user */
export function costsRefusal(text: string): string | null {
  try {
    parseCosts(text, 'costs.json');
    return null;
  } catch (error) {
    if (error instanceof BinderlabError) return error.message;
    throw error;
  }
}

/** Values of options, most of them wrong for most. */
const VALUES: readonly string[] = [
  ...['0', '1', '2', '8', '-1', '1e9', '0x10', '99999999999', 'NaN', '1.5', ' 1', '1/4', '4/1', '0/0', '1/', '/', 'x'],
  ...['', ',', 'kmap', 'release', 'all', 'state', 'state,x', 'state,', 'BR_REPLY', 'buffers > 3', 'buffers >', '> 3'],
  ...['nowhere/x', '.', '..', 'x.jsonl', 'x.journal', 'CVE-2019-2215', 'CVE-', 'frame,object', 'frame,', 'rain'],
  ...['\u0000', 'é', '"', "'", '--', '-', 'node 1', 'ref client 1', 'byte server 0x70000000'],
];

/** A line of known options with values, for a file that is not there. */
export function wrongLine(dice: Dice, { options }: AnyCommand): string[] {
  const names = Object.keys(options);
  const given = Array.from({ length: dice.below(5) }, () => {
    const name = dice.of(names);
    if (options[name].type === 'boolean') return `--${name}`;
    // a time limit that holds would end this process
    return `--${name}=${dice.of(name === 'timeout' ? VALUES.filter((value) => !/^\d+$/.test(value)) : VALUES)}`;
  });
  return [...given, dice.of(['nowhere.ts', 'nowhere.jsonl', 'nowhere.journal', 'nowhere'])];
}

/** Lines of a stack: of this program, or of node. */
const FRAME = /^\s+at .*(\bdist\/|node:|host\/)/m;

/** Whether a message of the command is one for a user. */
export function isForUser(message: string): boolean {
  return message.trim().length > 0 && !FRAME.test(message);
}

/**
 * Runs a command in this process. Its output is kept away from standard output and error.
 *
 * @returns Its exit code, and what it said on standard error or by its error.
 */
export async function outcomeOf(name: string, command: AnyCommand, line: readonly string[]) {
  const { stdout, stderr, exitCode: before } = process;
  const writes = [stdout.write, stderr.write] as const;
  let said = '';
  let exitCode = 0;
  stdout.write = (() => true) as typeof stdout.write;
  stderr.write = ((text: string) => (said += text)) as unknown as typeof stderr.write;
  process.exitCode = 0;
  try {
    await command.run(readCommandLine(name, command, line));
    exitCode = Number(process.exitCode);
  } catch (error) {
    const failure = failureOf(error);
    exitCode = failure.exitCode;
    said += failure.message;
  } finally {
    [stdout.write, stderr.write] = writes;
    process.exitCode = before;
  }
  return { exitCode, said };
}
