/** All of physical memory: a cell for each frame in use. Pointing at one says what it is; a click selects it. */
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { FRAME_NAMES } from '../inspect/memory.ts';
import type { Stage } from '../picture/stage.ts';
import type { Still } from './lane.ts';
import { light, lit, telling } from './light.ts';
import { drawGrid, drawMarks, frameUnder, gridShape } from './memorygridcanvas.ts';
import { hexOf, kindText } from './stagetext.ts';
import type { Store } from './store.ts';
import { theme } from './theme.ts';
import { entriesTo, frameKeys } from './things.ts';

/** Until the page knows better. */
const SIZE = { width: 840, height: 60 };
const NUMBERS = new Intl.NumberFormat('en');
/** Rings reach over the outermost cells. */
const MARGIN = 4;
/** The kinds that the legend names, with their shapes. */
const LEGEND = [
  { kind: 'anon', word: 'own memory', side: 'sender' },
  { kind: 'binder', word: 'of mappings', side: 'receiver' },
  { kind: 'table', word: 'page tables', side: 'kernel' },
  { kind: 'slab', word: 'kernel objects', side: 'kernel' },
] as const;

export function MemoryGrid({ store, still }: { store: Store; still: Still }) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSizeOf(box);
  const [cursor, setCursor] = useState<number | null>(null);
  const { kinds } = still.mapped;
  const stage = still.stage(store.choice.value);
  const shape = useMemo(() => gridShape(kinds, size.width - 2 * MARGIN, size.height - 2 * MARGIN), [kinds, size]);
  const { cells, marks } = useDrawing({ still, stage, size, shape, cursor });
  const point = (frame: number | null) => {
    if (frame === null) return;
    telling.value = tellOf(still, frame);
    light(frameKeys(still, frame * PAGE_SIZE));
  };
  const select = (frame: number | null) => {
    if (frame !== null) store.selectFrame(frame * PAGE_SIZE);
  };
  const under = ({ offsetX, offsetY }: PointerEvent | MouseEvent) =>
    frameUnder(shape, offsetX - MARGIN, offsetY - MARGIN);
  const at = cursor ?? stage.frames.map(({ linear }) => linear / PAGE_SIZE).at(-1) ?? shape.first;
  return (
    <section class="memory-grid" aria-label="All of memory">
      <Legend kinds={kinds} />
      <div class="cells" ref={box}>
        <canvas ref={cells} style={{ width: `${size.width}px`, height: `${size.height}px` }} />
        <canvas
          ref={marks}
          style={{ width: `${size.width}px`, height: `${size.height}px` }}
          role="slider"
          tabIndex={0}
          aria-label="Frame of memory"
          aria-valuemin={0}
          aria-valuemax={kinds.length - 1}
          aria-valuenow={at}
          aria-valuetext={cursor === null ? hexOf(at * PAGE_SIZE) : tellOf(still, at)}
          onPointerMove={(event) => point(under(event))}
          onClick={(event) => select(under(event))}
          onBlur={() => setCursor(null)}
          onKeyDown={(event) => {
            const by = stepsOf(event.key, shape.columns);
            if (by !== null) {
              const next = Math.max(shape.first, Math.min(shape.first + shape.count - 1, at + by));
              setCursor(next);
              point(next);
            } else if (event.key === 'Enter') select(at);
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        />
      </div>
    </section>
  );
}

type Size = typeof SIZE;

function useSizeOf(box: RefObject<HTMLElement | null>): Size {
  const [size, setSize] = useState(SIZE);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (!entry) return;
      const { width, height } = entry.contentRect;
      setSize({ width: Math.floor(width), height: Math.floor(height) });
    });
    observer.observe(box.current as HTMLElement);
    return () => observer.disconnect();
  }, []);
  return size;
}

interface Drawing {
  still: Still;
  stage: Stage;
  size: Size;
  shape: ReturnType<typeof gridShape>;
  cursor: number | null;
}

/** Two canvases: cells are drawn anew only when a frame has become something else, marks whenever the pointer moves. */
function useDrawing({ still, stage, size, shape, cursor }: Drawing) {
  const cells = useRef<HTMLCanvasElement>(null);
  const marks = useRef<HTMLCanvasElement>(null);
  const { kinds } = still.mapped;
  const litFrames = lit.value.filter((key) => /^f\d/.test(key)).map((key) => Number(key.slice(1)) / PAGE_SIZE);
  useEffect(() => {
    draw(cells.current, size, (context) => drawGrid(context, kinds, shape));
  }, [kinds, shape, size, theme.value]);
  useEffect(() => {
    const onStage = new Set(stage.frames.map(({ linear }) => linear / PAGE_SIZE));
    const marked = { lit: new Set(litFrames), changed: still.changedFrames, onStage, cursor };
    draw(marks.current, size, (context) => drawMarks(context, shape, marked));
  }, [stage, size, theme.value, litFrames.join(), cursor]);
  return { cells, marks };
}

/** How far a key moves among the frames; null for other keys. */
function stepsOf(key: string, columns: number): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowRight: 1,
    ArrowLeft: -1,
    ArrowDown: columns,
    ArrowUp: -columns,
  };
  return steps[key] ?? null;
}

function Legend({ kinds }: { kinds: Uint8Array }) {
  const counts = useMemo(() => countsOf(kinds), [kinds]);
  const count = (kind: string) => NUMBERS.format(counts[FRAME_NAMES.indexOf(kind)] ?? 0);
  return (
    <p class="grid-legend">
      <b>All of memory</b>
      {LEGEND.map(({ kind, word, side }) => (
        <span key={kind}>
          <i class={`glyph ${side}`} style={{ color: `var(--frame-${kind})` }} aria-hidden="true" /> {count(kind)}{' '}
          {word}
        </span>
      ))}
      <span>{count('free')} free</span>
    </p>
  );
}

/** What a frame is, and who reaches it. */
function tellOf(still: Still, frame: number): string {
  const linear = frame * PAGE_SIZE;
  const kind = kindText(FRAME_NAMES[still.mapped.kinds[frame] as number] ?? '');
  const nameOf = (pid: number) => still.processes.find((process) => process.pid === pid)?.name ?? 'the kernel';
  const entries = entriesTo(still, linear).map(({ pid, address }) => `${nameOf(pid)} at ${hexOf(address)}`);
  const messages = frameKeys(still, linear).filter((key) => key.startsWith('t'));
  const held = messages.length === 0 ? '' : `; message ${messages.map((key) => key.slice(1)).join(', ')} is in it`;
  return `Frame ${hexOf(linear)}: ${kind}${entries.length === 0 ? '' : `, reached by ${entries.join(' and ')}`}${held}.`;
}

/** By kind: how many frames are of it. */
function countsOf(kinds: Uint8Array): Uint32Array {
  const counts = new Uint32Array(FRAME_NAMES.length);
  for (const kind of kinds) counts[kind] = (counts[kind] as number) + 1;
  return counts;
}

function draw(canvas: HTMLCanvasElement | null, size: Size, paint: (context: CanvasRenderingContext2D) => void): void {
  const context = canvas?.getContext('2d');
  if (!canvas || !context) return;
  const ratio = devicePixelRatio;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, MARGIN * ratio, MARGIN * ratio);
  context.clearRect(-MARGIN, -MARGIN, size.width, size.height);
  paint(context);
}
