/**
 * The tracepoints of Linux's Binder driver and scheduler: name, fields, and the text that the kernel prints behind the name.
 * The guest's events have the driver's names and arguments; a tracepoint of the kernel adds the format.
 */
import * as protocol from '../../assembly/abi/protocol.ts';
import { wordsOf } from '../inspect/counts.ts';
import type { EventName, TraceEvent } from '../trace/events.ts';

export interface Tracepoint {
  readonly name: string;
  /** By the kernel's name of each field. */
  readonly fields: Readonly<Record<string, number | bigint | string>>;
  /** What stands behind `name: ` in a line of ftrace. */
  readonly text: string;
}

const BUFFER = 'transaction=%d data_size=%d offsets_size=%d extra_buffers_size=%d';
const PAGE = 'proc=%d page_index=%d';

/** By the event; a conversion for each of its arguments, in their order. Linux's driver has the same names after `binder_`. */
const FORMATS: Readonly<Partial<Record<EventName, string>>> = {
  ioctl: 'cmd=0x%x arg=0x%x',
  ioctl_done: 'ret=%d',
  write_done: 'ret=%d',
  read_done: 'ret=%d',
  wait_for_work: 'proc_work=%d transaction_stack=%d thread_todo=%d',
  transaction: 'transaction=%d dest_node=%d dest_proc=%d dest_thread=%d reply=%d flags=0x%x code=0x%x',
  transaction_received: 'transaction=%d',
  transaction_alloc_buf: BUFFER,
  transaction_buffer_release: BUFFER,
  transaction_failed_buffer_release: BUFFER,
  transaction_update_buffer_release: BUFFER,
  transaction_node_to_ref: 'transaction=%d node=%d src_ptr=0x%016x ==> dest_ref=%d dest_desc=%d',
  transaction_ref_to_node: 'transaction=%d node=%d src_ref=%d src_desc=%d ==> dest_ptr=0x%016x',
  transaction_ref_to_ref: 'transaction=%d node=%d src_ref=%d src_desc=%d ==> dest_ref=%d dest_desc=%d',
  transaction_fd_send: 'transaction=%d src_fd=%d offset=%d',
  transaction_fd_recv: 'transaction=%d dest_fd=%d offset=%d',
  update_page_range: 'proc=%d allocate=%d offset=%d size=%d',
  alloc_lru: PAGE,
  free_lru: PAGE,
  alloc_page: PAGE,
  unmap_user: PAGE,
  unmap_kernel: PAGE,
  txn_latency_free: 'transaction=%d from %d:%d to %d:%d flags=0x%x code=0x%x',
  command: 'cmd=0x%x',
  return: 'cmd=0x%x',
};

/** Events of which Linux has a tracepoint before and one after. */
const SPANS: ReadonlySet<EventName> = new Set<EventName>([
  'alloc_lru',
  'free_lru',
  'alloc_page',
  'unmap_user',
  'unmap_kernel',
]);

/** By the lowest byte of the word, as Linux looks them up: BR_TRANSACTION_SEC_CTX has the name of BR_TRANSACTION. */
const COMMANDS = wordsOf('BC_', protocol.BC_COUNT);
const RETURNS = wordsOf('BR_', protocol.BR_COUNT);

/** The tracepoints of an event: none, one, or a `_start` and an `_end`. */
export function tracepointsOf({ name, args }: TraceEvent): Tracepoint[] {
  const format = FORMATS[name];
  if (format === undefined) return [];
  const text = formatted(format, Object.values(args)) + wordSuffix(name, args);
  const names = SPANS.has(name) ? [`binder_${name}_start`, `binder_${name}_end`] : [`binder_${name}`];
  return names.map((full) => ({ name: full, fields: args, text }));
}

/** What the scheduler says of a thread. */
export interface Scheduled {
  readonly tid: number;
  readonly comm: string;
  readonly prio: number;
}

/** Letters of a thread's state when it leaves the processor, with their bits. */
const STATES = { R: 0, S: 1, X: 0x10, Z: 0x20, I: 0x80 } as const;
/** Runnable, asleep, dead thread, dead main thread, idle worker of the kernel. */
export type TaskState = keyof typeof STATES;

export function schedSwitch(prev: Scheduled, state: TaskState, next: Scheduled): Tracepoint {
  const from = `prev_comm=${prev.comm} prev_pid=${prev.tid} prev_prio=${prev.prio} prev_state=${state}`;
  return {
    name: 'sched_switch',
    fields: {
      prev_comm: prev.comm,
      prev_pid: prev.tid,
      prev_prio: prev.prio,
      prev_state: STATES[state],
      next_comm: next.comm,
      next_pid: next.tid,
      next_prio: next.prio,
    },
    text: `${from} ==> next_comm=${next.comm} next_pid=${next.tid} next_prio=${next.prio}`,
  };
}

export function schedWaking({ comm, tid, prio }: Scheduled): Tracepoint {
  return {
    name: 'sched_waking',
    fields: { comm, pid: tid, prio, target_cpu: 0 },
    text: `comm=${comm} pid=${tid} prio=${prio} target_cpu=000`,
  };
}

/** The conversions of C that the formats use: %d, %x and %016x. */
function formatted(format: string, values: readonly (number | bigint)[]): string {
  let next = 0;
  return format.replace(/%(0\d+)?([dx])/g, (_, width: string | undefined, kind: string) => {
    const value = values[next++] as number | bigint;
    return kind === 'd' ? String(value) : value.toString(16).padStart(Number(width ?? 0), '0');
  });
}

function wordSuffix(name: EventName, args: TraceEvent['args']): string {
  if (name !== 'command' && name !== 'return') return '';
  const names = name === 'command' ? COMMANDS : RETURNS;
  return ` ${names[(args as { readonly cmd: number }).cmd & 0xff] ?? 'unknown'}`;
}
