/** The bytes of the selected call, field by field. */
import type { BytesPicture, FieldBytes, Structure } from '../../picture/callbytes.ts';
import { hexOfAddress } from '../../wire/hex.ts';
import type { Pane, PaneLine } from './pane.ts';

/** Widths of the columns, in cells. */
const [OFFSET, BYTES, NAME] = [4, 24, 16];
/** Bytes in a row without a name. */
const ROW = 16;
/** Below this width the bytes have no gaps. */
const NARROW = 60;
/** The frame around the commands comes last: the commands say more. */
const FRAME = 'struct binder_write_read';
/** The words to begin with. */
const MESSAGE = /^B[CR]_(TRANSACTION|REPLY)(_|$)/;

/** The bytes of a call. */
export interface BytesView {
  readonly title: string;
  readonly structures: BytesPicture['structures'];
  /** Name of the process of a thread. */
  readonly processOf: (thread: string) => string | undefined;
}

export function bytesPane({ title, structures, processOf }: BytesView, width: number): Pane {
  const ordered = [
    ...structures.filter(({ name }) => name !== FRAME),
    ...structures.filter(({ name }) => name === FRAME),
  ];
  const lines = ordered.flatMap((structure) => structureLines(structure, processOf(structure.thread), width));
  const none: PaneLine = { text: 'no bytes: this step has none in memory', look: 'quiet' };
  const begin = ordered.findIndex(({ name }) => MESSAGE.test(name));
  return {
    title,
    lines: lines.length === 0 ? [none] : lines,
    begin: ordered.slice(0, Math.max(0, begin)).reduce((sum, { fields }) => sum + 1 + fields.length, 0),
  };
}

function structureLines(structure: Structure, process: string | undefined, width: number): PaneLine[] {
  const { name, thread, direction, address, fields } = structure;
  const where = address === null ? '' : ` at ${hexOfAddress(address)}`;
  const arrow = direction === 'in' ? `${thread} -> driver` : `driver -> ${thread}`;
  return [
    { text: `${name}   ${arrow}${where}`, look: 'strong' },
    ...fields.map((field): PaneLine => {
      const text = fieldText(field, width);
      const size = field.bytes.length / 2;
      if (address === null || process === undefined || size === 0) return { text };
      return { text, thing: `${process} ${hexOfAddress(address + field.offset)} ${size}` };
    }),
  ];
}

function fieldText({ name, offset, bytes, meaning }: FieldBytes, width: number): string {
  if (bytes === '') return meaning;
  const isNarrow = width < NARROW;
  const pairs = isNarrow ? bytes : (bytes.match(/../g) ?? []).join(' ');
  const at = `+${offset.toString(16)}`.padEnd(OFFSET);
  if (name === '') return `${at} ${pairs.padEnd(isNarrow ? 2 * ROW : 3 * ROW - 1)}  ${meaning}`;
  return `${at} ${pairs.padEnd(isNarrow ? NAME : BYTES)} ${name.padEnd(NAME)} ${meaning}`;
}
