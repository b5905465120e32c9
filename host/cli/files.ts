/**
 * Journals in files: `.journal` in the binary form, `.jsonl`, `.jsonl.gz`, `-` for stdin or stdout, and folders, which stand
 * for all journals below them. A reader detects the form by the file's bytes, a writer decides it by the file's name.
 */
import { accessSync, constants, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { BinaryJournal, isBinaryJournal, sourceOf } from '../trace/binaryjournal.ts';
import type { Journal } from '../trace/journal.ts';
import { JournalError, journalLines, parseJournal } from '../trace/journaltext.ts';
import { writeBinaryJournal } from '../trace/stepwriter.ts';
import type { ByteSource } from '../wasm/filesink.ts';
import { openFile } from '../wasm/node.ts';
import { systemText } from './failure.ts';
import { findFile } from './packagefile.ts';
import { UsageError } from './usage.ts';

const STDIN = '-';
const STDIN_NAME = 'standard input';
/** How names of journals in the binary form end. */
export const BINARY_NAME = '.journal';
const JOURNAL_NAMES: readonly string[] = [BINARY_NAME, '.jsonl', '.jsonl.gz'];
const SCRIPT_NAME = /\.[cm]?[jt]s$/;
const MAKES_ONE = 'run SCRIPT --journal run.jsonl makes one';
/** Text is written in pieces of at least this many characters. */
const PIECE = 1 << 20;
/** A longer file is not read at once, bytes. */
const LARGE = 1 << 26;

/** The path of a journal, and the name of a file made from it. */
export interface JournalPath {
  /** A file, or `-`. */
  path: string;
  /** The file's name; for a file found in a folder its path below that folder. */
  name: string;
}

/** Whether a file has the name of a journal. */
export function isJournalName(name: string): boolean {
  return JOURNAL_NAMES.some((ending) => name.endsWith(ending));
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
    if (found.length === 0)
      throw new JournalError(path, 0, 'the folder holds no journal (*.journal, *.jsonl, *.jsonl.gz)');
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
 * @throws JournalError when the file cannot be read, is not a journal, or not a whole one.
 */
export async function readJournal(path: JournalPath): Promise<Journal> {
  const { journal, problem } = await readBegin(path);
  if (problem !== null) throw new JournalError(path.path, 0, problem);
  return journal;
}

/**
 * The same; of a journal in the binary form also the part before it was cut or damaged.
 *
 * @returns The journal, and why it is not whole; null when it is.
 */
export async function readBegin({ path }: JournalPath): Promise<{ journal: Journal; problem: string | null }> {
  const file = path === STDIN ? STDIN_NAME : path;
  let source: ByteSource;
  try {
    source = path === STDIN ? sourceOf(await readStdin()) : sourceAt(path);
    if (SCRIPT_NAME.test(path)) throw new JournalError(file, 0, `is a script, and no journal; ${MAKES_ONE}`);
    if (isBinaryJournal(source)) return withProblem(new BinaryJournal(source, file));
    source = sourceOf(unpacked(source.read(0, source.size)));
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw new JournalError(file, 0, `cannot be read: ${(error as Error).message}`);
  }
  const journal = parseJournal(new TextDecoder().decode(source.read(0, source.size)), file); // which drops a byte order mark
  checkWhole(journal, file);
  return { journal, problem: null };
}

/** A file's bytes; of a large file in pieces, as they are needed. */
function sourceAt(path: string): ByteSource {
  const file = openFile(path, false);
  if (file.size > LARGE) return file;
  const bytes = file.read(0, file.size);
  file.close();
  return sourceOf(bytes);
}

function withProblem(journal: BinaryJournal): { journal: Journal; problem: string | null } {
  const { problem, header } = journal;
  return { journal, problem: problem === null ? null : `${problem}; the ${header.steps} steps before are good` };
}

function unpacked(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
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
 * @throws UsageError when a file cannot be made there: no such folder, the path is one, or it may not be written.
 */
export function checkTarget(option: string, path: string): void {
  if (path === STDIN) return;
  checkFolder(option, dirname(path));
  if (isFolder(path)) throw new UsageError(`${option}: ${path} is a folder`);
  checkWritable(option, existsSync(path) ? path : dirname(path));
}

export const JOURNAL_NAMING = "a journal's name ends in .journal, .jsonl or .jsonl.gz";

/** The same for a journal, whose name says its form. */
export function checkJournalTarget(option: string, path: string): void {
  if (!isJournalName(path)) throw new UsageError(`${option} ${path}: ${JOURNAL_NAMING}`);
  checkTarget(option, path);
}

/** The same for a folder that has to be there. */
export function checkFolder(option: string, folder: string): void {
  if (!existsSync(folder)) throw new UsageError(`${option}: there is no folder ${folder}`);
  if (!isFolder(folder)) throw new UsageError(`${option}: ${folder} is no folder`);
}

function checkWritable(option: string, path: string): void {
  try {
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw new UsageError(`${option}: ${path} cannot be written: ${systemText(error as Error)}`);
  }
}

/**
 * Writes a journal in the form that the name says: `.journal`, `.jsonl.gz`, else lines of JSON; `-` is stdout. Makes missing
 * folders.
 *
 * @throws UsageError when the file cannot be written.
 */
export function writeJournal(path: string, journal: Journal): void {
  if (path === STDIN) {
    for (const piece of piecesOf(journal)) process.stdout.write(piece);
    return;
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (path.endsWith('.gz')) writeFileSync(path, gzipSync([...piecesOf(journal)].join(''), { level: 9 }));
    else if (path.endsWith(BINARY_NAME)) writeBinaryJournal(journal, openFile(path, true));
    else writeText(path, journal);
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw new UsageError(`${path} cannot be written: ${systemText(error as Error)}`);
  }
}

/** Writes a file whole. @throws UsageError that names it, when it cannot be written. */
export function writeWhole(path: string, content: string | Uint8Array): void {
  try {
    writeFileSync(path, content);
  } catch (error) {
    throw new UsageError(`${path} cannot be written: ${systemText(error as Error)}`);
  }
}

function writeText(path: string, journal: Journal): void {
  const file = openFile(path, true);
  const encoder = new TextEncoder();
  for (const piece of piecesOf(journal)) file.write(encoder.encode(piece));
  file.close();
}

/** The lines of a journal, many at a time. */
export function* piecesOf(journal: Journal): Generator<string> {
  let piece = '';
  for (const line of journalLines(journal)) {
    piece += `${line}\n`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  yield piece;
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
