/**
 * Journals in files: `.jsonl`, `.jsonl.gz`, `-` for stdin or stdout, and folders, which stand for all journals below
 * them. A reader detects compression by the file's bytes, a writer decides it by the file's name.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Journal } from '../trace/journal.ts';
import { formatJournal, JournalError, parseJournal } from '../trace/journaltext.ts';
import { findFile } from './packagefile.ts';
import { UsageError } from './usage.ts';

const STDIN = '-';
const STDIN_NAME = 'standard input';

/** The path of a journal, and the name of a file made from it. */
export interface JournalPath {
  /** A file, or `-`. */
  path: string;
  /** The file's name; for a file found in a folder its path below that folder. */
  name: string;
}

/** Whether a file has the name of a journal. */
export function isJournalName(name: string): boolean {
  return name.endsWith('.jsonl') || name.endsWith('.jsonl.gz');
}

/**
 * The journals that the arguments of a command stand for, folders in alphabetical order.
 *
 * @throws JournalError for a missing file, and for a folder without journals.
 */
export function findJournals(paths: readonly string[]): JournalPath[] {
  return paths.flatMap((named) => {
    if (named === STDIN) return [{ path: named, name: STDIN }];
    const path = findFile(named);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) throw new JournalError(path, 0, 'there is no such file or folder');
    if (!stats.isDirectory()) return [{ path, name: basename(path) }];
    const found = journalsBelow(path, '');
    if (found.length === 0) throw new JournalError(path, 0, 'the folder holds no journal (*.jsonl, *.jsonl.gz)');
    return found;
  });
}

function journalsBelow(root: string, folder: string): JournalPath[] {
  const entries = readdirSync(join(root, folder), { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap((entry) => {
    const name = join(folder, entry.name);
    if (entry.isDirectory()) return journalsBelow(root, name);
    return isJournalName(entry.name) ? [{ path: join(root, name), name }] : [];
  });
}

/**
 * Reads one journal.
 *
 * @throws JournalError when the file cannot be read, or is not a journal.
 */
export async function readJournal({ path }: JournalPath): Promise<Journal> {
  const file = path === STDIN ? STDIN_NAME : path;
  let bytes: Buffer;
  try {
    bytes = path === STDIN ? await readStdin() : readFileSync(path);
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) bytes = gunzipSync(bytes);
  } catch (error) {
    throw new JournalError(file, 0, `cannot be read: ${(error as Error).message}`);
  }
  const journal = parseJournal(new TextDecoder().decode(bytes), file); // which drops a byte order mark
  checkWhole(journal, file);
  return journal;
}

/** @throws JournalError for a truncated journal: a replay of the rest may succeed, but proves nothing. */
function checkWhole({ header, steps }: Journal, file: string): void {
  const fail = (problem: string): never => {
    throw new JournalError(file, 0, problem);
  };
  const announced: number | undefined = header.steps;
  if (announced !== undefined && steps.length < announced) {
    fail(`the journal has ${steps.length} of ${announced} steps: it ends early, or some are missing`);
  }
  if (announced !== undefined && steps.length > announced) {
    fail(`the journal has ${steps.length} steps, and its header says ${announced}`);
  }
  if (announced === undefined && steps.length === 0) fail('the journal has a header and no step');
  const gap = steps.findIndex((step, index) => step.i !== index);
  if (gap < 0) return;
  fail(
    gap === 0
      ? `the journal begins with step ${steps[0]?.i}, not 0`
      : `step ${gap} is missing: ${steps[gap]?.i} follows ${gap - 1}`,
  );
}

/**
 * Checks a target before work that may take minutes.
 *
 * @throws UsageError when a file cannot be made there: no such folder, or the path is one.
 */
export function checkTarget(option: string, path: string): void {
  if (path === STDIN) return;
  const folder = dirname(path);
  if (!isFolder(folder)) throw new UsageError(`${option}: there is no folder ${folder}`);
  if (isFolder(path)) throw new UsageError(`${option}: ${path} is a folder`);
}

/**
 * Writes a journal, compressed when the name ends in `.gz`; `-` is stdout. Makes missing folders.
 *
 * @throws UsageError when the file cannot be written.
 */
export function writeJournal(path: string, journal: Journal): void {
  const text = formatJournal(journal);
  if (path === STDIN) {
    process.stdout.write(text);
    return;
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, path.endsWith('.gz') ? gzipSync(text, { level: 9 }) : text);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${(error as Error).message}`);
  }
}

/** Whether the path is an existing folder. */
export function isFolder(path: string): boolean {
  return existsSync(path) && statSync(path).isDirectory();
}

async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
