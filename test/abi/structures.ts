/**
 * Binder's user structures as Linux's uapi header declares them: their fields in order, by kind. Sizes and offsets are
 * worked out from these by C's rules for a 64-bit ABI, so that nothing here repeats a number of assembly/abi.
 */
export type Kind = 'u32' | 's32' | 'u64';

/** Fields in order; `-` stands for padding that has a name in C and none here. */
type Fields = readonly (readonly [name: string, kind: Kind])[];

const TRANSACTION_DATA: Fields = [
  ['TARGET', 'u64'],
  ['COOKIE', 'u64'],
  ['CODE', 'u32'],
  ['FLAGS', 'u32'],
  ['SENDER_PID', 's32'],
  ['SENDER_EUID', 'u32'],
  ['DATA_SIZE', 'u64'],
  ['OFFSETS_SIZE', 'u64'],
  ['BUFFER', 'u64'],
  ['OFFSETS', 'u64'],
];
const OBJECT: Fields = [
  ['TYPE', 'u32'],
  ['FLAGS', 'u32'],
];

export const STRUCTURES = {
  WRITE_READ: [
    ['WRITE_SIZE', 'u64'],
    ['WRITE_CONSUMED', 'u64'],
    ['WRITE_BUFFER', 'u64'],
    ['READ_SIZE', 'u64'],
    ['READ_CONSUMED', 'u64'],
    ['READ_BUFFER', 'u64'],
  ],
  TRANSACTION_DATA,
  TRANSACTION_DATA_SG: [...TRANSACTION_DATA, ['BUFFERS_SIZE', 'u64']],
  TRANSACTION_DATA_SECCTX: [...TRANSACTION_DATA, ['SECCTX', 'u64']],
  OBJECT,
  FLAT_OBJECT: [...OBJECT, ['HANDLE', 'u64'], ['COOKIE', 'u64']],
  FD_OBJECT: [...OBJECT, ['FD', 'u64'], ['COOKIE', 'u64']],
  BUFFER_OBJECT: [...OBJECT, ['BUFFER', 'u64'], ['LENGTH', 'u64'], ['PARENT', 'u64'], ['PARENT_OFFSET', 'u64']],
  FD_ARRAY_OBJECT: [...OBJECT, ['NUM_FDS', 'u64'], ['PARENT', 'u64'], ['PARENT_OFFSET', 'u64']],
  PTR_COOKIE: [
    ['PTR', 'u64'],
    ['COOKIE', 'u64'],
  ],
  HANDLE_COOKIE: [
    ['HANDLE', 'u32'],
    ['COOKIE', 'u64'],
  ],
  PRI_DESC: [
    ['PRIORITY', 's32'],
    ['DESC', 'u32'],
  ],
  PRI_PTR_COOKIE: [
    ['PRIORITY', 's32'],
    ['PTR', 'u64'],
    ['COOKIE', 'u64'],
  ],
  NODE_DEBUG_INFO: [
    ['PTR', 'u64'],
    ['COOKIE', 'u64'],
    ['HAS_STRONG_REF', 'u32'],
    ['HAS_WEAK_REF', 'u32'],
  ],
  NODE_INFO_FOR_REF: [
    ['HANDLE', 'u32'],
    ['STRONG_COUNT', 'u32'],
    ['WEAK_COUNT', 'u32'],
    ['-', 'u32'],
    ['-', 'u32'],
    ['-', 'u32'],
  ],
  FREEZE_INFO: [
    ['PID', 'u32'],
    ['ENABLE', 'u32'],
    ['TIMEOUT_MS', 'u32'],
  ],
  FROZEN_STATUS_INFO: [
    ['PID', 'u32'],
    ['SYNC_RECV', 'u32'],
    ['ASYNC_RECV', 'u32'],
  ],
  FROZEN_STATE_INFO: [
    ['COOKIE', 'u64'],
    ['IS_FROZEN', 'u32'],
    ['RESERVED', 'u32'],
  ],
  EXTENDED_ERROR: [
    ['ID', 'u32'],
    ['COMMAND', 'u32'],
    ['PARAM', 's32'],
  ],
} as const satisfies Record<string, Fields>;

export type StructureName = keyof typeof STRUCTURES;

/** Declared without padding: __packed. */
const PACKED: readonly StructureName[] = ['HANDLE_COOKIE'];

export interface Layout {
  size: number;
  offsets: ReadonlyMap<string, number>;
}

export function layoutOf(name: StructureName): Layout {
  const fields: Fields = STRUCTURES[name];
  const offsets = new Map<string, number>();
  let at = 0;
  let widest = 1;
  for (const [field, kind] of fields) {
    const bytes = kind === 'u64' ? 8 : 4;
    const unit = PACKED.includes(name) ? 1 : bytes;
    at = Math.ceil(at / unit) * unit;
    if (field !== '-') offsets.set(field, at);
    at += bytes;
    widest = Math.max(widest, unit);
  }
  return { size: Math.ceil(at / widest) * widest, offsets };
}
