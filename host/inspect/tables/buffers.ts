/** Every mapping as contiguous buffers: free, or used and for which transaction. */
import type { BufferView, UsedBufferView } from '../buffers.ts';
import type { Inspector } from '../inspector.ts';
import { hex, type Names } from './names.ts';
import { titledProcs } from './proctitle.ts';
import { type Column, type Table, tableOf } from './table.ts';

/** One table for each binder proc that has mapped. */
export function bufferTables(inspector: Inspector, names: Names): Table[] {
  return titledProcs(inspector.procs(), names)
    .filter(({ proc }) => proc.mapping.size > 0)
    .map(({ proc, title }) => {
      const { size, userBase, asyncFree } = proc.mapping;
      const facts = { mapped: `${size} bytes at ${hex(userBase)}`, 'left for oneways': asyncFree };
      return tableOf(
        title,
        facts,
        columns(userBase, names),
        inspector.buffers(proc),
        ({ offset }) => `at ${hex(offset)}`,
      );
    });
}

function columns(userBase: number, names: Names): Column<BufferView>[] {
  return [
    { name: 'offset', text: ({ offset }) => hex(offset), right: true },
    { name: 'size', text: ({ size }) => String(size), right: true },
    { name: 'address', text: (row) => (row.free ? '' : hex(userBase + row.offset)), right: true },
    { name: 'state', text: stateText },
    { name: 'holds', text: (row) => (row.free ? '' : messageText(row, names)) },
    { name: 'data', text: used(({ dataSize }) => dataSize), right: true },
    { name: 'offsets', text: used(({ offsetsSize }) => offsetsSize), right: true },
    { name: 'extra', text: used(({ extraSize }) => extraSize), right: true },
    { name: 'marks', text: (row) => (row.free ? '' : marksText(row)) },
  ];
}

function stateText(row: BufferView): string {
  if (row.free) return 'free';
  return row.allowUserFree ? 'delivered' : 'on its way';
}

/** A message with node 0 is a reply. */
export function messageKind({ node, isAsync }: Pick<UsedBufferView, 'node' | 'isAsync'>): 'call' | 'reply' | 'oneway' {
  return node === 0 ? 'reply' : isAsync ? 'oneway' : 'call';
}

function messageText({ id, node, pid, isAsync }: UsedBufferView, names: Names): string {
  const kind = messageKind({ node, isAsync });
  const target = node === 0 ? '' : ` to node ${node}`;
  return `${kind} ${id} of ${names.process(pid)}${target}`;
}

function marksText({ clearOnFree, spamSuspect, active }: UsedBufferView): string {
  const marks = [active ? '' : 'to be freed', clearOnFree ? 'clear on free' : '', spamSuspect ? 'oneway spam' : ''];
  return marks.filter((mark) => mark !== '').join(', ');
}

/** A size of a used buffer; empty for 0. */
function used(size: (row: UsedBufferView) => number): (row: BufferView) => string {
  return (row) => (row.free || size(row) === 0 ? '' : String(size(row)));
}
