/**
 * Kinds of values that operations take and answer with: what a script may hand over, what a journal may hold, and how the
 * one becomes the other. Numbers have their range here.
 */
import { DEVICE_BINDER, DEVICE_HWBINDER, DEVICE_VNDBINDER } from '../../assembly/abi/machine.ts';
import { type Address, addressOfHex, bytesOfHex, type HexBytes, hexOfAddress, hexOfBytes } from './hex.ts';
import { camelCase } from './text.ts';

/** What a value may be. */
export interface Rule {
  /** In words that follow "it is to be". */
  readonly says: string;
  readonly accepts: (value: unknown) => boolean;
}

/** A kind of values: as scripts and the machine have them (`M`), and as journals hold them (`J`). */
export interface Kind<M, J> extends Rule {
  /** Of whole numbers: the least and the greatest. */
  readonly range?: readonly [from: number, to: number];
  readonly inJournals: Rule;
  readonly toJournal: (value: M) => J;
  readonly fromJournal: (value: J) => M;
}

export type FileKind = 'memfd' | 'pipe' | 'null' | 'socketpair';
/** What the guest lets fail by request; `nothing`: no more. */
export type InjectedFailure = 'nothing' | 'frame' | 'object' | 'buffer' | 'copy';
export type SignalName = 'SIGSEGV' | 'SIGBUS';

/** Numbers of the Binder devices, by name. */
export const DEVICES = {
  binder: DEVICE_BINDER,
  hwbinder: DEVICE_HWBINDER,
  vndbinder: DEVICE_VNDBINDER,
} as const;

const INT_MAX = 0x7fff_ffff;
const WORD_MAX = 0xffff_ffff;
const ERRNO_MAX = 4095;
const FILE_KINDS: readonly FileKind[] = ['memfd', 'pipe', 'null', 'socketpair'];
const FAILURES: readonly InjectedFailure[] = ['nothing', 'frame', 'object', 'buffer', 'copy'];
const SIGNALS: readonly SignalName[] = ['SIGSEGV', 'SIGBUS'];

/** A kind that journals hold as it is. */
function plain<T>(rule: Rule & Pick<Kind<T, T>, 'range'>): Kind<T, T> {
  return { ...rule, inJournals: rule, toJournal: (value) => value, fromJournal: (value) => value };
}

function whole(from: number, to: number, says = `a whole number from ${from} to ${to}`): Kind<number, number> {
  const accepts = (value: unknown) => Number.isInteger(value) && (value as number) >= from && (value as number) <= to;
  return plain({ says, accepts, range: [from, to] });
}

export function oneOf<T extends string>(names: readonly T[]): Kind<T, T> {
  const says = names.map((name) => `"${name}"`).join(' or ');
  return plain({ says, accepts: (value) => names.includes(value as T) });
}

const int = whole(-INT_MAX - 1, INT_MAX, 'a whole number of 32 bits');
const word = whole(-INT_MAX - 1, WORD_MAX, 'a whole number of 32 bits');
const size = whole(0, Number.MAX_SAFE_INTEGER, 'a whole number from 0 to 2^53 - 1');
const address: Kind<number, Address> = {
  ...size,
  inJournals: {
    says: 'a string like "0x10000000"',
    accepts: (value) => typeof value === 'string' && /^0x[0-9a-f]{1,16}$/.test(value),
  },
  toJournal: hexOfAddress,
  fromJournal: addressOfHex,
};
const bytes: Kind<Uint8Array, HexBytes> = {
  says: 'a Uint8Array',
  accepts: (value) => value instanceof Uint8Array,
  inJournals: {
    says: 'a string of hex digits, two a byte',
    accepts: (value) => typeof value === 'string' && value.length % 2 === 0 && /^[0-9a-f]*$/.test(value),
  },
  toJournal: hexOfBytes,
  fromJournal: bytesOfHex,
};
/** What mmap answers: -errno is a number in journals, too. */
const addressOrError: Kind<number, Address | number> = {
  ...whole(-ERRNO_MAX, Number.MAX_SAFE_INTEGER, 'an address, or -errno'),
  inJournals: {
    says: 'an address, or -errno',
    accepts: (value) => Number.isInteger(value) || address.inJournals.accepts(value),
  },
  toJournal: (value) => (value < 0 ? value : hexOfAddress(value)),
  fromJournal: (value) => (typeof value === 'number' ? value : addressOfHex(value)),
};

/** The kinds by name. Those of one range differ in what they mean, and in how strace shows them. */
export const KINDS = {
  int,
  word,
  size,
  address,
  count: whole(0, WORD_MAX),
  fd: whole(-INT_MAX - 1, INT_MAX, 'a whole number of 32 bits, as open() gives'),
  /** Of a process or thread. */
  id: whole(1, INT_MAX),
  uid: whole(0, WORD_MAX),
  byte: whole(0, 255),
  /** O_ flags of open. */
  open_flags: word,
  device: word,
  /** F_ commands of fcntl, and what they take. */
  fcntl_cmd: word,
  fcntl_arg: word,
  /** PROT_ and MAP_ flags of mmap; the latter have 64 bits, as journals show addresses. */
  prot: word,
  map_flags: address,
  /** EPOLL events, of poll and of epoll. */
  events: word,
  epoll_events: word,
  epoll_flags: word,
  epoll_cmd: int,
  bytes,
  /** Bytes of user memory, before or after the call. */
  data: bytes,
  text: plain<string>({ says: 'a string', accepts: (value) => typeof value === 'string' }),
  process_name: plain<string>({
    says: 'a name without dots; threads are called NAME.0, NAME.1',
    accepts: (value) => typeof value === 'string' && /^[^.]+$/.test(value),
  }),
  thread_name: plain<string>({ says: 'a name', accepts: (value) => typeof value === 'string' && value !== '' }),
  file_kind: oneOf(FILE_KINDS),
  failure: oneOf(FAILURES),
  signal: oneOf(SIGNALS),
  address_or_error: addressOrError,
  flag: plain<boolean>({ says: 'true or false', accepts: (value) => typeof value === 'boolean' }),
  true: plain<true>({ says: 'true', accepts: (value) => value === true }),
} as const;

export type KindName = keyof typeof KINDS;

/** A field of an operation: its kind; with a mark of interrogation it may be absent, with `|null` it may be null. */
export type FieldKind = KindName | `${KindName}?` | `${KindName}|null`;

type Named<F> = F extends `${infer K}?` | `${infer K}|null` ? K : F;
type OrNull<F> = F extends `${string}|null` ? null : never;
type KindOf<F> = Named<F> extends KindName ? (typeof KINDS)[Named<F>] : never;

/** What a field of the machine holds. */
export type MachineValue<F> = KindOf<F> extends Kind<infer M, infer _> ? M | OrNull<F> : never;
/** What a field of a journal holds. */
export type JournalValue<F> = KindOf<F> extends Kind<infer _, infer J> ? J | OrNull<F> : never;

/** A field, read apart. */
export interface Field {
  /** In journals. */
  readonly name: string;
  /** In the machine: in camelCase. */
  readonly machineName: string;
  /** Its kind's name. */
  readonly named: KindName;
  readonly kind: Kind<unknown, unknown>;
  readonly optional: boolean;
  readonly nullable: boolean;
}

export function fieldOf(name: string, text: FieldKind): Field {
  const named = text.replace(/\?$|\|null$/, '') as KindName;
  const kind = KINDS[named] as Kind<unknown, unknown>;
  return {
    name,
    machineName: camelCase(name),
    named,
    kind,
    optional: text.endsWith('?'),
    nullable: text.endsWith('|null'),
  };
}

/** The rule for a field's value in a journal. */
export function journalRule({ kind: { inJournals }, optional, nullable }: Field): Rule {
  if (!optional && !nullable) return inJournals;
  return {
    says: nullable ? `${inJournals.says} or null` : inJournals.says,
    accepts: (value) => value === (nullable ? null : undefined) || inJournals.accepts(value),
  };
}
