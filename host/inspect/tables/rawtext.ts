/** Kernel objects and their fields as lines of text. */
import type { Place, RawChange, RawValue } from '../raw.ts';
import { hex } from './names.ts';

const ADDRESS_MIN = 0x10000;

/** `~ Looper 0xa5018: waiter 0 -> 0xa3020, looper 2 -> 18` */
export function rawChangeLine(change: RawChange): string {
  const object = `${change.type} ${hex(change.address)}`;
  if (change.kind !== 'changed') return `${change.kind === 'made' ? '+' : '-'} ${object}`;
  const fields = change.fields.map(({ name, before, after }) => `${name} ${valueText(before)} -> ${valueText(after)}`);
  return `~ ${object}: ${fields.join(', ')}`;
}

/** The frame and field at an address, and all fields of the object there. */
export function placeLines({ address, frame, owner, object, field }: Place): string[] {
  const whose = owner === null ? '' : `, of ${owner.type} ${hex(owner.address)}`;
  const where = `${hex(address)} is in a frame of kind ${frame.kind}${whose}`;
  if (object === null) return [where];
  const offset = address - object.address;
  const place =
    field === null ? `byte ${offset}, behind the fields` : `field ${field.name} (${field.type}, byte ${field.offset})`;
  const width = Math.max(...Object.keys(object.fields).map((name) => name.length));
  return [
    where,
    `${place} of ${object.type} ${hex(object.address)}`,
    ...Object.entries(object.fields).map(([name, value]) => `  ${name.padEnd(width)}  ${valueText(value)}`),
  ];
}

/** Addresses and 64-bit values in hex; no address is below 64 KiB. */
export function valueText(value: RawValue | string): string {
  if (typeof value === 'boolean' || typeof value === 'string') return String(value);
  return typeof value === 'bigint' || value >= ADDRESS_MIN ? hex(value) : String(value);
}
