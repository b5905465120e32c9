/** The bytes of a call: every structure that goes in and comes out, field by field, as the structures name them. */
import * as wire from '../../assembly/abi/wire.ts';
import { callBegin, callEnd } from '../trace/call.ts';
import { ioctlFields } from '../trace/ioctltext.ts';
import type { Step, StepInput, StepOf, WriteReadOutput } from '../trace/journal.ts';
import { codeText, transactionFlags } from '../trace/wordtext.ts';
import { bigAt, u32At } from '../wire/endian.ts';
import { addressOfHex, bytesOfHex, hexOfAddress, hexOfBytes } from '../wire/hex.ts';
import { streamFields, type WordFields } from '../wire/words.ts';
import type { Moment } from './moment.ts';

export interface BytesPicture {
  /** Number of the step. */
  readonly step: number;
  readonly structures: readonly Structure[];
}

/** One structure, or one word with its payload. */
export interface Structure {
  /** "struct binder_write_read", "BC_TRANSACTION", "data of BC_TRANSACTION". */
  readonly name: string;
  /** The thread in whose memory it is. */
  readonly thread: string;
  /** `in`: read by the driver; `out`: written by it. */
  readonly direction: 'in' | 'out';
  /** User address of the first byte; null when only the bytes are known. */
  readonly address: number | null;
  readonly fields: readonly FieldBytes[];
}

export interface FieldBytes {
  readonly name: string;
  /** Bytes from the start of the structure. */
  readonly offset: number;
  /** In hex, as they are in memory. */
  readonly bytes: string;
  readonly meaning: string;
}

type Names = Moment['names'];

const ROW = 16;
/** Names of the kernel's structures, where ours are shorter. */
const TRANSACTION_NAMES: Readonly<Record<string, string>> = { buffer: 'data.ptr.buffer', offsets: 'data.ptr.offsets' };
const WRITE_READ_FIELDS = [
  ['write_size', wire.WRITE_READ_WRITE_SIZE],
  ['write_consumed', wire.WRITE_READ_WRITE_CONSUMED],
  ['write_buffer', wire.WRITE_READ_WRITE_BUFFER],
  ['read_size', wire.WRITE_READ_READ_SIZE],
  ['read_consumed', wire.WRITE_READ_READ_CONSUMED],
  ['read_buffer', wire.WRITE_READ_READ_BUFFER],
] as const;

/** @param names Those of the processes at that moment. */
export function callBytes(step: Step, names: Names): BytesPicture {
  const own = structuresOf(step, names);
  const woken = (step.woken ?? []).flatMap(({ by, out }) => {
    const { read } = out as WriteReadOutput;
    return read ? returned(by, null, bytesOfHex(read), 0, names) : [];
  });
  return { step: step.i, structures: [...own, ...woken] };
}

function structuresOf(step: Step, names: Names): Structure[] {
  switch (step.op) {
    case 'wr':
      return writeReadOf(step, names);
    case 'ioctl':
      return ioctlOf(step);
    case 'poke':
      return [dataOf('the bytes stored', step.by, 'in', addressOfHex(step.in.addr), bytesOfHex(step.in.bytes))];
    case 'peek': {
      const bytes = bytesOfHex(step.out?.bytes ?? '');
      return [dataOf('the bytes loaded', step.by, 'out', addressOfHex(step.in.addr), bytes)];
    }
    default: {
      if (step.by === undefined) return [];
      const text = `${callBegin(step).begin}${step.out ? callEnd(step as StepInput, step.out, step.br) : ')'}`;
      const field = { name: step.op, offset: 0, bytes: '', meaning: text };
      return [{ name: 'a call by registers', thread: step.by, direction: 'in', address: null, fields: [field] }];
    }
  }
}

function writeReadOf(step: StepOf<'wr'>, names: Names): Structure[] {
  const { by, in: input, out } = step;
  const [wbuf, rbuf] = [addressOfHex(input.wbuf), addressOfHex(input.rbuf)];
  const values = { ...input, write_buffer: wbuf, read_buffer: rbuf };
  const bytes = new Uint8Array(wire.WRITE_READ_SIZE);
  const view = new DataView(bytes.buffer);
  const fields = WRITE_READ_FIELDS.map(([name, offset]): FieldBytes => {
    view.setBigUint64(offset, BigInt(values[name]), true);
    const after = name === 'write_consumed' || name === 'read_consumed' ? out?.[name] : undefined;
    const value = name.endsWith('_buffer') ? hexOfAddress(values[name]) : `${values[name]}`;
    const meaning = after === undefined || after === null ? value : `${value}, after the call ${after}`;
    return { name, offset, bytes: hexOfBytes(bytes.subarray(offset, offset + 8)), meaning };
  });
  const poke = bytesOfHex(input.poke);
  const commands = streamFields(poke, input.write_consumed, input.write_size).flatMap((word) => [
    wordOf(word, poke, by, wbuf, names),
    ...payloadOf(word, poke, by, wbuf),
  ]);
  const read = bytesOfHex(out?.read ?? '');
  const address = addressOfHex(input.arg);
  return [
    { name: 'struct binder_write_read', thread: by, direction: 'in', address, fields },
    ...commands,
    ...returned(by, rbuf, read, input.read_consumed, names),
  ];
}

/** The returns in a read buffer. @param address The buffer's; null when it is not known. */
function returned(thread: string, address: number | null, read: Uint8Array, from: number, names: Names): Structure[] {
  return streamFields(read, from, read.length).map((word) => wordOf(word, read, thread, address, names));
}

function wordOf(word: WordFields, stream: Uint8Array, thread: string, base: number | null, names: Names): Structure {
  const { name, at, fields } = word;
  const isCommand = name.startsWith('BC_');
  const first = { name: isCommand ? 'command' : 'return', at, size: 4 };
  return {
    name,
    thread,
    direction: isCommand ? 'in' : 'out',
    address: base === null ? null : base + at,
    fields: [first, ...fields].map((field, index) => {
      const shown = index === 0 ? field : inKernelTerms(name, field);
      const value = shown.size === 4 ? BigInt(u32At(stream, shown.at)) : bigAt(stream, shown.at);
      return {
        name: shown.name,
        offset: shown.at - at,
        bytes: hexOfBytes(stream.subarray(shown.at, shown.at + shown.size)),
        meaning: index === 0 ? name : meaningOf(shown.name, value, names),
      };
    }),
  };
}

type Field = Omit<WordFields['fields'][number], 'size'> & { readonly size: number };

/** A transaction's target is a union: a handle on the way in, the owner's name for its node on the way out. */
function inKernelTerms(word: string, field: Field): Field {
  if (!/TRANSACTION(_SG|_SEC_CTX)?$|REPLY(_SG)?$/.test(word)) return field;
  if (field.name !== 'ptr') return { ...field, name: TRANSACTION_NAMES[field.name] ?? field.name };
  return word.startsWith('BC_') ? { ...field, name: 'target.handle', size: 4 } : { ...field, name: 'target.ptr' };
}

function meaningOf(name: string, value: bigint, names: Names): string {
  switch (name) {
    case 'flags':
      return value === 0n ? 'none' : transactionFlags(Number(value));
    case 'code':
      return codeText(Number(value));
    case 'sender_pid':
      return value === 0n ? '0: none' : `${value}: ${names.process(Number(value))}`;
    case 'data_size':
    case 'buffers_size':
      return `${value} bytes`;
    case 'offsets_size':
      return `${value} bytes: ${value / 8n} object${value / 8n === 1n ? '' : 's'}`;
    case 'target.handle':
    case 'handle':
    case 'sender_euid':
    case 'priority':
    case 'is_frozen':
      return String(value);
    default:
      return `0x${value.toString(16)}`;
  }
}

/** The data that a transaction sends, when they are after the commands. */
function payloadOf({ name, fields }: WordFields, poke: Uint8Array, thread: string, wbuf: number): Structure[] {
  const numberOf = (field: string) => {
    const found = fields.find((one) => one.name === field);
    return found === undefined ? 0 : Number(bigAt(poke, found.at));
  };
  const parts = [
    ['data', numberOf('buffer'), numberOf('data_size')],
    ['offsets', numberOf('offsets'), numberOf('offsets_size')],
  ] as const;
  return parts.flatMap(([part, address, size]) => {
    const at = address - wbuf;
    if (size === 0 || at < 0 || at + size > poke.length) return [];
    return [dataOf(`${part} of ${name}`, thread, 'in', address, poke.subarray(at, at + size))];
  });
}

function ioctlOf({ by, in: input, out }: StepOf<'ioctl'>): Structure[] {
  const before = bytesOfHex(input.poke);
  const after = bytesOfHex(out?.bytes ?? '');
  const length = Math.max(before.length, after.length);
  if (length === 0) return [];
  const [was, is] = [padded(before, length), padded(after.length === 0 ? before : after, length)];
  const fields = ioctlFields(input.name).map(([name, [kind, offset]]): FieldBytes => {
    const read = (bytes: Uint8Array) => (kind === 'u32' ? BigInt(u32At(bytes, offset)) : bigAt(bytes, offset));
    const value = (bytes: Uint8Array) => (kind === 'u32' ? String(read(bytes)) : `0x${read(bytes).toString(16)}`);
    const meaning = read(was) === read(is) ? value(was) : `${value(was)}, after the call ${value(is)}`;
    return { name, offset, bytes: hexOfBytes(was.subarray(offset, offset + (kind === 'u32' ? 4 : 8))), meaning };
  });
  const address = addressOfHex(input.arg);
  const name = `argument of ${input.name ?? input.cmd}`;
  if (fields.length === 0) return [dataOf(name, by, 'in', address, was)];
  return [{ name, thread: by, direction: 'in', address, fields }];
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const all = new Uint8Array(length);
  all.set(bytes);
  return all;
}

/** Plain bytes, sixteen a row, with their characters. */
function dataOf(
  name: string,
  thread: string,
  direction: Structure['direction'],
  address: number,
  bytes: Uint8Array,
): Structure {
  const fields: FieldBytes[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    const row = bytes.subarray(at, at + ROW);
    const text = [...row].map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    fields.push({ name: '', offset: at, bytes: hexOfBytes(row), meaning: text });
  }
  return { name, thread, direction, address, fields };
}
