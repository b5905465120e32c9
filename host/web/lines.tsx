/** Lines of the stage: page-table entries from pages to frames, and the ways of bytes from frame to frame. */
import type { StagePage } from '../picture/entries.ts';
import type { Journey, Stage } from '../picture/stage.ts';
import { frameKey } from './light.ts';
import type { Box, StageLayout } from './stagelayout.ts';
import { lettersOf, namesOn, pageTell, tailOf } from './stagetext.ts';

interface Props {
  stage: Stage;
  layout: StageLayout;
  width: number;
}

export function Lines({ stage, layout, width }: Props) {
  const { pages, frames, height } = layout;
  const names = namesOn(stage);
  return (
    <svg class="lines" width={width} height={height} aria-hidden="true">
      {stage.gone.map((page) => {
        const own = [...pages].find(([{ pid, address }]) => pid === page.pid && address === page.address)?.[1];
        const frame = frames.get(page.frame);
        return own && frame && <path key={`gone ${page.address}`} class="line gone" d={lineOf(page, own, frame)} />;
      })}
      {[...pages].map(([page, box]) => {
        const frame = frames.get(page.frame);
        return (
          frame && (
            <Line
              key={`${page.side} ${page.address}`}
              page={page}
              box={box}
              frame={frame}
              tell={pageTell(page, names)}
            />
          )
        );
      })}
    </svg>
  );
}

function Line({ page, box, frame, tell }: { page: StagePage; box: Box; frame: Box; tell: string }) {
  const path = lineOf(page, box, frame);
  const end = endOf(page, frame);
  return (
    <g
      class={`line ${page.side} ${page.area} ${page.isNew ? 'new' : ''} ${page.writable ? '' : 'reads'}`}
      data-keys={frameKey(page.frame)}
      data-tell={tell}
    >
      <path class="wide" d={path} />
      <path d={path} pathLength={page.area === 'kmap' || page.area === 'own' ? undefined : 1} />
      <EndShape side={page.side} x={end.x} y={end.y} />
    </g>
  );
}

function EndShape({ side, x, y }: { side: StagePage['side']; x: number; y: number }) {
  if (side === 'sender') return <circle cx={x} cy={y} r={4.5} />;
  if (side === 'receiver') return <rect x={x - 4} y={y - 4} width={8} height={8} />;
  return <path class="end" d={`M${x},${y - 6}l6,6l-6,6l-6,-6z`} />;
}

function endOf({ side }: StagePage, frame: Box) {
  if (side === 'sender') return { x: frame.x, y: frame.y + frame.height / 2 };
  if (side === 'receiver') return { x: frame.x + frame.width, y: frame.y + frame.height / 2 };
  return { x: frame.x + frame.width / 2, y: frame.y + frame.height };
}

function lineOf(page: StagePage, box: Box, frame: Box): string {
  const end = endOf(page, frame);
  if (page.side === 'kernel') {
    const [x, y] = [box.x + box.width / 2, box.y];
    const middle = (y + end.y) / 2;
    return `M${x},${y}C${x},${middle} ${end.x},${middle} ${end.x},${end.y}`;
  }
  const x = page.side === 'sender' ? box.x + box.width : box.x;
  const y = box.y + box.height / 2;
  const middle = (x + end.x) / 2;
  return `M${x},${y}C${middle},${y} ${middle},${end.y} ${end.x},${end.y}`;
}

/** The ways of bytes. Keyed by the position, so that each step shows its movement anew. */
export function Journeys({ stage, layout, width, position }: Props & { position: number }) {
  const shown = joined(stage.journeys).filter((journey) => wayOf(journey, layout) !== null);
  if (shown.length === 0) return null;
  const legs = (['sender', 'receiver'] as const).flatMap((by) => {
    const last = shown.filter((journey) => journey.by === by).at(-1);
    return last === undefined ? [] : [{ last, all: stage.journeys.filter((journey) => journey.by === by) }];
  });
  return (
    <div class="journeys" key={position}>
      <svg width={width} height={layout.height} aria-hidden="true">
        <defs>
          <marker id="tip" viewBox="0 0 10 10" refX="7" refY="5" markerWidth="3.2" markerHeight="3.2" orient="auto">
            <path d="M0,0L10,5L0,10z" />
          </marker>
        </defs>
        {shown.map((journey, number) => (
          <Way key={`${number}`} journey={journey} layout={layout} turn={journey.by === 'sender' ? 0 : 1} />
        ))}
      </svg>
      {legs.map(({ last, all }, number) => (
        <Label key={last.by} last={last} all={all} layout={layout} order={legs.length > 1 ? `${number + 1}. ` : ''} />
      ))}
    </div>
  );
}

const BEGIN_SECONDS = 0.15;
const TRAVEL_SECONDS = 0.9;
const LETTERS_MAX = 18;
/** From the end of an arrow to the frame. */
const TIP = 7;
/** The label of a level arrow stands above it where there is room, else below. */
const LABEL_WIDTH = 160;
const LABEL_ASIDE = 14;
const LABEL_ABOVE = 26;
const LABEL_BELOW = 22;
/** Below the tip of an arrow that leads to the frame beside it. */
const LABEL_LOWER = 29;

/** Journeys between the same frames are one. */
function joined(journeys: readonly Journey[]): Journey[] {
  const all: Journey[] = [];
  for (const journey of journeys) {
    const at = all.findIndex(({ from, to }) => from?.frame === journey.from?.frame && to.frame === journey.to.frame);
    const known = all[at];
    if (known === undefined) all.push(journey);
    else all[at] = { ...known, size: known.size + journey.size };
  }
  return all;
}

interface WayShape {
  readonly path: string;
  /** Where the label stands. */
  readonly x: number;
  readonly y: number;
  /** Which part of the label is there. */
  readonly anchor: 'begin' | 'middle' | 'end';
}

function wayOf({ from, to }: Journey, { frames }: StageLayout): WayShape | null {
  const target = frames.get(to.frame);
  const source = from === null ? undefined : frames.get(from.frame);
  if (target === undefined || source === undefined || source === target) return null;
  const [sourceX, targetX] = [source.x + source.width / 2, target.x + target.width / 2];
  const [sourceY, targetY] = [source.y + source.height / 2, target.y + target.height / 2];
  const side = targetX >= sourceX ? 1 : -1;
  if (target.y > source.y + source.height) {
    // down to the kernel's frame
    const end = targetX - (side * target.width) / 2 - side * TIP;
    const path = `M${sourceX},${source.y + source.height}Q${sourceX},${targetY} ${end},${targetY}`;
    return { path, x: targetX - side * (target.width / 2 + LABEL_ASIDE), y: targetY + LABEL_LOWER, anchor: 'end' };
  }
  if (source.y > target.y + target.height) {
    const end = target.y + target.height + TIP;
    const path = `M${sourceX + (side * source.width) / 2},${sourceY}Q${targetX},${sourceY} ${targetX},${end}`;
    return { path, x: sourceX + side * (source.width / 2 + LABEL_ASIDE), y: sourceY + LABEL_LOWER, anchor: 'begin' };
  }
  const [start, end] = [sourceX + (side * source.width) / 2, targetX - side * (target.width / 2 + TIP)];
  const middle = (start + end) / 2;
  const path = `M${start},${sourceY}C${middle},${sourceY} ${middle},${targetY} ${end},${targetY}`;
  const isWide = Math.abs(end - start) > LABEL_WIDTH;
  const y = isWide
    ? (sourceY + targetY) / 2 - LABEL_ABOVE
    : Math.max(source.y + source.height, target.y + target.height) + LABEL_BELOW;
  return { path, x: middle, y, anchor: 'middle' };
}

function Way({ journey, layout, turn }: { journey: Journey; layout: StageLayout; turn: number }) {
  const way = wayOf(journey, layout);
  if (way === null) return null;
  const delay = BEGIN_SECONDS + turn * TRAVEL_SECONDS;
  const text = tailOf(lettersOf(journey.bytes), LETTERS_MAX) || '01 10 01';
  return (
    <g class={`way by-${journey.by}`}>
      <path class="track" d={way.path} marker-end="url(#tip)" />
      <g class="parcel" style={{ offsetPath: `path("${way.path}")`, animationDelay: `${delay}s` }}>
        <rect x={-text.length * 3.8 - 8} y={-11} width={text.length * 7.6 + 16} height={22} rx={11} />
        <text text-anchor="middle" dy="4">
          {text}
        </text>
      </g>
    </g>
  );
}

interface LabelProps {
  /** The last way that is shown, at which the label stands. */
  last: Journey;
  all: readonly Journey[];
  layout: StageLayout;
  order: string;
}

function Label({ last, all, layout, order }: LabelProps) {
  const way = wayOf(last, layout);
  if (way === null) return null;
  const size = all.reduce((sum, journey) => sum + journey.size, 0);
  const pages = new Set(all.map(({ to }) => to.frame)).size;
  return (
    <span class={`journey-label ${way.anchor}`} style={{ left: `${way.x}px`, top: `${way.y}px` }}>
      {order}
      {size.toLocaleString('en')} bytes <b>{order === '' ? 'copied once' : 'copied'}</b>
      {pages > 1 && `, ${pages} pages`}
    </span>
  );
}
