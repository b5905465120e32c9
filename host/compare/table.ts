/** The comparison as text: a block for each workload, way to send and payload, a line for each strategy. */

import { bytesText, countText, exactBytesText, timeText } from '../plot/figures.ts';
import { aligned } from '../plot/texttable.ts';
import type { Row } from './comparison.ts';
import type { CostProfile } from './costs.ts';
import type { Send } from './scene.ts';
import type { Study } from './study.ts';
import { SEND_WHAT } from './words.ts';

/** A column: its header, and its explanation. */
interface CostColumn {
  head: string;
  words: string;
  cell: (row: Row) => string;
}

const PAGE_BYTES = 4096;

export const COLUMNS: readonly CostColumn[] = [
  { head: 'strategy', words: '', cell: (row) => row.strategy ?? row.receive ?? '-' },
  { head: 'copied', words: 'bytes copied', cell: (row) => bytesText(row.perCall.bytesCopied) },
  { head: 'copies', words: 'copies', cell: (row) => countText(row.perCall.copies) },
  { head: 'PTEs', words: 'page-table entries, user+kernel', cell: (row) => pteText(row.perCall.pteWrites) },
  { head: 'flushes', words: 'TLB flushes', cell: (row) => countText(row.perCall.tlbFlushes) },
  { head: 'calls', words: 'system calls', cell: (row) => countText(row.systemCalls) },
  { head: 'faults', words: 'page faults', cell: (row) => countText(row.perCall.faults) },
  { head: 'frames', words: 'frames allocated', cell: (row) => countText(row.perCall.framesAllocated) },
  { head: 'kmaps', words: 'direct-map accesses', cell: (row) => countText(row.perCall.kmaps) },
  { head: 'walks', words: 'page-table walks', cell: (row) => countText(row.perCall.walks) },
  { head: 'model', words: 'time by the model', cell: (row) => timeText(row.modelNs) },
  { head: 'first', words: 'entries, first call', cell: (row) => pteText(row.firstCall.pteWrites) },
  { head: 'mmap', words: 'entries, both mmaps', cell: (row) => pteText(row.setup.pteWrites) },
  { head: 'resident', words: 'memory held', cell: (row) => bytesText(row.framesResident * PAGE_BYTES) },
  { head: 'kernel VA', words: 'kernel addresses', cell: (row) => bytesText(row.kernelBytesReserved) },
];

/** @returns Lines. A column has the width of its widest cell in all blocks. */
export function tableLines(studies: readonly Study[], profile: CostProfile): string[] {
  const rows = studies.flatMap((study) => study.rows);
  const cells = rows.map((row) => COLUMNS.map(({ cell }) => cell(row)));
  const [heads = '', ...texts] = aligned([COLUMNS.map(({ head }) => head), ...cells]);
  const lines: string[] = [];
  let block = '';
  rows.forEach((row, index) => {
    const title = blockTitle(row);
    if (title !== block) lines.push(...(block === '' ? [] : ['']), title, heads);
    block = title;
    lines.push(texts[index] ?? '');
  });
  return [...lines, '', ...legend(studies, profile)];
}

/** "call by memfd, 64 KiB"; "script greeter.ts, 12 calls". */
export function blockTitle({ workload, run, send, payload, calls }: Row): string {
  if (run === undefined) return `${workload}${send === 'inline' ? '' : ` by ${send}`}, ${exactBytesText(payload)}`;
  const warm = calls === 0 ? 'no call after the first' : `${calls} ${calls === 1 ? 'call' : 'calls'} after the first`;
  return `${run} ${workload}, ${warm}`;
}

function legend(studies: readonly Study[], profile: CostProfile): string[] {
  return [...columnsLegend(profile), '', ...studies.flatMap(workloadLegend), ...sendLegend(studies)];
}

/** The explanations of the columns. */
function columnsLegend({ machine }: CostProfile): string[] {
  return [
    'copied to walks: of one warm call, both sides and the kernel together. PTEs: page-table entries written, user+kernel;',
    'calls: system calls; frames: taken from the page allocator; kmaps: pages that the kernel reached through its direct map.',
    `model: what a warm call does to memory, at the cost of these events on: ${machine}.`,
    'first, mmap: page-table entries written by the first call, and by both mmaps before it. resident: memory that holds',
    'messages afterwards. kernel VA: kernel addresses set aside.',
  ];
}

function workloadLegend({ workload, what }: Study): string[] {
  return what.map((line) => `${workload}: ${line}`);
}

/** Ways to send other than inline. */
export function sendLegend(studies: readonly Study[]): string[] {
  const sends = new Set<Send>(studies.flatMap(({ rows }) => rows.map(({ send }) => send)));
  return [...sends].filter((send) => send !== 'inline').map((send) => `${send}: ${SEND_WHAT[send]}`);
}

function pteText({ user, kernel }: Row['setup']['pteWrites']): string {
  return `${countText(user)}+${countText(kernel)}`;
}
