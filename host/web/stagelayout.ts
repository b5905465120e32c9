/**
 * Where things stand on the stage, in pixels. Frames of the sender are in a column of their own, those of the receiver in another;
 * a frame that both reach is between them, and so is one of the kernel's.
 *
 *     pages | frames |      | frames | pages
 *           |        | both |        |
 *           |     kernel's pages     |
 */
import type { StagePage } from '../picture/entries.ts';
import type { Stage, StageFrame } from '../picture/stage.ts';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type StageSize = 'narrow' | 'usual' | 'large';

export interface StageLayout {
  readonly height: number;
  readonly size: StageSize;
  readonly pages: ReadonlyMap<StagePage, Box>;
  readonly frames: ReadonlyMap<number, Box>;
  readonly memory: Box;
  readonly kernel: Box;
  /** Width of what is written beside the kernel's pages; null: above them. */
  readonly kernelText: number | null;
  /** Below the sender, and below the receiver. */
  readonly corners: readonly [Box, Box];
}

const HEAD = 48;
/** Boxes are larger while there is one row. */
const PAGE_HEIGHTS: readonly number[] = [52, 78, 62, 52];
const FRAME_HEIGHTS: readonly number[] = [58, 88, 70, 58];
const KERNEL_HEIGHT = 92;
/** Pages of the kernel, by the size of the stage. */
const KERNEL_PAGES = {
  narrow: { width: 150, height: 54 },
  usual: { width: 200, height: 54 },
  large: { width: 230, height: 64 },
} as const;
/** Words stand beside the kernel's pages where they have so much room. */
const BESIDE_MIN = 88;
const BESIDE_GAP = 12;
const ROWS_MIN = 1;
/** Height of a row, by the number of rows: few are far apart. */
const ROWS: readonly number[] = [0, 172, 96, 82, 80];
/** A single row is nearer to what is below it where there is little room. */
const ROW_LESS = 40;
/** A narrow stage has narrow boxes. */
const NARROW = 700;
/** A wide one has room for large ones. */
const LARGE = 1100;
const LARGE_SCALE = 1.35;
/** What a frame of the kernel's own adds below the others. */
const STAGED_HEIGHT = 96;

export function layoutOf(stage: Stage, width: number): StageLayout {
  const sender = stage.sender?.pages ?? [];
  const receiver = stage.receiver?.pages ?? [];
  const rows = Math.max(ROWS_MIN, sender.length, receiver.length);
  const isStaged = stage.frames.some((frame) => isKernels(frame));
  const { size, pageWidth, frameWidth, row, pageHeight, frameHeight, gap } = sizesOf(width, rows, isStaged);
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
  const x = pageWidth + 24 + Math.round(width * (size === 'narrow' ? 0.022 : 0.045));
  const inner = { x, y: 0, width: width - 2 * x, height: HEAD + rows * row + (isStaged ? STAGED_HEIGHT : 4) };
  const frames = framesIn(stage, inner, { width: frameWidth, height: frameHeight }, pages);
  const kernel = { x: inner.x, y: inner.height + gap, width: inner.width, height: KERNEL_HEIGHT };
  const kernelText = placeKernel(stage, { box: kernel, most: KERNEL_PAGES[size] }, frames, pages);
  const corner = { x: 12, y: kernel.y, width: x - 36, height: KERNEL_HEIGHT };
  const corners = [corner, { ...corner, x: width - x + 24 }] as const;
  return { height: kernel.y + KERNEL_HEIGHT + 4, size, pages, frames, memory: inner, kernel, kernelText, corners };
}

interface Sizes {
  readonly size: StageSize;
  readonly pageWidth: number;
  readonly frameWidth: number;
  readonly pageHeight: number;
  readonly frameHeight: number;
  /** Height of a row. */
  readonly row: number;
  /** From memory to the kernel. */
  readonly gap: number;
}

function sizesOf(width: number, rows: number, isStaged: boolean): Sizes {
  const size = width < NARROW ? 'narrow' : width > LARGE ? 'large' : 'usual';
  const scale = size === 'large' ? LARGE_SCALE : 1;
  const part = (share: number, least: number, most: number) =>
    Math.round(Math.min(most, Math.max(least, width * share)));
  return {
    size,
    pageWidth: size === 'narrow' ? 128 : part(0.178, 140, 260),
    frameWidth: size === 'narrow' ? 98 : part(0.168, 124, 250),
    pageHeight: (PAGE_HEIGHTS[rows] ?? 52) * scale,
    frameHeight: (FRAME_HEIGHTS[rows] ?? 58) * scale,
    row: (ROWS[rows] ?? 80) * scale - (rows === 1 && (isStaged || size === 'narrow') ? ROW_LESS : 0),
    gap: size === 'narrow' ? 20 : 30,
  };
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

/**
 * The kernel's pages stand below the frames to which they lead.
 *
 * @returns The width that they leave for words at their left; null when it is too narrow.
 */
function placeKernel(
  { kernel: { pages: all } }: Stage,
  { box: kernel, most }: { box: Box; most: Pick<Box, 'width' | 'height'> },
  frames: ReadonlyMap<number, Box>,
  pages: Map<StagePage, Box>,
): number | null {
  const middleOf = ({ frame }: StagePage) => {
    const box = frames.get(frame);
    return box === undefined ? 0 : box.x + box.width / 2;
  };
  const sorted = [...all].sort((one, other) => middleOf(one) - middleOf(other));
  const width = Math.min(most.width, (kernel.width - 20) / Math.max(1, sorted.length) - 8);
  const leftmost = Math.min(...sorted.map(middleOf)) - width / 2;
  const last = kernel.x + kernel.width - sorted.length * (width + 8) - 2;
  const beside = Math.min(leftmost, last) - kernel.x - 2 * BESIDE_GAP;
  const isBeside = sorted.length > 0 && beside >= BESIDE_MIN;
  const height = isBeside ? most.height : KERNEL_PAGES.usual.height;
  const y = kernel.y + (isBeside ? (KERNEL_HEIGHT - height) / 2 : 30);
  let from = kernel.x + 10;
  sorted.forEach((page, index) => {
    const rest = (sorted.length - index) * (width + 8);
    const x = Math.min(Math.max(from, middleOf(page) - width / 2), kernel.x + kernel.width - rest - 2);
    pages.set(page, { x, y, width, height });
    from = x + width + 8;
  });
  return isBeside ? beside : null;
}
