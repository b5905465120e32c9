/** The areas: a strip of messages and holes for each mapping, and a line for each message. */
import type { AreaMessage, AreaPart, AreaPicture } from '../../picture/area.ts';
import { hexOfAddress } from '../../wire/hex.ts';
import { fit } from './cells.ts';
import type { Pane, PaneLine } from './pane.ts';

const STATES: Readonly<Record<AreaMessage['state'], string>> = {
  queued: 'not read yet',
  served: 'being served',
  unfreed: 'read, to be freed',
};
const KIB = 1024;
/** Cells of a part of the strip, with its bar. */
const [PART_MIN, PART_MAX] = [15, 30];

/** @param first Pid of the process whose area comes first. */
export function areaPane(areas: readonly AreaPicture[], first: number | null, width: number): Pane {
  const ordered = [...areas.filter(({ pid }) => pid === first), ...areas.filter(({ pid }) => pid !== first)];
  const lines = ordered.flatMap((area): PaneLine[] => [
    { text: headOf(area), look: 'strong', key: `area ${area.title}`, thing: `proc ${area.process}` },
    { text: stripOf(area.parts, width) },
    ...newestFirst(area.parts).map((message) => messageLine(message, area)),
  ]);
  const none: PaneLine = { text: 'no process has mapped the device yet', look: 'quiet' };
  return { title: 'areas of the receivers', lines: lines.length === 0 ? [none] : lines, begin: 0 };
}

function newestFirst(parts: readonly AreaPart[]): AreaMessage[] {
  const messages = parts.filter((part): part is AreaMessage => part.kind !== 'hole');
  return messages.sort((one, other) => other.transaction - one.transaction);
}

function headOf({ title, size, userAddress, parts, oneways }: AreaPicture): string {
  const messages = parts.filter(({ kind }) => kind !== 'hole').length;
  const holes = parts.length - messages;
  const facts = [count(messages, 'message'), count(holes, 'hole'), `${sizeText(oneways.free)} left for oneways`];
  return `${title}: ${[`${sizeText(size)}`, ...facts].join(', ')}, at ${hexOfAddress(userAddress)}`;
}

/** "[call 12: 128 of app|~oneway 13: 24 of app|.hole 1016K ...]". In a crowd, neighbours of one kind and sender are counted. */
function stripOf(parts: readonly AreaPart[], width: number): string {
  const room = width - 2;
  const most = Math.max(1, Math.floor(room / PART_MIN));
  const all = parts.length > most ? crowdTexts(parts) : parts.map(partText);
  const shown = all.length > most ? [...all.slice(0, most - 1), `${all.length - most + 1} more`] : all;
  const each = Math.min(PART_MAX, Math.floor(room / shown.length));
  const texts = shown.map((text) => fit(text, each - 1));
  const spare = room - (each * texts.length - 1);
  const fill = parts.at(-1)?.kind === 'hole' && shown === all ? '.' : ' ';
  return `[${texts.join('|')}${fill.repeat(Math.max(0, spare))}]`;
}

function partText(part: AreaPart): string {
  if (part.kind === 'hole') return `.hole ${sizeText(part.size)}`;
  return `${kindText(part)} ${part.transaction}: ${sizeText(part.size)} of ${part.sender}`;
}

function kindText({ kind }: AreaMessage): string {
  return kind === 'oneway' ? '~oneway' : kind;
}

/** "22 ~oneways: 4576 of app". */
function crowdTexts(parts: readonly AreaPart[]): string[] {
  const crowds: AreaPart[][] = [];
  for (const part of parts) {
    const last = crowds.at(-1);
    if (last?.[0] !== undefined && isAlike(last[0], part)) last.push(part);
    else crowds.push([part]);
  }
  return crowds.map((crowd) => {
    const [first] = crowd as [AreaPart];
    if (first.kind === 'hole' || crowd.length === 1) return partText(first);
    const kinds = first.kind === 'reply' ? 'replies' : `${kindText(first)}s`;
    const size = crowd.reduce((sum, part) => sum + part.size, 0);
    return `${crowd.length} ${kinds}: ${sizeText(size)} of ${first.sender}`;
  });
}

function isAlike(one: AreaPart, other: AreaPart): boolean {
  return one.kind !== 'hole' && other.kind === one.kind && other.sender === one.sender;
}

function messageLine(message: AreaMessage, area: AreaPicture): PaneLine {
  const { kind, transaction, sender, address, state, sent, dataSize, offsetsSize, extraSize, node } = message;
  const sizes = [`${dataSize} bytes`, ...(offsetsSize === 0 ? [] : [count(offsetsSize / 8, 'object')])];
  if (extraSize > 0) sizes.push(`${extraSize} bytes behind pointers`);
  const target = node === 0 ? '' : ` to node ${node}`;
  const fixed = `  ${kind} ${transaction} of ${sender}${target}: ${STATES[state]}, ${sizes.join(', ')}`;
  const age = sent === null ? '' : sent.age === 0 ? ', new' : `, ${count(sent.age, 'step')} old`;
  return {
    text: `${fixed}${age}, at ${hexOfAddress(address)}`,
    watched: fixed,
    key: `message ${area.pid} ${transaction}`,
    transaction,
    thing: `buffer ${transaction}`,
  };
}

/** Bytes, or KiB from 10 KiB on. */
function sizeText(bytes: number): string {
  return bytes < 10 * KIB ? `${bytes}` : `${Math.floor(bytes / KIB)}K`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
