/** All of memory, small: a dot for each frame, coloured by its kind, up to the last that is used. */
import { useEffect, useRef } from 'preact/hooks';
import { FRAME_NAMES, frameKinds } from '../inspect/memory.ts';
import type { Machine } from '../machine.ts';
import type { Still } from './lane.ts';
import { theme } from './theme.ts';

const COLUMNS = 64;
const ROWS_MIN = 6;
const FREE = FRAME_NAMES.indexOf('free');
/** The kinds that a legend names. */
const LEGEND = { anon: 'own', binder: 'mapping', table: 'tables', slab: 'kernel' };

interface FrameMap {
  readonly kinds: Uint8Array;
  /** Frames of each kind. */
  readonly counts: Readonly<Record<string, number>>;
  readonly rows: number;
}

export function MemoryMap({ still }: { still: Still }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { kinds, counts, rows } = still.kept('frames', frameMapOf);
  useEffect(() => {
    if (canvas.current) draw(canvas.current, kinds.subarray(0, rows * COLUMNS), theme.value);
  }, [kinds, theme.value]);
  const used = Object.entries(counts).filter(([kind, frames]) => frames > 0 && kind !== 'free');
  const text = `All of memory: ${kinds.length} frames, ${counts.free ?? 0} of them free; ${used.map(([kind, frames]) => `${frames} ${kind}`).join(', ')}.`;
  return (
    <figure class="memory-map">
      <canvas ref={canvas} width={COLUMNS} height={rows} role="img" aria-label={text} data-tell={text} />
      <figcaption>
        <b>{(rows * COLUMNS).toLocaleString('en')}</b> of {kinds.length.toLocaleString('en')} frames
        {Object.entries(LEGEND).map(([kind, word]) => (
          <span key={kind}>
            <i style={{ background: `var(--frame-${kind})` }} aria-hidden="true" />
            {counts[kind] ?? 0} {word}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function frameMapOf({ inspect }: Machine): FrameMap {
  const kinds = frameKinds(inspect.kernel);
  const numbers = new Uint32Array(FRAME_NAMES.length);
  let last = 0;
  for (let frame = 0; frame < kinds.length; frame++) {
    const kind = kinds[frame] as number;
    numbers[kind] = (numbers[kind] as number) + 1;
    if (kind !== FREE) last = frame;
  }
  const counts = Object.fromEntries(FRAME_NAMES.map((name, kind) => [name, numbers[kind] ?? 0]));
  const most = Math.ceil(kinds.length / COLUMNS);
  return { kinds, counts, rows: Math.min(most, Math.max(ROWS_MIN, Math.ceil((last + 1) / COLUMNS) + 1)) };
}

/** @param _theme Its colours are those of the page's style. */
function draw(canvas: HTMLCanvasElement, kinds: Uint8Array, _theme: string): void {
  const context = canvas.getContext('2d');
  if (context === null) return;
  const style = getComputedStyle(canvas);
  const colors = FRAME_NAMES.map((name) => style.getPropertyValue(`--frame-${name}`));
  for (let frame = 0; frame < kinds.length; ) {
    const kind = kinds[frame] as number;
    const row = Math.floor(frame / COLUMNS);
    let end = frame + 1;
    while (end < (row + 1) * COLUMNS && kinds[end] === kind) end++;
    context.fillStyle = colors[kind] || '#888';
    context.fillRect(frame % COLUMNS, row, end - frame, 1);
    frame = end;
  }
}
