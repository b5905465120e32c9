/** The timeline: a row for each thread. It follows the position; the wheel moves and enlarges it. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { NO_ROW } from '../picture/timeline.ts';
import { light, lit, stepKey, threadKey } from './light.ts';
import type { Store } from './store.ts';
import { theme } from './theme.ts';
import { AXIS_HEIGHT, drawTimeline, stepAt, type TimelineLook } from './timelinecanvas.ts';
import { TimelineWindow } from './timelinewindow.ts';

export function TimelineView({ store }: { store: Store }) {
  const { timeline } = store;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(800);
  const part = useMemo(() => new TimelineWindow(timeline), [timeline]);
  const position = store.position.value;
  const look: TimelineLook = {
    timeline,
    arrows: part.arrows.value,
    position,
    from: part.from.value,
    span: part.span.value,
    places: part.places.value,
    row: part.row.value,
    width,
    height: AXIS_HEIGHT + part.height + 4,
    litRow: lit.value.find((key) => key.startsWith('h'))?.slice(1) ?? null,
    litSteps: lit.value.filter((key) => key.startsWith('s')).map((key) => Number(key.slice(1))),
  };
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    observer.observe(canvas.current?.parentElement as HTMLElement);
    return () => observer.disconnect();
  }, []);
  useEffect(() => part.follow(position), [part, position]);
  // after each rendering: whatever changed is seen on the canvas
  useEffect(() => draw(canvas.current, look, theme.value));
  return (
    <div class="timeline">
      <canvas
        ref={canvas}
        style={{ height: `${look.height}px` }}
        role="img"
        aria-label={`Timeline, step ${position} of ${store.last}; threads: ${namesIn(look, part.rows).join(', ')}`}
        onWheel={(event) => part.wheel(event, position, width)}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          store.go(stepAt(look, event.offsetX));
        }}
        onPointerMove={(event) => {
          const step = stepAt(look, event.offsetX);
          if (event.buttons === 1) store.go(step);
          const row = timeline.rows[timeline.row[step] ?? NO_ROW];
          light(row === undefined ? [] : [stepKey(step), threadKey(row)]);
        }}
      />
      <div class="timeline-zoom">
        <button type="button" aria-label="Show more steps" onClick={() => part.zoom(2, position)}>
          −
        </button>
        <button type="button" aria-label="Show fewer steps" onClick={() => part.zoom(0.5, position)}>
          +
        </button>
      </div>
    </div>
  );
}

/** Names of the rows that are seen, from above. */
function namesIn({ timeline, places, row: first }: TimelineLook, count: number): string[] {
  const rows = [...timeline.rows.keys()].sort((one, other) => (places[one] as number) - (places[other] as number));
  return rows.slice(first, first + count).map((row) => timeline.rows[row] as string);
}

/** @param _theme Its colours are those of the page's style. */
function draw(canvas: HTMLCanvasElement | null, look: TimelineLook, _theme: string): void {
  const context = canvas?.getContext('2d');
  if (!canvas || !context) return;
  const ratio = devicePixelRatio;
  const [width, height] = [Math.round(look.width * ratio), Math.round(look.height * ratio)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  drawTimeline(context, look);
}
