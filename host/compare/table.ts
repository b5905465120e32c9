/** The comparison as a table to read: a block for each workload, way of sending and payload, a line for each strategy. */

import { bytesText, countText, timeText } from '../plot/figures.ts';
import type { Row } from './comparison.ts';
import type { CostProfile } from './costs.ts';

const COLUMNS: readonly (readonly [head: string, cell: (row: Row) => string])[] = [
  ['strategy', (row) => row.strategy ?? row.receive ?? '-'],
  ['copied', (row) => bytesText(row.perCall.bytesCopied)],
  ['copies', (row) => countText(row.perCall.copies)],
  ['PTEs user', (row) => countText(row.perCall.pteWrites.user)],
  ['kernel', (row) => countText(row.perCall.pteWrites.kernel)],
  ['flushes', (row) => countText(row.perCall.tlbFlushes)],
  ['calls', (row) => countText(row.systemCalls)],
  ['faults', (row) => countText(row.perCall.faults)],
  ['frames', (row) => countText(row.perCall.framesAllocated)],
  ['kmaps', (row) => countText(row.perCall.kmaps)],
  ['walks', (row) => countText(row.perCall.walks)],
  ['model', (row) => timeText(row.modelNs)],
  ['wall', (row) => timeText(row.wallNs)],
  ['first: PTEs', (row) => pteText(row.firstCall.pteWrites)],
  ['mmap: PTEs', (row) => pteText(row.setup.pteWrites)],
  ['resident', (row) => bytesText(row.framesResident * 4096)],
  ['kernel VA', (row) => bytesText(row.kernelBytesReserved)],
];

/** @returns Lines. Columns are as wide as the widest cell of all blocks. */
export function tableLines(rows: readonly Row[], profile: CostProfile): string[] {
  const heads = COLUMNS.map(([head]) => head);
  const cells = rows.map((row) => COLUMNS.map(([, cell]) => cell(row)));
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((line) => line[column]?.length ?? 0)));
  const lines: string[] = [];
  let block = '';
  rows.forEach((row, index) => {
    const title = blockTitle(row);
    if (title !== block) lines.push(...(block === '' ? [] : ['']), title, lineOf(heads, widths));
    block = title;
    lines.push(lineOf(cells[index] ?? [], widths));
  });
  return [...lines, '', ...legend(profile)];
}

function legend({ machine }: CostProfile): string[] {
  return [
    'copied to walks: of one warm call, both sides and the kernel together. PTEs: page-table entries written, those of user',
    'space and those of the kernel’s own table; calls: system calls; frames: taken from the page allocator; kmaps: pages that the',
    'kernel reached through its direct map. first, mmap: entries written (user+kernel) by the first call, and by both mmaps',
    'before it. resident: memory that holds messages afterwards. kernel VA: kernel addresses set aside.',
    `model: what a warm call does to memory, at the cost of these events on: ${machine}.`,
    'wall: this emulator’s own time, the median.',
  ];
}

function blockTitle({ workload, send, payload }: Row): string {
  return `${workload}${send === 'inline' ? '' : `, sent by ${send}`}, ${bytesText(payload)}`;
}

function pteText({ user, kernel }: Row['setup']['pteWrites']): string {
  return `${countText(user)}+${countText(kernel)}`;
}

/** The first column to the left, numbers to the right. */
function lineOf(cells: readonly string[], widths: readonly number[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join('  ');
}
