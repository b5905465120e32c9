/**
 * Procs as debugfs shows them, for `state`, `transactions` and `proc/PID`. Kernel addresses are PTR and times are
 * TIMEms, as in recorded journals: the machine has no clock, and its kernel addresses are not Linux's.
 *
 * Linux holds a temporary reference to a node while it prints the node, and prints that reference, too.
 */
import type { BufferView } from './buffers.ts';
import type { NodeView, RefView } from './nodes.ts';
import type { LooperView, ProcView } from './procs.ts';
import type { TransactionView, WorkView } from './works.ts';

/** The part of a proc that is shown: everything, or its transactions in flight. */
type Extent = 'all' | 'transactions';

const NO_POINTER = '0000000000000000';

/** One proc; no line when only its name would be shown. */
export function procLines(proc: ProcView, buffers: readonly BufferView[], extent: Extent): string[] {
  const all = extent === 'all';
  const nodes = all ? proc.nodes : proc.nodes.filter((node) => node.hasAsyncTransaction);
  const lines = [
    ...proc.loopers.flatMap((looper) => looperLines(looper, proc.handle, extent)),
    ...nodes.flatMap((node) => nodeLines(node, proc.handle)),
    ...(all ? proc.refs.map(refLine) : []),
    ...buffers.flatMap(bufferLines),
    ...proc.todo.map((work) => workLine(work, proc.handle, '  ', '  pending transaction')),
    ...(proc.deliveredDeaths.length > 0 ? ['  has delivered dead binder'] : []),
    ...(proc.deliveredFreezes.length > 0 ? ['  has delivered freeze binder'] : []),
  ];
  return all || lines.length > 0 ? [`proc ${proc.pid}`, `context ${proc.context}`, ...lines] : [];
}

/** @param proc Handle of the owner; 0 for a dead node, whose queue is not shown. */
export function nodeLines(node: NodeView, proc: number): string[] {
  const pids = node.refs.map((ref) => ` ${ref.pid}`).join('');
  const line =
    `  node ${node.id}: u${hex64(node.ptr)} c${hex64(node.cookie)}` +
    ` hs ${digit(node.hasStrongRef)} hw ${digit(node.hasWeakRef)}` +
    ` ls ${node.localStrongRefs} lw ${node.localWeakRefs} is ${node.internalStrongRefs} iw ${node.refs.length}` +
    ` tr ${node.tmpRefs + 1}${pids === '' ? '' : ` proc${pids}`}`;
  if (node.dead) return [line];
  return [line, ...node.asyncTodo.map((work) => workLine(work, proc, '    ', '    pending async transaction'))];
}

function looperLines(looper: LooperView, proc: number, extent: Extent): string[] {
  const state = looper.state.toString(16).padStart(2, '0');
  const lines = [
    ...looper.stack.map(({ role, transaction }) => transactionLine(transaction, proc, `    ${role} transaction`)),
    ...looper.todo.map((work) => workLine(work, proc, '    ', '    pending transaction')),
  ];
  if (extent === 'transactions' && lines.length === 0) return [];
  const { tid, needReturn, tmpRefs } = looper;
  return [`  thread ${tid}: l ${state} need_return ${digit(needReturn)} tr ${tmpRefs}`, ...lines];
}

function refLine({ id, desc, node, strong, weak, death }: RefView): string {
  const target = `${node.dead ? 'dead ' : ''}node ${node.id}`;
  return `  ref ${id}: desc ${desc | 0} ${target} s ${strong} w ${weak} d ${death === null ? NO_POINTER : 'PTR'}`;
}

function bufferLines(buffer: BufferView): string[] {
  if (buffer.free) return [];
  const { id, offset, dataSize, offsetsSize, extraSize, active } = buffer;
  const state = active ? 'active' : 'delivered';
  return [`  buffer ${id}: ${offset.toString(16)} size ${dataSize}:${offsetsSize}:${extraSize} ${state}`];
}

function workLine(work: WorkView, proc: number, indent: string, transactionPrefix: string): string {
  switch (work.type) {
    case 'TRANSACTION':
      return transactionLine(work.transaction, proc, transactionPrefix);
    case 'RETURN_ERROR':
      return `${indent}transaction error: ${work.command}`;
    case 'TRANSACTION_COMPLETE':
      return `${indent}transaction complete`;
    case 'NODE':
      return `${indent}node work ${work.node.id}: u${hex64(work.node.ptr)} c${hex64(work.node.cookie)}`;
    case 'DEAD_BINDER':
      return `${indent}has dead binder`;
    case 'DEAD_BINDER_AND_CLEAR':
      return `${indent}has cleared dead binder`;
    case 'CLEAR_DEATH_NOTIFICATION':
      return `${indent}has cleared death notification`;
    case 'FROZEN_BINDER':
      return `${indent}has frozen binder`;
    case 'CLEAR_FREEZE_NOTIFICATION':
      return `${indent}has cleared freeze notification`;
    default:
      return `${indent}unknown work: type ${work.number}`;
  }
}

/** The buffer is shown only under the receiver. */
function transactionLine(transaction: TransactionView, proc: number, prefix: string): string {
  const { id, from, to, code, flags, priority, needReply, buffer } = transaction;
  const line =
    `${prefix} ${id}: PTR from ${from.pid}:${from.tid} to ${to.pid}:${to.tid} code ${code.toString(16)}` +
    ` flags ${flags.toString(16)} pri ${priority} r${digit(needReply)} elapsed TIMEms`;
  if (to.proc !== proc) return line;
  if (buffer === null) return `${line} buffer free`;
  const node = buffer.node === 0 ? '' : ` node ${buffer.node}`;
  return `${line}${node} size ${buffer.dataSize}:${buffer.offsetsSize} offset ${buffer.offset.toString(16)}`;
}

function digit(flag: boolean): 0 | 1 {
  return flag ? 1 : 0;
}

function hex64(value: bigint): string {
  return value.toString(16).padStart(16, '0');
}
