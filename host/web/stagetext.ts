/** What stands on the stage, in words. */
import type { StagePage } from '../picture/entries.ts';
import type { Stage, StageFrame } from '../picture/stage.ts';

const KINDS: Readonly<Record<string, string>> = {
  anon: 'a process’s own memory',
  binder: 'a page of a Binder mapping',
  array: 'the kernel’s own memory',
  stage: 'the kernel’s copy of a message',
  file: 'a file’s contents',
  free: 'free',
};
/** By side. */
type Names = Readonly<Record<StagePage['side'], string>>;

export function namesOn({ sender, receiver }: Stage): Names {
  return { sender: sender?.name ?? 'the sender', receiver: receiver?.name ?? 'the receiver', kernel: 'the kernel' };
}

const HEX_MAX = 4;
/** A shorter word does not stand alone for a message. */
const WORD_MIN = 3;

export function hexOf(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

export function kindText(kind: string): string {
  return KINDS[kind] ?? kind;
}

/** @param names Of the processes on the sides. */
export function pageTell({ side, address, frame, descriptor, writable, area, isNew }: StagePage, names: Names): string {
  const end = isNew ? '; this step made the entry' : '';
  if (area === 'kmap')
    return `The kernel maps frame ${hexOf(frame)} for the time of the copy; there is no entry afterwards.`;
  if (area === 'own') return `The kernel’s own frame ${hexOf(frame)}: no process reaches it.`;
  const rights = `${side === 'kernel' ? 'kernel' : 'user'}, ${writable ? 'writable' : 'read-only'}`;
  const entry = `0x${descriptor.toString(16).padStart(16, '0')}`;
  return `Page ${hexOf(address)} of ${names[side]}: page-table entry ${entry} (${rights}) leads to frame ${hexOf(frame)}${end}.`;
}

export function frameTell({ linear, kind, sides, messages }: StageFrame, names: Names): string {
  const reached =
    sides.length === 0 ? 'no page table leads here' : `reached by ${sides.map((side) => names[side]).join(' and ')}`;
  const held = messages.map(({ transaction, from, to }) => `message ${transaction} in bytes ${from} to ${to - 1}`);
  return `Frame ${hexOf(linear)}: ${kindText(kind)}, ${reached}${held.length > 0 ? `; ${held.join(', ')}` : ''}.`;
}

/**
 * The letters of a frame: of the message in it, or of what is copied out of it. UTF-16 reads like text.
 *
 * @param most Characters.
 * @returns null when there is neither.
 */
export function wordsIn({ bytes, messages }: StageFrame, source: Uint8Array | null, most: number): string | null {
  const last = messages.at(-1);
  const part = last === undefined ? source : bytes.subarray(last.from, last.to);
  return part === null ? null : tailOf(lettersOf(part), most) || hexText(part);
}

/** The first bytes, where there are no letters. */
function hexText(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, HEX_MAX)].map((byte) => byte.toString(16).padStart(2, '0'));
  return `${shown.join(' ')} …`;
}

/** The last words of a text that fit; of a word that does not fit, its end. */
export function tailOf(text: string, length: number): string {
  if (text.length <= length) return text;
  const tail = text.slice(-length);
  const space = tail.indexOf(' ');
  return space < 0 || length - space - 1 < WORD_MIN ? `…${tail.slice(1)}` : tail.slice(space + 1);
}

/** Runs of at least three printable characters. */
export function lettersOf(bytes: Uint8Array): string {
  const letters = [...bytes].filter((byte, at) => byte !== 0 || (bytes[at + 1] === 0 && bytes[at - 1] === 0));
  const text = String.fromCharCode(...letters.map((byte) => (byte >= 0x20 && byte < 0x7f ? byte : 0)));
  return text
    .split('\0')
    .filter((run) => run.length > 2)
    .join(' ');
}
