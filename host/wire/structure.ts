/** Structures of the wire: their fields by name, each with its kind and its offset. */
import { bigAt, setBig, u32At, u64At } from './endian.ts';

/** By kind, how a value is read: as a number, or as a bigint where its owner chose all 64 bits. */
const READ = { u32: u32At, u64: u64At, any64: bigAt } as const;

export type Fields = Readonly<Record<string, readonly [kind: keyof typeof READ, offset: number]>>;
type Read<Kind> = Kind extends 'any64' ? bigint : number;
export type FieldValues<F> = { [N in keyof F]: F[N] extends readonly [infer Kind, number] ? Read<Kind> : never };

export function readFields<F extends Fields>(fields: F, bytes: Uint8Array, at = 0): FieldValues<F> {
  const values = Object.entries(fields).map(([name, [kind, offset]]) => [name, READ[kind](bytes, at + offset)]);
  return Object.fromEntries(values) as FieldValues<F>;
}

/** Stores values over zeroed bytes. An absent one stays 0, and true is 1. */
export function storeFields(fields: Fields, values: object, view: DataView, at = 0): void {
  for (const [name, [kind, offset]] of Object.entries(fields)) {
    const value = (values as Readonly<Record<string, bigint | number | undefined>>)[name] ?? 0;
    if (kind === 'u32') view.setUint32(at + offset, Number(value), true);
    else setBig(view, at + offset, value);
  }
}

/** Bytes up to the end of the last field. */
export function sizeOf(fields: Fields): number {
  return Math.max(0, ...Object.values(fields).map(([kind, offset]) => offset + (kind === 'u32' ? 4 : 8)));
}
