/** The stage: both address spaces, the kernel, and memory between them. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { StagePage } from '../picture/entries.ts';
import type { Stage, StageFrame, StageSpace } from '../picture/stage.ts';
import type { Still } from './lane.ts';
import { frameKey, processKey, stepKey, transactionKey } from './light.ts';
import { Journeys, Lines } from './lines.tsx';
import { type Box, layoutOf, type StageLayout } from './stagelayout.ts';
import { frameTell, hexOf, namesOn, pageTell, wordsIn } from './stagetext.ts';
import type { Store } from './store.ts';

const WIDTH = 860;
const EDGE = 14;
/** Characters of a message that a frame shows; a narrow frame shows fewer. */
const WORDS = 17;
const NARROW_FRAME = 120;
const NARROW_WORDS = 9;
const ADDRESS_MAX = 8;
/** Pixels that the long form of a text needs. */
const LONG_MIN = 130;

export function StageView({ store, still, title }: { store: Store; still: Still; title: string }) {
  const root = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(WIDTH);
  useEffect(() => {
    const element = root.current as HTMLDivElement;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.round(entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const stage = still.stage(store.choice.value);
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
        <h2>
          Memory <span class="stage-title">{title}</span>
        </h2>
        {stage.frames.length === 0 && <p class="nothing">No two processes have exchanged a message yet.</p>}
      </div>
      <SpaceColumn store={store} still={still} space={stage.sender} side="sender" place={sendersPlace(layout)} />
      <SpaceColumn
        store={store}
        still={still}
        space={stage.receiver}
        side="receiver"
        place={receiversPlace(layout, width)}
      />
      <Figure box={layout.corners[0]} name="bytes copied in this step" value={stage.copied.toLocaleString('en')} />
      <Figure box={layout.corners[1]} name="entries made, removed" value={`${stage.made}, ${stage.removed}`} />
      <div class={`space kernel ${layout.kernelText === null ? 'above' : ''}`} style={boxStyle(layout.kernel)}>
        <h2>
          <Glyph side="kernel" /> Kernel
        </h2>
        <p style={layout.kernelText === null ? {} : { width: `${layout.kernelText}px` }}>
          {kernelText(stage)[hasRoom(layout) ? 'long' : 'short']}
        </p>
      </div>
      <Lines stage={stage} layout={layout} width={width} />
      {[...layout.pages].map(([page, box]) => (
        <PageBox key={`${page.side} ${page.address}`} page={page} box={box} still={still} stage={stage} />
      ))}
      {stage.frames.map((frame) => (
        <FrameBox
          key={frame.linear}
          still={still}
          stage={stage}
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
  store: Store;
  still: Still;
  space: StageSpace | null;
  side: 'sender' | 'receiver';
  place: Box;
}

/** What is copied out of a frame. */
function sourceOf({ journeys }: Stage, frame: number): Uint8Array | null {
  const [longest] = journeys.filter(({ from }) => from?.frame === frame).sort((one, other) => other.size - one.size);
  return longest?.bytes ?? null;
}

/** The column from its title down to the end of memory. */
function sendersPlace({ memory }: StageLayout): Box {
  return { x: 0, y: 0, width: memory.x - EDGE, height: memory.height };
}

function receiversPlace({ memory }: StageLayout, width: number): Box {
  const x = memory.x + memory.width + EDGE;
  return { x, y: 0, width: width - x, height: memory.height };
}

/** An address space. Its name is a choice: any process that lives may stand there. */
function SpaceColumn({ store, still, space, side, place }: ColumnProps) {
  if (space === null) return null;
  const choice = side === 'sender' ? store.left : store.right;
  const isChosen = store.left.value !== null || store.right.value !== null;
  return (
    <div class={`space ${side}`} style={boxStyle(place)} data-keys={processKey(space.name)}>
      <h2>
        <Glyph side={side} />
        <span class="choice">
          {space.name}
          <select
            aria-label={`Process on the ${side === 'sender' ? 'left' : 'right'}`}
            value={choice.value ?? ''}
            onChange={({ currentTarget }) => {
              choice.value = currentTarget.value || null;
            }}
          >
            <option value="">of the last message</option>
            {still.processes.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </span>
      </h2>
      <p>
        {isChosen ? 'chosen' : side}
        {space.more > 0 && `, ${space.more} more`}
      </p>
    </div>
  );
}

/** A number that the machine counted in the step. */
function Figure({ box, name, value }: { box: Box; name: string; value: string }) {
  return (
    <dl class="corner" style={boxStyle(box)}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </dl>
  );
}

/** A shape for each side, for eyes that see the colours alike. */
export function Glyph({ side }: { side: StagePage['side'] }) {
  return <i class={`glyph ${side}`} aria-hidden="true" />;
}

/** Whether the long form fits into its line, or beside the kernel's pages. */
function hasRoom({ size, kernelText: width }: StageLayout): boolean {
  return width === null ? size !== 'narrow' : width > LONG_MIN;
}

/** What the kernel has to do with the frames; the short form stands where there is one line. */
function kernelText({ kernel, journeys, frames }: Stage): { long: string; short: string } {
  const areas = new Set(kernel.pages.map(({ area }) => area));
  if (areas.has('vmalloc')) {
    return { long: 'has addresses of its own for frames of the mappings', short: 'has an address of its own' };
  }
  if (areas.has('own')) {
    return { long: 'has a frame of its own between the two copies', short: 'has a frame in between' };
  }
  if (areas.has('kmap')) return { long: 'maps the frame only while it copies', short: 'maps it while it copies' };
  if (frames.length === 0) return { long: '', short: '' };
  if (journeys.length > 0) return { long: 'copies through the frame', short: 'copies through the frame' };
  return { long: 'has no address for these frames', short: 'has no address here' };
}

const AREAS: Readonly<Record<StagePage['area'], string>> = {
  memory: 'own memory',
  mapping: 'Binder mapping',
  vmalloc: 'vmalloc',
  kmap: 'kmap',
  own: 'own frame',
};

function PageBox({ page, box, still, stage }: { page: StagePage; box: Box; still: Still; stage: Stage }) {
  const tell = pageTell(page, namesOn(stage));
  const frame = stage.frames.find(({ linear }) => linear === page.frame);
  const keys = keysOf(page.frame, frame, still);
  return (
    <button
      type="button"
      class={`page-box ${page.side} ${page.area} ${page.isNew ? 'new' : ''}`}
      style={boxStyle(box)}
      data-keys={keys}
      data-tell={tell}
      aria-description={tell}
    >
      <b>{page.area === 'kmap' || page.area === 'own' ? AREAS[page.area] : addressText(page.address, box.width)}</b>
      <span>
        {page.area === 'kmap' ? 'gone after it' : page.area === 'own' ? 'kernel only' : AREAS[page.area]}
        <em>{page.writable ? 'rw' : 'r-'}</em>
      </span>
    </button>
  );
}

/** An address; where it does not fit, its end, which differs from page to page. */
function addressText(address: bigint, width: number): string {
  const text = hexOf(address);
  return width >= NARROW_FRAME || text.length <= ADDRESS_MAX ? text : `…${text.slice(1 - ADDRESS_MAX)}`;
}

const KINDS: Readonly<Record<string, string>> = {
  anon: 'own memory',
  binder: 'of a mapping',
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
  stage: Stage;
  frame: StageFrame;
  box: Box;
  isTarget: boolean;
  /** A process reads in it, in this step. */
  isRead: boolean;
  /** What is copied out of it. */
  source: Uint8Array | null;
}

function FrameBox({ still, stage, frame, box, isTarget, isRead, source }: FrameProps) {
  const isShared = frame.sides.length > 1 && frame.sides.includes('receiver');
  const isLent = isShared && frame.sides.includes('sender');
  const keys = keysOf(frame.linear, frame, still);
  const text = wordsIn(frame, source, box.width < NARROW_FRAME ? NARROW_WORDS : WORDS);
  const tell = frameTell(frame, namesOn(stage));
  return (
    <button
      type="button"
      class={`frame ${frame.kind} ${isShared ? 'shared' : ''} ${isTarget || isRead ? 'target' : ''}`}
      style={boxStyle(box)}
      data-keys={keys}
      data-tell={tell}
      aria-description={tell}
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
