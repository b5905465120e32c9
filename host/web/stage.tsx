/** The stage: both address spaces, the kernel, and memory between them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Stage, StageFrame, StagePage, StageSpace } from '../picture/stage.ts';
import type { Still } from './lane.ts';
import { frameKey, processKey, stepKey, transactionKey } from './light.ts';
import { Journeys, Lines } from './lines.tsx';
import { MemoryMap } from './memorymap.tsx';
import { type Box, layoutOf } from './stagelayout.ts';
import { frameTell, hexOf, pageTell, wordsIn } from './stagetext.ts';

const WIDTH = 860;
const EDGE = 14;

export function StageView({ still, title }: { still: Still; title: string }) {
  const root = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(WIDTH);
  useEffect(() => {
    const element = root.current as HTMLDivElement;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const { stage } = still;
  const layout = layoutOf(stage, width);
  const targets = new Set(stage.journeys.map(({ to }) => to.frame));
  return (
    <section
      class={`stage ${layout.size}`}
      ref={root}
      aria-label={`Memory under ${title}`}
      style={{ height: `${layout.height}px` }}
    >
      <div class="frames" style={boxStyle(layout.memory)}>
        <h3>
          Memory <span class="stage-title">{title}</span>
        </h3>
        {stage.frames.length === 0 && <p class="nothing">No two processes have exchanged a message yet.</p>}
      </div>
      <SpaceColumn space={stage.sender} side="sender" box={layout.memory} width={width} />
      <SpaceColumn space={stage.receiver} side="receiver" box={layout.memory} width={width} />
      <div class="corner" style={boxStyle(layout.corners[0])}>
        <MemoryMap still={still} />
      </div>
      <div class="corner" style={boxStyle(layout.corners[1])}>
        <StepFacts still={still} />
      </div>
      <div class="space kernel" style={boxStyle(layout.kernel)}>
        <h3>
          <Glyph side="kernel" /> Kernel <span>{kernelText(stage)}</span>
        </h3>
      </div>
      <Lines stage={stage} layout={layout} width={width} />
      {[...layout.pages].map(([page, box]) => (
        <PageBox key={`${page.side} ${page.address}`} page={page} box={box} still={still} />
      ))}
      {stage.frames.map((frame) => (
        <FrameBox
          key={frame.linear}
          still={still}
          frame={frame}
          box={layout.frames.get(frame.linear) as Box}
          isTarget={targets.has(frame.linear)}
          isRead={stage.read === frame.linear}
          source={sourceOf(stage, frame.linear)}
        />
      ))}
      <Journeys stage={stage} layout={layout} width={width} position={still.position} />
    </section>
  );
}

interface ColumnProps {
  space: StageSpace | null;
  side: 'sender' | 'receiver';
  box: Box;
  width: number;
}

/** What is copied out of a frame. */
function sourceOf({ journeys }: Stage, frame: number): Uint8Array | null {
  const [longest] = journeys.filter(({ from }) => from?.frame === frame).sort((one, other) => other.size - one.size);
  return longest?.bytes ?? null;
}

/** An address space, from its title down to the end of memory. */
function SpaceColumn({ space, side, box, width }: ColumnProps) {
  if (space === null) return null;
  const x = side === 'sender' ? 0 : box.x + box.width + EDGE;
  const place = { x, y: 0, width: side === 'sender' ? box.x - EDGE : width - x, height: box.height };
  return (
    <div class={`space ${side}`} style={boxStyle(place)} data-keys={processKey(space.name)}>
      <h3>
        <Glyph side={side} /> {space.name}
      </h3>
      <p>
        {side}
        {space.more > 0 && `, ${space.more} pages more`}
      </p>
    </div>
  );
}

/** What the step cost, as the machine counted it. */
function StepFacts({ still: { stage } }: { still: Still }) {
  return (
    <dl>
      <dt>bytes copied in this step</dt>
      <dd>{stage.copied.toLocaleString('en')}</dd>
      <dt>entries made, removed</dt>
      <dd>
        {stage.made}, {stage.removed}
      </dd>
    </dl>
  );
}

/** A shape for each side, for eyes that see the colours alike. */
export function Glyph({ side }: { side: StagePage['side'] }) {
  return <i class={`glyph ${side}`} aria-hidden="true" />;
}

function kernelText({ kernel, journeys }: Stage): string {
  const areas = new Set(kernel.pages.map(({ area }) => area));
  if (areas.has('vmalloc')) return 'has addresses of its own for frames of the mappings';
  if (areas.has('own')) return 'has a frame of its own: bytes rest there between two copies';
  if (areas.has('kmap')) return 'maps the frame only while it copies';
  return journeys.length > 0 ? 'copies through the frame' : 'has no address for these frames';
}

const AREAS: Readonly<Record<StagePage['area'], string>> = {
  memory: 'own memory',
  mapping: 'Binder mapping',
  vmalloc: 'vmalloc',
  kmap: 'kmap',
  own: 'own frame',
};

function PageBox({ page, box, still }: { page: StagePage; box: Box; still: Still }) {
  const frame = still.stage.frames.find(({ linear }) => linear === page.frame);
  const keys = keysOf(page.frame, frame, still);
  return (
    <button
      type="button"
      class={`page-box ${page.side} ${page.area} ${page.isNew ? 'new' : ''}`}
      style={boxStyle(box)}
      data-keys={keys}
      data-tell={pageTell(page)}
      aria-description={pageTell(page)}
    >
      <b>{page.area === 'kmap' || page.area === 'own' ? AREAS[page.area] : hexOf(page.address)}</b>
      <span>
        {page.area === 'kmap' ? 'gone after it' : page.area === 'own' ? 'kernel only' : AREAS[page.area]}
        <em>{page.writable ? 'rw' : 'r-'}</em>
      </span>
    </button>
  );
}

const KINDS: Readonly<Record<string, string>> = {
  anon: 'own memory',
  binder: 'of the mapping',
  array: 'of the kernel',
};

/** The frame, the messages in it, and the steps that sent them. */
function keysOf(linear: number, frame: StageFrame | undefined, still: Still): string {
  const messages = frame?.messages ?? [];
  const own = messages.flatMap(({ transaction }) => [transactionKey(transaction), stepKey(still.sentIn(transaction))]);
  return [frameKey(linear), ...own].join(' ');
}

interface FrameProps {
  still: Still;
  frame: StageFrame;
  box: Box;
  isTarget: boolean;
  /** A process reads in it, in this step. */
  isRead: boolean;
  /** What is copied out of it. */
  source: Uint8Array | null;
}

function FrameBox({ still, frame, box, isTarget, isRead, source }: FrameProps) {
  const isShared = frame.sides.length > 1 && frame.sides.includes('receiver');
  const isLent = isShared && frame.sides.includes('sender');
  const keys = keysOf(frame.linear, frame, still);
  const text = wordsIn(frame, source);
  return (
    <button
      type="button"
      class={`frame ${frame.kind} ${isShared ? 'shared' : ''} ${isTarget || isRead ? 'target' : ''}`}
      style={boxStyle(box)}
      data-keys={keys}
      data-tell={frameTell(frame)}
      aria-description={frameTell(frame)}
    >
      {(isShared || isRead) && (
        <strong class="badge">
          {frame.sides.map((side) => (
            <Glyph key={side} side={side} />
          ))}{' '}
          {isRead ? 'read in place' : isLent ? 'lent, not copied' : 'shared frame'}
        </strong>
      )}
      <b>{hexOf(frame.linear)}</b>
      <span class={text === null ? 'kind' : 'words'}>{text ?? KINDS[frame.kind] ?? frame.kind}</span>
      <svg class="fill" viewBox="0 0 4096 8" preserveAspectRatio="none" aria-hidden="true">
        {frame.messages.map(({ from, to, transaction }) => (
          <rect key={transaction} x={from} y={0} width={Math.max(to - from, 48)} height={8} />
        ))}
      </svg>
    </button>
  );
}

function boxStyle({ x, y, width, height }: Box) {
  return { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
}
