/**
 * The pages of a message on both sides, and their frames. Kernel and receiver have one frame when there is one copy:
 *
 *     app       0x10000060          0xe00000000c1f43  user rw --> 0xc1000
 *                                                                    | 128 bytes copied
 *     kernel    0xffffffc0080ff000  0x600000000be703  kern rw --> 0xbe000 ┐ one
 *     service   0x7feff02000        0x600000000befc3  user ro --> 0xbe000 ┘ frame
 *     ONE COPY: service reads the frame that the kernel wrote
 */
import type { Piece, SharedPages } from '../../picture/sharedpages.ts';
import type { PageTranslation } from '../../picture/translation.ts';
import { fit } from './cells.ts';
import type { Pane, PaneLine } from './pane.ts';

/** One way to the frame: an address, and the page-table entry for it. */
interface Way {
  readonly who: string;
  readonly address: string;
  readonly entry: string;
  readonly access: string;
  readonly frame: number | null;
}

/** Widths of the columns, in cells. */
interface Widths {
  readonly who: number;
  readonly address: number;
  readonly entry: number;
}

const ACCESS = 7;
const [NAME_MIN, NAME_MAX] = [8, 18];
/** Frame, brace and words. */
const FRAME = 17;
const ARROW = ' ──> ';
const NO_WAY: Way = { who: '', address: '', entry: '', access: '', frame: null };
const HEAD: Way = { ...NO_WAY, who: 'memory of', address: 'address', entry: 'page table entry', access: 'access' };

export function pagesPane(shared: SharedPages | null, width: number): Pane {
  if (shared === null) {
    const lines = [
      'no message is in any area at this moment',
      'press u, then Enter: on to the next step that sends a message with data',
    ];
    return { title: 'page tables of both sides', lines: lines.map((text) => ({ text, look: 'quiet' })) };
  }
  const { kind, transaction, sender, receiver, size, pieces } = shared;
  const ways = pieces.map((piece) => waysOf(piece, sender, receiver));
  const widths = widthsOf(ways.flat(), width);
  const lines = pieces.flatMap((piece, number): PaneLine[] => [
    ...pieceLines(piece, ways[number] as Ways, `${transaction} ${number}`, widths),
    {
      text: verdictText(piece, shared, number),
      key: `${transaction} ${number} verdict`,
      look: 'strong',
    },
  ]);
  return {
    title: `page tables of both sides: ${kind} ${transaction}, ${size} bytes, ${sender} to ${receiver}`,
    lines: [{ text: `${wayText(HEAD, widths)}      frame`, look: 'quiet' }, ...lines],
  };
}

function widthsOf(ways: readonly Way[], width: number): Widths {
  const longest = (texts: string[]) => Math.max(...texts.map(({ length }) => length));
  const address = longest([HEAD, ...ways].map((way) => way.address));
  const entry = longest([HEAD, ...ways].map((way) => way.entry));
  const rest = width - address - entry - ACCESS - ARROW.length - FRAME - 3;
  return { who: Math.max(NAME_MIN, Math.min(NAME_MAX, rest)), address, entry };
}

type Ways = readonly [sender: Way, kernel: Way, receiver: Way];

function waysOf(piece: Piece, sender: string, receiver: string): Ways {
  return [wayOf(sender, piece.sender), kernelWay(piece), wayOf(receiver, piece.receiver)];
}

/** @param key Identifies the piece. */
function pieceLines({ size, written, isOneCopy, isLent }: Piece, ways: Ways, key: string, widths: Widths): PaneLine[] {
  const [sender, kernel, receiver] = ways;
  const isShared = kernel.frame !== null && kernel.frame === receiver.frame;
  const line = (way: Way, part: string, brace: string): PaneLine => ({
    text: `${wayText(way, widths)}${way.frame === null ? '' : `${ARROW}0x${way.frame.toString(16)}${brace}`}`,
    key: `${key} ${part}`,
    thing: `buffer ${key.split(' ')[0]}`,
  });
  const arrow = (text: string): PaneLine => {
    const { length } = wayText(HEAD, widths) + ARROW;
    return { text: `${text.padStart(length)}   ↓`, look: 'strong' };
  };
  const bytes = `${size} bytes copied`;
  return [
    line(sender, 'sender', isLent && !isShared ? ' ┐ one' : ''),
    ...(written === null || sender.frame === null ? [] : [arrow(bytes)]),
    line(kernel, 'kernel', isShared ? ' ┐ one' : ''),
    ...(isOneCopy === false ? [arrow(`the same ${bytes} again`)] : []),
    line(receiver, 'receiver', isShared || isLent ? ' ┘ frame' : ''),
  ];
}

function wayOf(who: string, side: PageTranslation | null): Way {
  if (side === null) return { ...NO_WAY, who, address: '(not there)' };
  return {
    who,
    address: `0x${side.address.toString(16)}`,
    entry: side.frame === null ? 'none' : `0x${side.entry.toString(16)}`,
    access: accessText(side),
    frame: side.frame,
  };
}

/** The kernel's own address; without one, how it reaches the frame that it writes. */
function kernelWay({ kernel, written, isOneCopy, isLent }: Piece): Way {
  const who = 'kernel';
  if (kernel !== null) return wayOf(who, kernel);
  if (isLent) return { ...NO_WAY, who, address: '(takes no part)' };
  if (written === null) return { ...NO_WAY, who, address: '(no address)' };
  const how = isOneCopy === false ? 'a buffer of its' : 'kmap, only for';
  return { who, address: how, entry: isOneCopy === false ? 'own' : 'the copy', access: 'kern rw', frame: written };
}

function accessText({ access, frame }: PageTranslation): string {
  if (frame === null) return 'fault';
  const [who = '', may] = access.split(', ');
  return `${who === 'kernel' ? 'kern' : who} ${may === 'writable' ? 'rw' : 'ro'}`;
}

function wayText({ who, address, entry, access }: Way, widths: Widths): string {
  return `${fit(who, widths.who)} ${fit(address, widths.address)} ${fit(entry, widths.entry)} ${fit(access, ACCESS)}`;
}

/** "ONE COPY of bytes 0 to 4095 (1/2): ..."; a message of one piece has no numbers. */
function verdictText(piece: Piece, { sender, receiver, pieces }: SharedPages, number: number): string {
  const [verdict, reason] = verdictOf(piece, sender, receiver);
  const { offset, size } = piece;
  const which = ` of bytes ${offset} to ${offset + size - 1} (${number + 1}/${pieces.length})`;
  return `${verdict}${pieces.length === 1 ? '' : which}: ${reason}`;
}

function verdictOf(piece: Piece, sender: string, receiver: string): [verdict: string, reason: string] {
  const { isLent, isOneCopy, written, size } = piece;
  if (isLent) return ['NO COPY', `${sender} lent its page; ${sender} and ${receiver} have one frame`];
  if (isOneCopy === true) return ['ONE COPY', `${receiver} reads the very frame that the kernel wrote`];
  if (isOneCopy === false) return ['TWO COPIES', `the kernel wrote one frame, and ${receiver} reads another`];
  if (written !== null) return ['COPIED ONCE so far', `${receiver} has no frame for it yet`];
  return size === 0 ? ['NO BYTES', 'nothing was copied'] : ['NOT KNOWN', 'no copy of these bytes was seen'];
}
