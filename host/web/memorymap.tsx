/** All of memory, small: a dot for each frame, coloured by its kind, up to the last that is used. */
import { useEffect, useRef } from 'preact/hooks';
import { framesPicture } from '../picture/frames.ts';
import type { Still } from './lane.ts';
import { theme } from './theme.ts';

const COLUMNS = 64;
const ROWS_MIN = 6;
const PAGE = 4096;
/** The kinds that a legend names. */
const LEGEND = { anon: 'own', binder: 'mapping', table: 'tables', slab: 'kernel' };

export function MemoryMap({ still }: { still: Still }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { runs, counts, count } = still.picture('frames', framesPicture);
  const lastUsed = runs.filter(({ kind }) => kind !== 'free').at(-1);
  const used = lastUsed === undefined ? 0 : lastUsed.address / PAGE + lastUsed.count;
  const rows = Math.min(Math.ceil(count / COLUMNS), Math.max(ROWS_MIN, Math.ceil(used / COLUMNS) + 1));
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const colors = getComputedStyle(context.canvas);
    context.clearRect(0, 0, COLUMNS, rows);
    let at = 0;
    for (const run of runs) {
      if (at >= rows * COLUMNS) break;
      context.fillStyle = colors.getPropertyValue(`--frame-${run.kind}`) || '#888';
      for (let left = run.count; left > 0; ) {
        const here = Math.min(left, COLUMNS - (at % COLUMNS));
        context.fillRect(at % COLUMNS, Math.floor(at / COLUMNS), here, 1);
        at += here;
        left -= here;
      }
    }
  }, [runs, theme.value]);
  const kinds = Object.entries(counts).filter(([kind, frames]) => frames > 0 && kind !== 'free');
  const text = `${count} frames, ${counts.free ?? 0} of them free; ${kinds.map(([kind, frames]) => `${frames} ${kind}`).join(', ')}.`;
  return (
    <figure class="memory-map">
      <canvas
        ref={canvas}
        width={COLUMNS}
        height={rows}
        role="img"
        aria-label={`All of memory: ${text}`}
        data-tell={`All of memory: ${text}`}
      />
      <figcaption>
        <b>{(rows * COLUMNS).toLocaleString('en')}</b> of {count.toLocaleString('en')} frames
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
