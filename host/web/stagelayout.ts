/**
 * Where things stand on the stage, in pixels. Frames of the sender are in a column of their own, those of the receiver in another;
 * a frame that both reach is between them, and so is one of the kernel's.
 *
 *     pages | frames |      | frames | pages
 *           |        | both |        |
 *           |     kernel's pages     |
 */
import type { Stage, StageFrame, StagePage } from '../picture/stage.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface StageLayout {
  readonly height: number;
  readonly isNarrow: boolean;
  readonly pages: ReadonlyMap<StagePage, Box>;
  readonly frames: ReadonlyMap<number, Box>;
  readonly memory: Box;
  readonly kernel: Box;
  /** Below the sender, and below the receiver. */
  readonly corners: readonly [Box, Box];
}

const HEAD = 48;
/** Boxes are larger while there is one row. */
const PAGE_HEIGHTS: readonly number[] = [58, 78, 62];
const FRAME_HEIGHTS: readonly number[] = [66, 88, 70];
const KERNEL_HEIGHT = 92;
const KERNEL_GAP = 30;
const ROWS_MIN = 1;
/** Height of a row, by the number of rows: few are far apart. */
const ROWS: readonly number[] = [0, 196, 122, 96, 80];
/** A narrow stage has narrow boxes. */
const NARROW = 700;
/** What a frame of the kernel's own adds below the others. */
const STAGED_HEIGHT = 84;

export function layoutOf(stage: Stage, width: number): StageLayout {
  const isNarrow = width < NARROW;
  const pageWidth = isNarrow ? 118 : Math.round(Math.min(200, Math.max(140, width * 0.178)));
  const frameWidth = isNarrow ? 98 : Math.round(Math.min(190, Math.max(124, width * 0.168)));
  const sender = stage.sender?.pages ?? [];
  const receiver = stage.receiver?.pages ?? [];
  const rows = Math.max(ROWS_MIN, sender.length, receiver.length);
  const row = (ROWS[rows] ?? 80) - (isNarrow && rows === 1 ? 40 : 0);
  const pageHeight = PAGE_HEIGHTS[rows] ?? 58;
  const frameHeight = FRAME_HEIGHTS[rows] ?? 66;
  const pages = new Map<StagePage, Box>();
  const rowOf = (index: number, count: number) =>
    HEAD + 10 + ((rows - count) / 2 + index) * row + (row - pageHeight - 10) / 2;
  sender.forEach((page, index) => {
    pages.set(page, { x: 12, y: rowOf(index, sender.length), width: pageWidth, height: pageHeight });
  });
  receiver.forEach((page, index) => {
    const x = width - pageWidth - 12;
    pages.set(page, { x, y: rowOf(index, receiver.length), width: pageWidth, height: pageHeight });
  });
  const x = pageWidth + 24 + Math.round(width * (isNarrow ? 0.03 : 0.045));
  const isStaged = stage.frames.some((frame) => isKernels(frame));
  const inner = { x, y: 0, width: width - 2 * x, height: HEAD + rows * row + (isStaged ? STAGED_HEIGHT : 4) };
  const frames = framesIn(stage, inner, { width: frameWidth, height: frameHeight }, pages);
  const kernel = { x: inner.x, y: inner.height + KERNEL_GAP, width: inner.width, height: KERNEL_HEIGHT };
  placeKernel(stage, kernel, frames, pages);
  const corner = { x: 12, y: kernel.y, width: x - 36, height: KERNEL_HEIGHT };
  const corners = [corner, { ...corner, x: width - x + 24 }] as const;
  return { height: kernel.y + KERNEL_HEIGHT + 4, isNarrow, pages, frames, memory: inner, kernel, corners };
}

function framesIn(
  stage: Stage,
  memory: Box,
  { width, height }: Pick<Box, 'width' | 'height'>,
  pages: ReadonlyMap<StagePage, Box>,
): Map<number, Box> {
  const columns = {
    left: memory.x + 14,
    middle: memory.x + (memory.width - width) / 2,
    right: memory.x + memory.width - width - 14,
  };
  const used: Box[] = [];
  const boxes = new Map<number, Box>();
  for (const frame of stage.frames) {
    const own = [...pages].filter(([page]) => page.frame === frame.linear).map(([, box]) => box.y + box.height / 2);
    const wanted = own.length === 0 ? memory.height - height / 2 - 14 : own.reduce((sum, y) => sum + y, 0) / own.length;
    const x = columns[columnOf(frame)];
    let y = wanted - height / 2;
    while (used.some((box) => Math.abs(box.x - x) < width && Math.abs(box.y - y) < height + 4)) y -= 8;
    const box = { x, y: Math.max(HEAD - 4, y), width, height };
    used.push(box);
    boxes.set(frame.linear, box);
  }
  return boxes;
}

/** No process reaches it. */
function isKernels({ sides }: StageFrame): boolean {
  return !sides.includes('sender') && !sides.includes('receiver');
}

function columnOf({ sides }: StageFrame): 'left' | 'middle' | 'right' {
  const [bySender, byReceiver] = [sides.includes('sender'), sides.includes('receiver')];
  if (bySender === byReceiver) return 'middle';
  return bySender ? 'left' : 'right';
}

/** The kernel's pages stand below the frames to which they lead. */
function placeKernel(
  { kernel: { pages: all } }: Stage,
  kernel: Box,
  frames: ReadonlyMap<number, Box>,
  pages: Map<StagePage, Box>,
): void {
  const middleOf = ({ frame }: StagePage) => {
    const box = frames.get(frame);
    return box === undefined ? 0 : box.x + box.width / 2;
  };
  const sorted = [...all].sort((one, other) => middleOf(one) - middleOf(other));
  const width = Math.min(190, (kernel.width - 20) / Math.max(1, sorted.length) - 8);
  let from = kernel.x + 10;
  sorted.forEach((page, index) => {
    const rest = (sorted.length - index) * (width + 8);
    const x = Math.min(Math.max(from, middleOf(page) - width / 2), kernel.x + kernel.width - rest - 2);
    pages.set(page, { x, y: kernel.y + 30, width, height: 54 });
    from = x + width + 8;
  });
}
