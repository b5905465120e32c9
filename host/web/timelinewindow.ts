/** The part of the timeline that is seen: a stretch of steps, and some rows. */
import { computed, signal } from '@preact/signals';
import type { Arrow, Timeline } from '../picture/timeline.ts';
import { ROW_HEIGHT } from './timelinecanvas.ts';

const SPAN = 64;
const SPAN_MIN = 12;
const SPAN_MAX = 20_000;
const ROWS_MIN = 4;
/** Pixels of the window for each row that is seen. */
const ROW_SHARE = 160;
/** With more steps in sight arrows would be a blur. */
const ARROWS_SPAN_MAX = 300;
/** Steps before the stretch in which a message may have been sent. */
const ARROWS_BEFORE = 100;

export class TimelineWindow {
  /** The first step that is seen, and how many are. */
  readonly from = signal(-1);
  readonly span;
  /** The first row that is seen, and how many are. */
  readonly row = signal(0);
  readonly rows: number;
  readonly arrows;
  /** By row: its place from above. Where there is no room for all, those that act in the stretch come first. */
  readonly places;

  constructor(private readonly timeline: Timeline) {
    this.span = signal(Math.min(SPAN, Math.max(SPAN_MIN, timeline.count + 1)));
    this.rows = Math.min(Math.max(ROWS_MIN, Math.floor(innerHeight / ROW_SHARE)), timeline.rows.length);
    this.places = computed(() =>
      this.#placesIn(Math.floor(this.from.value), Math.ceil(this.from.value + this.span.value)),
    );
    this.arrows = computed((): readonly Arrow[] => {
      const [from, span] = [Math.floor(this.from.value), this.span.value];
      return span > ARROWS_SPAN_MAX ? [] : timeline.arrows(from - ARROWS_BEFORE, Math.ceil(from + span));
    });
  }

  /** Pixels of all rows. */
  get height(): number {
    return this.rows * ROW_HEIGHT;
  }

  /** Shows a position and the row of its thread, if they are out of sight. */
  follow(position: number): void {
    const [from, span] = [this.from.value, this.span.value];
    const margin = span / 10;
    if (position < from + margin || position > from + span - margin - 1) this.#move(position - span / 2);
    const place = this.places.value[this.timeline.row[position] ?? 0];
    if (place === undefined) return;
    if (place < this.row.value || place >= this.row.value + this.rows) this.#moveRows(place - this.rows + 1);
  }

  #placesIn(from: number, to: number): Int16Array {
    const { timeline } = this;
    const places = Int16Array.from(timeline.rows.keys());
    if (timeline.rows.length <= this.rows) return places;
    const active = new Set<number>();
    for (let at = Math.max(0, from); at < Math.min(to, timeline.count); at++) {
      active.add(timeline.row[at] as number);
      for (const { row } of timeline.wakes(at)) active.add(row);
    }
    const sorted = [...places].sort((one, other) => Number(active.has(other)) - Number(active.has(one)) || one - other);
    for (const [place, row] of sorted.entries()) places[row] = place;
    return places;
  }

  /** @param position Stays in the middle. */
  zoom(factor: number, position: number): void {
    const most = Math.max(SPAN_MIN, Math.min(SPAN_MAX, this.timeline.count + 1));
    this.span.value = Math.round(Math.max(SPAN_MIN, Math.min(most, this.span.value * factor)));
    this.#move(position - this.span.value / 2);
  }

  /** @param width Pixels of the stretch. */
  wheel(event: WheelEvent, position: number, width: number): void {
    event.preventDefault();
    const { deltaX, deltaY } = event;
    if (event.ctrlKey || event.metaKey) this.zoom(deltaY > 0 ? 1.3 : 0.77, position);
    else if (event.shiftKey || Math.abs(deltaX) > Math.abs(deltaY)) {
      this.#move(this.from.value + ((deltaX || deltaY) / width) * this.span.value);
    } else this.#moveRows(this.row.value + Math.sign(deltaY));
  }

  #move(from: number): void {
    this.from.value = Math.max(-1, Math.min(this.timeline.count - this.span.value, from));
  }

  #moveRows(row: number): void {
    this.row.value = Math.max(0, Math.min(this.timeline.rows.length - this.rows, row));
  }
}
