/**
 * Draws physical memory: a cell for each frame, coloured by its kind. Where cells are large enough a kind has a shape, too: a
 * circle is a process's own memory, a square a page of a mapping, a diamond the kernel's.
 */
import { FRAME_NAMES } from '../inspect/memory.ts';
import { styleOf } from './theme.ts';

interface GridShape {
  /** Number of the first frame that is shown, and how many are. */
  readonly first: number;
  readonly count: number;
  readonly columns: number;
  /** Pixels of a cell with its gap. */
  readonly cell: number;
}

/** What is marked in the grid, by number of the frame. */
interface GridMarks {
  readonly lit: ReadonlySet<number>;
  readonly changed: ReadonlySet<number>;
  readonly onStage: ReadonlySet<number>;
  /** The frame under the keyboard; null without one. */
  readonly cursor: number | null;
}

const CELLS: readonly number[] = [28, 24, 20, 16, 14, 12, 10, 8, 6, 5, 4, 3, 2];
/** Smaller cells have no shapes and no gaps. */
const SHAPED = 8;
const FREE = FRAME_NAMES.indexOf('free');
const RESERVED = FRAME_NAMES.indexOf('reserved');
const ROUND: ReadonlySet<string> = new Set(['anon', 'file']);
const POINTED: ReadonlySet<string> = new Set(['table', 'slab', 'array', 'stage']);

/** The largest cells with which all frames in use fit: from the first that the emulator does not need itself, to the last one. */
export function gridShape(kinds: Uint8Array, width: number, height: number): GridShape {
  const first = Math.max(
    0,
    kinds.findIndex((kind) => kind !== RESERVED),
  );
  let last = kinds.length - 1;
  while (last > first && kinds[last] === FREE) last--;
  const needed = 2 ** Math.ceil(Math.log2(last - first + 1)); // so that cells keep their size for a while
  const fitting = (cell: number) => Math.floor(width / cell) * Math.floor(height / cell) >= needed;
  const cell = CELLS.find(fitting) ?? (CELLS.at(-1) as number);
  const columns = Math.max(1, Math.floor(width / cell));
  const room = columns * Math.max(1, Math.floor(height / cell));
  return { first, count: Math.min(kinds.length - first, room), columns, cell };
}

/** Number of the frame at a place; null beside the grid. */
export function frameUnder({ first, count, columns, cell }: GridShape, x: number, y: number): number | null {
  const [column, row] = [Math.floor(x / cell), Math.floor(y / cell)];
  const index = row * columns + column;
  return column < 0 || column >= columns || index < 0 || index >= count ? null : first + index;
}

export function drawGrid(context: CanvasRenderingContext2D, kinds: Uint8Array, shape: GridShape): void {
  const { first, count, columns, cell } = shape;
  const colors = FRAME_NAMES.map((name) => styleOf(`--frame-${name}`));
  const size = cell < SHAPED ? cell : cell - 1.5;
  for (let index = 0; index < count; index++) {
    const kind = kinds[first + index] as number;
    const [x, y] = [(index % columns) * cell, Math.floor(index / columns) * cell];
    context.fillStyle = colors[kind] as string;
    const name = FRAME_NAMES[kind] as string;
    if (cell < SHAPED) context.fillRect(x, y, size, size);
    else fillShape(context, ROUND.has(name) ? 'circle' : POINTED.has(name) ? 'diamond' : 'square', x, y, size);
  }
}

type Shape = 'circle' | 'diamond' | 'square';

function fillShape(context: CanvasRenderingContext2D, shape: Shape, x: number, y: number, size: number): void {
  if (shape === 'square') {
    context.fillRect(x, y, size, size);
    return;
  }
  const half = size / 2;
  context.beginPath();
  if (shape === 'circle') context.arc(x + half, y + half, half, 0, 2 * Math.PI);
  else {
    context.moveTo(x + half, y - 0.5);
    context.lineTo(x + size + 0.5, y + half);
    context.lineTo(x + half, y + size + 0.5);
    context.lineTo(x - 0.5, y + half);
  }
  context.fill();
}

/** Rings around frames: those on the stage, those that the step changed, and those that are lit. */
export function drawMarks(context: CanvasRenderingContext2D, shape: GridShape, marks: GridMarks): void {
  const ring = (frames: Iterable<number>, color: string, width: number, outset: number) => {
    context.strokeStyle = styleOf(color);
    context.lineWidth = width;
    for (const frame of frames) {
      const index = frame - shape.first;
      if (index < 0 || index >= shape.count) continue;
      const x = (index % shape.columns) * shape.cell - outset;
      const y = Math.floor(index / shape.columns) * shape.cell - outset;
      const size = shape.cell - (shape.cell < SHAPED ? 0 : 1.5) + 2 * outset;
      context.strokeRect(x, y, size, size);
    }
  };
  ring(marks.onStage, '--ink', 1.5, 0.5);
  ring(marks.changed, '--message', 2, 0.5);
  ring(marks.lit, '--message', 3, 1.5);
  if (marks.cursor !== null) ring([marks.cursor], '--focus', 2, 2.5);
}
