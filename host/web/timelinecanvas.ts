/** Draws a stretch of the timeline: only what is seen, whatever the length of the journal. */
import { type Arrow, NEVER, NO_ROW, type Timeline } from '../picture/timeline.ts';
import { styleOf } from './theme.ts';

export interface TimelineLook {
  readonly timeline: Timeline;
  readonly arrows: readonly Arrow[];
  readonly position: number;
  /** The first step that is seen, and how many are. */
  readonly from: number;
  readonly span: number;
  /** By row: its place from above. */
  readonly places: Int16Array;
  /** The first place that is seen. */
  readonly row: number;
  readonly width: number;
  readonly height: number;
  /** A thread and steps that are lit. */
  readonly litRow: string | null;
  readonly litSteps: readonly number[];
}

const NAMES_WIDTH = 132;
export const ROW_HEIGHT = 20;
export const AXIS_HEIGHT = 24;
const BAR_HEIGHT = 12;
const TICKS = 10;

/** The step at a place; it may be before the first or after the last. */
export function stepAt({ from, span, width }: TimelineLook, x: number): number {
  return Math.floor(from + ((x - NAMES_WIDTH) / (width - NAMES_WIDTH)) * span);
}

export function drawTimeline(context: CanvasRenderingContext2D, look: TimelineLook): void {
  const { width, height } = look;
  context.clearRect(0, 0, width, height);
  context.font = `12px ${styleOf('--sans')}`;
  context.textBaseline = 'middle';
  const scale = (width - NAMES_WIDTH) / look.span;
  const x = (step: number) => NAMES_WIDTH + (step - look.from) * scale;
  const y = (row: number) => AXIS_HEIGHT + ((look.places[row] as number) - look.row) * ROW_HEIGHT + ROW_HEIGHT / 2;
  drawAxis(context, look, x);
  drawNames(context, look, y);
  context.save();
  context.beginPath();
  context.rect(NAMES_WIDTH, 0, width - NAMES_WIDTH, height);
  context.clip();
  context.fillStyle = styleOf('--here');
  context.fillRect(x(look.position), 0, Math.max(2, scale), height);
  drawSleeps(context, look, x, y, styleOf('--sleep'));
  drawCalls(context, look, x, y);
  drawLit(context, look, x, y, styleOf('--message'));
  if (scale > 3) drawArrows(context, look, x, y);
  context.strokeStyle = styleOf('--accent');
  context.lineWidth = 2;
  context.strokeRect(x(look.position), 1, Math.max(2, scale), height - 2);
  context.restore();
}

type Place = (value: number) => number;

/** Whether a row in the middle of which is `y` is on the canvas. */
function isSeen(y: number, height: number): boolean {
  return y > AXIS_HEIGHT && y < height;
}

function drawAxis(context: CanvasRenderingContext2D, { from, span, height, width }: TimelineLook, x: Place): void {
  const unit = niceUnit(span / TICKS);
  context.fillStyle = styleOf('--soft');
  context.strokeStyle = styleOf('--line');
  context.lineWidth = 1;
  context.textAlign = 'left';
  for (let step = Math.max(0, Math.ceil(from / unit) * unit); step < from + span; step += unit) {
    const at = Math.round(x(step)) + 0.5;
    if (at > width) break;
    context.beginPath();
    context.moveTo(at, 0);
    context.lineTo(at, height);
    context.stroke();
    context.fillText(String(step), at + 3, AXIS_HEIGHT / 2);
  }
}

function niceUnit(least: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return ([1, 2, 5, 10].find((digit) => digit * power >= least) ?? 10) * power;
}

function drawNames(context: CanvasRenderingContext2D, look: TimelineLook, y: Place): void {
  const { timeline, height, litRow } = look;
  context.textAlign = 'right';
  for (const [row, name] of timeline.rows.entries()) {
    if (!isSeen(y(row), height)) continue;
    const isActive = timeline.row[look.position] === row;
    context.fillStyle =
      litRow === name.replaceAll(' ', '_') ? styleOf('--accent') : isActive ? styleOf('--ink') : styleOf('--soft');
    context.fillText(name.length > 18 ? `${name.slice(0, 17)}…` : name, NAMES_WIDTH - 10, y(row));
  }
}

function drawSleeps(context: CanvasRenderingContext2D, look: TimelineLook, x: Place, y: Place, hatch: string): void {
  const { timeline, from, span, height } = look;
  context.strokeStyle = hatch;
  context.lineWidth = 1;
  const to = Math.min(timeline.count, Math.ceil(from + span));
  const drawn = new Set<number>();
  const sleep = (row: number, begin: number, end: number) => {
    if (!isSeen(y(row), height)) return;
    const [left, right] = [Math.max(NAMES_WIDTH, x(begin + 0.85)), Math.min(look.width, x(end + 0.1))];
    if (right - left < 2) return;
    const [top, bottom] = [y(row) - BAR_HEIGHT / 2 + 2, y(row) + BAR_HEIGHT / 2 - 2];
    context.beginPath();
    for (let at = left; at < right; at += 5) {
      context.moveTo(at, bottom);
      context.lineTo(Math.min(right, at + 5), top);
    }
    context.stroke();
  };
  for (const [row] of timeline.rows.entries()) {
    const call = timeline.sleepOf(row, Math.max(0, Math.floor(from)));
    if (call !== null) drawn.add(call);
  }
  for (let at = Math.max(0, Math.floor(from)); at < to; at++) drawn.add(at);
  for (const at of drawn) {
    const [row, end] = [timeline.row[at] as number, timeline.end[at] as number];
    if (row !== NO_ROW && end !== at) sleep(row, at, end === NEVER ? timeline.count : end);
  }
}

function drawCalls(context: CanvasRenderingContext2D, look: TimelineLook, x: Place, y: Place): void {
  const { timeline, from, span, height } = look;
  const to = Math.min(timeline.count, Math.ceil(from + span));
  const width = Math.max(1.5, (x(1) - x(0)) * 0.8);
  const bar = (row: number, at: number, fill: string) => {
    if (!isSeen(y(row), height)) return;
    context.fillStyle = fill;
    context.fillRect(x(at + 0.1), y(row) - BAR_HEIGHT / 2, width, BAR_HEIGHT);
  };
  for (let at = Math.max(0, Math.floor(from)); at < to; at++) {
    const row = timeline.row[at] as number;
    if (row !== NO_ROW) bar(row, at, at === look.position ? styleOf('--accent') : styleOf('--bar'));
    for (const wake of timeline.wakes(at))
      bar(wake.row, at, at === look.position ? styleOf('--receiver') : styleOf('--woken'));
  }
}

/** A ring around the bars of steps that are lit. */
function drawLit(
  context: CanvasRenderingContext2D,
  { timeline, litSteps }: TimelineLook,
  x: Place,
  y: Place,
  ring: string,
): void {
  context.strokeStyle = ring;
  context.lineWidth = 3;
  for (const step of litSteps) {
    const row = timeline.row[step] ?? NO_ROW;
    const width = Math.max(3, x(step + 1) - x(step));
    if (row !== NO_ROW) context.strokeRect(x(step), y(row) - BAR_HEIGHT / 2 - 2, width, BAR_HEIGHT + 4);
  }
}

function drawArrows(context: CanvasRenderingContext2D, look: TimelineLook, x: Place, y: Place): void {
  context.lineWidth = 1.5;
  const isHidden = (row: number) => !isSeen(y(row), look.height);
  for (const { from, to, kind } of look.arrows) {
    if (isHidden(from.row) && isHidden(to.row)) continue;
    const isHere = to.position === look.position || from.position === look.position;
    context.strokeStyle = isHere ? styleOf('--ink') : styleOf(kind === 'reply' ? '--reply' : '--call');
    context.fillStyle = context.strokeStyle;
    const [x1, y1] = [x(from.position + 0.5), y(from.row)];
    const [x2, y2] = [x(to.position + (to.position === from.position ? 0.5 : 0.2)), y(to.row)];
    const side = y2 > y1 ? -1 : 1;
    context.beginPath();
    context.moveTo(x1, y1);
    context.lineTo(x2, y2 + side * (BAR_HEIGHT / 2 + 3));
    context.stroke();
    context.beginPath();
    context.moveTo(x2, y2 + side * (BAR_HEIGHT / 2 - 1));
    context.lineTo(x2 - 4, y2 + side * (BAR_HEIGHT / 2 + 6));
    context.lineTo(x2 + 4, y2 + side * (BAR_HEIGHT / 2 + 6));
    context.fill();
  }
}
