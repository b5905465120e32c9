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
const [PART_MIN, PART_MAX] = [9, 22];

/** @param first Pid of the process whose area comes first. */
export function areaPane(areas: readonly AreaPicture[], first: number | null, width: number): Pane {
  const ordered = [...areas.filter(({ pid }) => pid === first), ...areas.filter(({ pid }) => pid !== first)];
  const lines = ordered.flatMap((area): PaneLine[] => [
    { text: headOf(area), look: 'strong', key: `area ${area.title}`, thing: `proc ${area.process}` },
    { text: stripOf(area.parts, width) },
    ...area.parts.flatMap((part) => (part.kind === 'hole' ? [] : [messageLine(part, area)])),
  ]);
  const none: PaneLine = { text: 'no process has mapped the device yet', look: 'quiet' };
  return { title: 'areas of the receivers', lines: lines.length === 0 ? [none] : lines };
}

function headOf({ title, size, userAddress, parts, oneways }: AreaPicture): string {
  const messages = parts.filter(({ kind }) => kind !== 'hole').length;
  const holes = parts.length - messages;
  const facts = [count(messages, 'message'), count(holes, 'hole'), `${sizeText(oneways.free)} left for oneways`];
  return `${title}: ${[`${sizeText(size)}`, ...facts].join(', ')}, at ${hexOfAddress(userAddress)}`;
}

/** "[call 12: 128 from app|~oneway 13: 24|.. hole 1016K ..]"; what does not fit is counted. */
function stripOf(parts: readonly AreaPart[], width: number): string {
  const room = width - 2;
  const most = Math.max(1, Math.floor(room / PART_MIN));
  const shown = parts.slice(0, parts.length > most ? most - 1 : most);
  const more = parts.length - shown.length;
  const each = Math.max(PART_MIN, Math.min(PART_MAX, Math.floor(room / (shown.length + (more > 0 ? 1 : 0)))));
  const texts = shown.map((part) => fit(partText(part), each - 1));
  if (more > 0) texts.push(fit(`${more} more`, each - 1));
  const last = texts.length - 1;
  const spare = room - (each * texts.length - 1);
  const fill = parts.at(-1)?.kind === 'hole' && more === 0 ? '.' : ' ';
  texts[last] = `${texts[last] ?? ''}${fill.repeat(Math.max(0, spare))}`;
  return `[${texts.join('|')}]`;
}

function partText(part: AreaPart): string {
  if (part.kind === 'hole') return `.hole ${sizeText(part.size)}`;
  return `${part.kind === 'oneway' ? '~' : ''}${part.kind} ${part.transaction}: ${sizeText(part.size)}`;
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
