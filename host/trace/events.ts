/**
 * The guest's event ring: the kernel's actions in a step, in order, with names. Events have the names of Linux's
 * tracepoints. `install`, `copy`, `park`, `wake`, `clear` and `fault` exist only here, and are named in the same style.
 *
 *     record   u32 event | i32 tid | 8 arguments of 32 bits        EVENT_SIZE bytes
 *     ring     EVENT_CAPACITY records; record n is in slot n % EVENT_CAPACITY
 */
import * as numbers from '../../assembly/abi/events.ts';
import type { Guest } from '../guest/guest.ts';
import { BinderlabError } from '../wire/error.ts';

/**
 * The arguments of each event, in their order. One that ends in `:s32` is signed, one in `:u64` takes two words, low one
 * first; all others are unsigned words.
 */
const ARGUMENTS = {
  ioctl: ['cmd', 'arg:u64'],
  ioctl_done: ['ret:s32'],
  write_done: ['ret:s32'],
  read_done: ['ret:s32'],
  wait_for_work: ['proc_work', 'transaction_stack', 'thread_todo'],
  transaction: ['transaction', 'dest_node', 'dest_proc', 'dest_thread', 'reply', 'flags', 'code'],
  transaction_received: ['transaction'],
  transaction_alloc_buf: ['transaction', 'data_size', 'offsets_size', 'extra_buffers_size'],
  transaction_buffer_release: ['transaction', 'data_size', 'offsets_size', 'extra_buffers_size'],
  transaction_failed_buffer_release: ['transaction', 'data_size', 'offsets_size', 'extra_buffers_size'],
  transaction_update_buffer_release: ['transaction', 'data_size', 'offsets_size', 'extra_buffers_size'],
  transaction_node_to_ref: ['transaction', 'node', 'src_ptr:u64', 'dest_ref', 'dest_desc'],
  transaction_ref_to_node: ['transaction', 'node', 'src_ref', 'src_desc', 'dest_ptr:u64'],
  transaction_ref_to_ref: ['transaction', 'node', 'src_ref', 'src_desc', 'dest_ref', 'dest_desc'],
  transaction_fd_send: ['transaction', 'src_fd:s32', 'offset'],
  transaction_fd_recv: ['transaction', 'dest_fd:s32', 'offset'],
  update_page_range: ['proc', 'allocate', 'offset', 'size'],
  alloc_lru: ['proc', 'page_index'],
  free_lru: ['proc', 'page_index'],
  alloc_page: ['proc', 'page_index'],
  unmap_user: ['proc', 'page_index'],
  unmap_kernel: ['proc', 'page_index'],
  txn_latency_free: ['transaction', 'from_proc', 'from_thread', 'to_proc', 'to_thread', 'flags', 'code'],
  command: ['cmd'],
  return: ['cmd'],
  install: ['proc', 'page_index', 'frame', 'kernel_address:u64'],
  copy: ['proc', 'offset', 'target', 'size', 'source:u64'],
  park: ['call'],
  wake: ['tid'],
  clear: ['proc', 'offset', 'target', 'size'],
  fault: ['address:u64', 'access', 'result:s32'],
} as const;

export type EventName = keyof typeof ARGUMENTS;

type NameOf<A extends string> = A extends `${infer N}:${string}` ? N : A;
type Arguments<N extends EventName> = {
  readonly [A in (typeof ARGUMENTS)[N][number] as NameOf<A>]: A extends `${string}:u64` ? bigint : number;
};

/** An event: its name, its thread (0: deferred work), and its arguments by Linux's names. */
type TraceEventOf<N extends EventName> = N extends EventName
  ? { readonly name: N; readonly tid: number; readonly args: Arguments<N> }
  : never;
export type TraceEvent = TraceEventOf<EventName>;

const NAMES: ReadonlyMap<number, EventName> = new Map(
  Object.entries(numbers)
    .map(([name, number]): [number, EventName] => [number, name.replace('EVENT_', '').toLowerCase() as EventName])
    .filter(([, name]) => Object.hasOwn(ARGUMENTS, name)),
);

/** Words of an event's arguments, by its number. After them a record holds what was there before. */
export const ARGUMENT_WORDS: ReadonlyMap<number, number> = new Map(
  [...NAMES].map(([number, name]) => {
    const list: readonly string[] = ARGUMENTS[name];
    return [number, list.reduce((sum, argument) => sum + (argument.endsWith(':u64') ? 2 : 1), 0)];
  }),
);

/** The readers that want events, by guest, and whether they want page faults, too. */
const READERS = new WeakMap<Guest, Map<EventRing, boolean>>();

export class EventRing {
  #read: number;

  constructor(private readonly guest: Guest) {
    this.#read = guest.raw.traceHead();
  }

  /**
   * Starts or stops recording for this reader. While none wants events, an event costs the guest nothing.
   *
   * @param faults Whether page faults are recorded, too. Their order among copies depends on where frames are.
   */
  record(on: boolean, faults = false): void {
    const readers = READERS.get(this.guest) ?? new Map();
    READERS.set(this.guest, readers);
    if (on) readers.set(this, faults);
    else readers.delete(this);
    this.guest.record(readers.size > 0, [...readers.values()].includes(true));
  }

  /** Whether this reader wants events. */
  get isRecording(): boolean {
    return READERS.get(this.guest)?.has(this) ?? false;
  }

  /** Skips all events so far. Call it after the guest's memory was replaced: the ring is in it. */
  restart(): void {
    this.#read = this.guest.raw.traceHead() >>> 0;
    this.record(this.isRecording, READERS.get(this.guest)?.get(this));
  }

  /** Skips the events that were overwritten since the last reading. @returns How many they are. */
  skipLost(): number {
    const lost = Math.max(0, (this.guest.raw.traceHead() >>> 0) - this.#read - numbers.EVENT_CAPACITY);
    this.#read += lost;
    return lost;
  }

  /**
   * The events since the last call, oldest first.
   *
   * @throws BinderlabError when there are more than the ring holds; the next call returns the remaining ones.
   */
  take(): TraceEvent[] {
    const { raw } = this.guest;
    const lost = this.skipLost();
    if (lost > 0) {
      throw new BinderlabError(
        `${lost + numbers.EVENT_CAPACITY} events since they were read last, and the ring holds ${numbers.EVENT_CAPACITY}: read them more often`,
      );
    }
    const head = raw.traceHead() >>> 0;
    const events: TraceEvent[] = [];
    for (let index = this.#read; index < head; index++) {
      events.push(this.#eventAt(raw.traceBase() + (index % numbers.EVENT_CAPACITY) * numbers.EVENT_SIZE));
    }
    this.#read = head;
    return events;
  }

  #eventAt(at: number): TraceEvent {
    const { data } = this.guest;
    const number = data.getUint32(at, true);
    const name = NAMES.get(number);
    if (name === undefined) throw new Error(`the guest recorded an event ${number}, which has no name`);
    const args: Record<string, number | bigint> = {};
    let next = at + 8;
    for (const argument of ARGUMENTS[name] as readonly string[]) {
      const [field = '', kind] = argument.split(':');
      if (kind === 'u64') args[field] = data.getBigUint64(next, true);
      else args[field] = kind === 's32' ? data.getInt32(next, true) : data.getUint32(next, true);
      next += kind === 'u64' ? 8 : 4;
    }
    return { name, tid: data.getInt32(at + 4, true), args } as unknown as TraceEvent;
  }
}

/** Ends recording for all readers of a guest: their machine is gone, and another one has the guest. */
export function forgetReaders(guest: Guest): void {
  READERS.delete(guest);
  guest.record(false);
}

/** The events of one name. */
export function eventsNamed<N extends EventName>(events: readonly TraceEvent[], name: N): TraceEventOf<N>[] {
  return events.filter((event) => event.name === name) as unknown as TraceEventOf<N>[];
}
