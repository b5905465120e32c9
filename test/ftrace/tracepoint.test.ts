/** The text of every tracepoint, field by field, against the formats of Linux 6.12's trace_binder.h as they are known. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { schedSwitch, schedWaking, tracepointsOf } from '../../host/ftrace/tracepoint.ts';
import type { TraceEvent } from '../../host/trace/events.ts';

const test = suite('tracepoint');

const BUFFER = 'transaction=%d data_size=%zd offsets_size=%zd extra_buffers_size=%zd';
const PAGE = 'proc=%d page_index=%zu';
/** In C's conversions, as the kernel has them. */
const KERNEL: Readonly<Record<string, string>> = {
  binder_ioctl: 'cmd=0x%x arg=0x%lx',
  binder_ioctl_done: 'ret=%d',
  binder_write_done: 'ret=%d',
  binder_read_done: 'ret=%d',
  binder_wait_for_work: 'proc_work=%d transaction_stack=%d thread_todo=%d',
  binder_transaction: 'transaction=%d dest_node=%d dest_proc=%d dest_thread=%d reply=%d flags=0x%x code=0x%x',
  binder_transaction_received: 'transaction=%d',
  binder_transaction_alloc_buf: BUFFER,
  binder_transaction_buffer_release: BUFFER,
  binder_transaction_failed_buffer_release: BUFFER,
  binder_transaction_update_buffer_release: BUFFER,
  binder_transaction_node_to_ref: 'transaction=%d node=%d src_ptr=0x%016llx ==> dest_ref=%d dest_desc=%d',
  binder_transaction_ref_to_node: 'transaction=%d node=%d src_ref=%d src_desc=%d ==> dest_ptr=0x%016llx',
  binder_transaction_ref_to_ref: 'transaction=%d node=%d src_ref=%d src_desc=%d ==> dest_ref=%d dest_desc=%d',
  binder_transaction_fd_send: 'transaction=%d src_fd=%d offset=%zu',
  binder_transaction_fd_recv: 'transaction=%d dest_fd=%d offset=%zu',
  binder_update_page_range: 'proc=%d allocate=%d offset=%zu size=%zu',
  binder_alloc_lru_start: PAGE,
  binder_alloc_lru_end: PAGE,
  binder_free_lru_start: PAGE,
  binder_free_lru_end: PAGE,
  binder_alloc_page_start: PAGE,
  binder_alloc_page_end: PAGE,
  binder_unmap_user_start: PAGE,
  binder_unmap_user_end: PAGE,
  binder_unmap_kernel_start: PAGE,
  binder_unmap_kernel_end: PAGE,
  binder_txn_latency_free: 'transaction=%d from %d:%d to %d:%d flags=0x%x code=0x%x',
  binder_command: 'cmd=0x%x %s',
  binder_return: 'cmd=0x%x %s',
};

/** The guest's events, with a value of its own for each argument. */
const EVENTS: readonly (readonly [name: string, args: Readonly<Record<string, number | bigint>>])[] = [
  ['ioctl', { cmd: 0xc0306201, arg: 0xffff_8000_1003_f000n }],
  ['ioctl_done', { ret: -14 }],
  ['write_done', { ret: -22 }],
  ['read_done', { ret: 0 }],
  ['wait_for_work', { proc_work: 1, transaction_stack: 2, thread_todo: 3 }],
  [
    'transaction',
    { transaction: 7, dest_node: 3, dest_proc: 2000, dest_thread: 2001, reply: 1, flags: 0x10, code: 0x5f504e47 },
  ],
  ['transaction_received', { transaction: 7 }],
  ...['alloc_buf', 'buffer_release', 'failed_buffer_release', 'update_buffer_release'].map(
    (name, index) =>
      [
        `transaction_${name}`,
        { transaction: index + 1, data_size: 4097, offsets_size: 16, extra_buffers_size: 40 },
      ] as const,
  ),
  ['transaction_node_to_ref', { transaction: 1, node: 2, src_ptr: 0xb1den, dest_ref: 4, dest_desc: 5 }],
  ['transaction_ref_to_node', { transaction: 1, node: 2, src_ref: 3, src_desc: 4, dest_ptr: 0x7000_0000_0001n }],
  ['transaction_ref_to_ref', { transaction: 1, node: 2, src_ref: 3, src_desc: 4, dest_ref: 5, dest_desc: 6 }],
  ['transaction_fd_send', { transaction: 1, src_fd: -1, offset: 24 }],
  ['transaction_fd_recv', { transaction: 1, dest_fd: 9, offset: 48 }],
  ['update_page_range', { proc: 2000, allocate: 1, offset: 4096, size: 8192 }],
  ...['alloc_lru', 'free_lru', 'alloc_page', 'unmap_user', 'unmap_kernel'].map(
    (name, index) => [name, { proc: 2000 + index, page_index: index }] as const,
  ),
  [
    'txn_latency_free',
    { transaction: 1, from_proc: 2, from_thread: 3, to_proc: 4, to_thread: 5, flags: 0x11, code: 0xab },
  ],
  ['command', { cmd: 0x40406300 }],
  ['return', { cmd: 0x80407202 }],
];

const point = (name: string, args: object) => tracepointsOf({ name, tid: 1, args } as unknown as TraceEvent);

/** What a C conversion prints, as a pattern, and how it is read back. */
const CONVERSIONS: readonly (readonly [conversion: string, pattern: string, base: number])[] = [
  ['%016llx', '([0-9a-f]{16})', 16],
  ['%lx', '([1-9a-f][0-9a-f]*|0)', 16],
  ['%x', '([1-9a-f][0-9a-f]*|0)', 16],
  ['%zd', '(-?\\d+)', 10],
  ['%zu', '(\\d+)', 10],
  ['%d', '(-?\\d+)', 10],
];

/** The values in a text of that format; undefined when it has another form. */
function valuesIn(text: string, format: string): bigint[] | undefined {
  const bases: number[] = [];
  const pattern = format.replace(/%(016llx|lx|x|zd|zu|d|s)/g, (conversion) => {
    const [, one = '(?:[A-Z_]+|unknown)', base = 0] = CONVERSIONS.find(([name]) => name === conversion) ?? [];
    if (base > 0) bases.push(base);
    return one;
  });
  const found = new RegExp(`^${pattern}$`).exec(text);
  return found?.slice(1).map((digits, index) => BigInt(bases[index] === 16 ? `0x${digits}` : digits));
}

test('every tracepoint has the text of the kernel, field by field', () => {
  const seen = new Set<string>();
  for (const [event, args] of EVENTS) {
    for (const { name, text } of point(event, args)) {
      seen.add(name);
      const values = valuesIn(text, KERNEL[name] ?? '');
      assert.equal(values, Object.values(args).map(BigInt), `${name}: ${text}`);
    }
  }
  assert.equal([...seen].sort(), Object.keys(KERNEL).sort());
});

test('a word has the name that the kernel looks up by its lowest byte', () => {
  const textOf = (event: string, cmd: number) => point(event, { cmd })[0]?.text;
  assert.is(textOf('command', 0x40406300), 'cmd=0x40406300 BC_TRANSACTION');
  assert.is(textOf('command', 0x40486312), 'cmd=0x40486312 BC_REPLY_SG');
  assert.is(textOf('command', 0x12345600), 'cmd=0x12345600 BC_TRANSACTION');
  assert.is(textOf('command', 0x63ff), 'cmd=0x63ff unknown');
  assert.is(textOf('return', 0x720c), 'cmd=0x720c BR_NOOP');
  assert.is(textOf('return', 0x80487202), 'cmd=0x80487202 BR_TRANSACTION');
  assert.is(textOf('return', 0x7217), 'cmd=0x7217 unknown');
});

test('events of our own are no tracepoints', () => {
  for (const name of ['install', 'copy', 'park', 'wake', 'clear']) assert.equal(point(name, { proc: 1 }), []);
});

test('the scheduler has the text of the kernel, and the bits of a state', () => {
  const prev = { tid: 1001, comm: 'binder:1000_1', prio: 130 };
  const next = { tid: 0, comm: 'swapper/0', prio: 120 };
  const { text, fields } = schedSwitch(prev, 'S', next);
  assert.is(
    text,
    'prev_comm=binder:1000_1 prev_pid=1001 prev_prio=130 prev_state=S ==> next_comm=swapper/0 next_pid=0 next_prio=120',
  );
  assert.is(fields.prev_state, 1);
  const bits = (['R', 'X', 'Z', 'I'] as const).map((state) => schedSwitch(prev, state, next).fields.prev_state);
  assert.equal(bits, [0, 0x10, 0x20, 0x80]);
  assert.is(schedWaking(prev).text, 'comm=binder:1000_1 pid=1001 prio=130 target_cpu=000');
});

test.run();
