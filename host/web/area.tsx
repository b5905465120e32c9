/** The area of each mapping: buffers and holes as a strip, which can be enlarged down to bytes. */
import { useState } from 'preact/hooks';
import { type AreaPicture, areaPictures, type AreaMessage as Message } from '../picture/area.ts';
import type { Still } from './lane.ts';
import { processKey } from './light.ts';
import type { Store } from './store.ts';
import { messageKeys } from './things.ts';

type Stretch = AreaPicture['parts'][number];

const PAGE = 4096;
const ZOOM_STEP = 4;
const BYTES_MIN = 16;
/** Bytes that are shown one by one, and in how large a part of an area. */
const HEX_MAX = 256;
const HEX_FROM = 1024;
/** What one notch of a wheel shows. */
const WHEEL_STEP = 1.5;
const HEX_ROW = 8;

export function AreaPanel({ store }: { store: Store }) {
  const still = store.still.value;
  const areas = still.picture('areas', areaPictures);
  if (areas.length === 0) return <p class="empty">No process has mapped the device: there is no area for messages.</p>;
  const first = still.pairOf(store.choice.value)?.to;
  const sorted = [...areas].sort((one, other) => Number(other.pid === first) - Number(one.pid === first));
  return (
    <>
      <p class="note">
        Each process has one area for what it receives: a mapping of at most 1 MiB. The driver cuts it into buffers.
      </p>
      {sorted.map((area) => (
        <Area key={`${area.pid} ${area.userAddress}`} area={area} still={still} />
      ))}
    </>
  );
}

function Area({ area, still }: { area: AreaPicture; still: Still }) {
  const messages = area.parts.filter((one): one is Message => one.kind !== 'hole');
  const end = Math.max(PAGE, ...messages.map(({ offset, size }) => Math.ceil((offset + size) / PAGE) * PAGE));
  const [range, setRange] = useState<{ from: number; size: number } | null>(null);
  const { from, size } = range ?? { from: 0, size: end };
  const show = (wanted: number, bytes: number) => {
    const next = Math.max(BYTES_MIN, Math.min(area.size, Math.round(bytes)));
    setRange({ from: Math.max(0, Math.min(area.size - next, Math.round(wanted))), size: next });
  };
  /** @param at What stays in its place: a part of the strip, from 0 to 1. */
  const zoom = (factor: number, at = 0.5) => show(from + size * at * (1 - factor), size * factor);
  const move = (by: number) => show(from + by * size, size);
  const used = messages.reduce((sum, one) => sum + one.size, 0);
  return (
    <section class="area" aria-label={`Area of ${area.process}`}>
      <h3 data-keys={processKey(area.process)}>
        {area.process} <span>0x{area.userAddress.toString(16)}</span>
      </h3>
      <p class="figures">
        <b data-number={`used ${area.pid}`}>{used}</b> of {area.size.toLocaleString('en')} bytes in{' '}
        <b data-number={`buffers ${area.pid}`}>{messages.length}</b> {messages.length === 1 ? 'buffer' : 'buffers'} ·{' '}
        <b>{area.pages.length}</b> {area.pages.length === 1 ? 'page has' : 'pages have'} a frame
      </p>
      <Share area={area} />
      <ul
        class="strip"
        aria-label={`Bytes ${from} to ${from + size}`}
        onWheel={(event) => {
          event.preventDefault();
          const { left, width } = event.currentTarget.getBoundingClientRect();
          zoom(event.deltaY > 0 ? WHEEL_STEP : 1 / WHEEL_STEP, (event.clientX - left) / width);
        }}
      >
        {area.parts.map((stretch) => (
          <StretchBar key={stretch.offset} stretch={stretch} area={area} from={from} size={size} />
        ))}
      </ul>
      <div class="zoom">
        <span class="number">{from}</span>
        <button type="button" aria-label="Move left" onClick={() => move(-0.5)}>
          ‹
        </button>
        <button type="button" aria-label="Smaller" onClick={() => zoom(ZOOM_STEP)}>
          −
        </button>
        <button type="button" aria-label="Larger" onClick={() => zoom(1 / ZOOM_STEP)}>
          +
        </button>
        <button type="button" aria-label="Move right" onClick={() => move(0.5)}>
          ›
        </button>
        <button type="button" onClick={() => show(0, area.size)}>
          whole
        </button>
        <span class="number">{from + size}</span>
      </div>
      {size <= HEX_FROM && <Hex area={area} from={from} size={Math.min(size, HEX_MAX)} still={still} />}
      <Messages messages={messages} area={area} show={({ offset, size }) => show(offset, size)} />
    </section>
  );
}

function Share({ area: { oneways } }: { area: AreaPicture }) {
  const used = oneways.limit - oneways.free;
  return (
    <div class="share" data-tell={`Oneway calls may take ${oneways.limit} bytes; they have ${used} of them now.`}>
      <span>oneway share</span>
      <meter min={0} max={oneways.limit} value={used} aria-label="Oneway share in use">
        {used}
      </meter>
      <span class="number">
        {used.toLocaleString('en')} / {oneways.limit.toLocaleString('en')}
      </span>
    </div>
  );
}

interface BarProps {
  stretch: Stretch;
  area: AreaPicture;
  from: number;
  size: number;
}

function StretchBar({ stretch, area, from, size }: BarProps) {
  const [begin, end] = [Math.max(from, stretch.offset), Math.min(from + size, stretch.offset + stretch.size)];
  if (begin >= end) return null;
  const style = { left: `${((begin - from) / size) * 100}%`, width: `${((end - begin) / size) * 100}%` };
  if (stretch.kind === 'hole') {
    const text = `A hole of ${stretch.size} bytes at ${stretch.offset}.`;
    return <li class="stretch hole" style={style} data-tell={text} aria-label={text} />;
  }
  const text = messageTell(stretch);
  return (
    <li
      class={`stretch ${stretch.kind} ${stretch.state}`}
      style={style}
      data-keys={messageKeys(stretch, area)}
      data-tell={text}
      aria-label={text}
    />
  );
}

const STATES = {
  queued: 'waits to be read',
  served: 'was read, and is served',
  unfreed: 'was read, and is to be freed',
};

function messageTell(message: Message): string {
  const { kind, transaction, sender, dataSize, offset, state, sent } = message;
  const age = sent === null ? '' : `, ${sent.age === 0 ? 'sent in this step' : `sent ${sent.age} steps ago`}`;
  return `Message ${transaction}: ${kind} of ${sender}, ${dataSize} bytes of data at ${offset}; it ${STATES[state]}${age}.`;
}

interface MessagesProps {
  messages: readonly Message[];
  area: AreaPicture;
  /** Enlarges one. */
  show: (message: Message) => void;
}

function Messages({ messages, area, show }: MessagesProps) {
  if (messages.length === 0) return <p class="empty">One hole: no message is in it.</p>;
  return (
    <table class="messages">
      <thead>
        <tr>
          <th>message</th>
          <th>from</th>
          <th class="number">bytes</th>
          <th class="number">at</th>
          <th>age</th>
        </tr>
      </thead>
      <tbody>
        {messages.map((message) => (
          <tr key={message.transaction} data-keys={messageKeys(message, area)} data-tell={messageTell(message)}>
            <td>
              <i class={`dot ${message.kind}`} aria-hidden="true" />
              {message.kind} {message.transaction}
            </td>
            <td>{message.sender}</td>
            <td class="number">{message.size}</td>
            <td class="number">
              <button
                type="button"
                class="link"
                aria-label={`${message.offset}: show the bytes of message ${message.transaction}`}
                onClick={() => show(message)}
              >
                {message.offset}
              </button>
            </td>
            <td>
              {message.sent === null ? 'not known' : message.sent.age === 0 ? 'new' : `${message.sent.age} steps`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The bytes of a part of an area, as the receiver reads them; `..` where it has no frame. Those of a message are marked. */
function Hex({ area, from, size, still }: { area: AreaPicture; from: number; size: number; still: Still }) {
  const { u8 } = still.machine.guest;
  const frames = new Map(area.pages.map(({ index, frame }) => [index, frame]));
  const byteAt = (offset: number) => {
    const frame = frames.get(Math.floor(offset / PAGE));
    return frame == null ? null : (u8[frame + (offset % PAGE)] ?? 0);
  };
  const rows = Array.from({ length: Math.ceil(size / HEX_ROW) }, (_, row) => from + row * HEX_ROW);
  return (
    <pre class="hex">
      {rows.map((start) => {
        const bytes = Array.from({ length: HEX_ROW }, (_, at) => byteAt(start + at));
        const text = bytes.map((byte) => (byte && byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
        return (
          <div key={start}>
            {String(start).padStart(6)}
            {'  '}
            {partsOf(area, start).map(({ part, begin, end }) => {
              const hex = bytes.slice(begin, end).map((byte) => byte?.toString(16).padStart(2, '0') ?? '..');
              const isMessage = part !== null && part.kind !== 'hole';
              return (
                <span
                  key={begin}
                  class={isMessage ? part.kind : 'hole'}
                  data-keys={isMessage ? messageKeys(part, area) : undefined}
                >
                  {hex.join(' ')}{' '}
                </span>
              );
            })}{' '}
            {text.join('')}
          </div>
        );
      })}
    </pre>
  );
}

/** What a row of bytes belongs to. @returns Parts of an area, and their bytes from the start of the row. */
function partsOf(area: AreaPicture, start: number): { part: Stretch | null; begin: number; end: number }[] {
  const own = area.parts.filter(({ offset, size }) => offset < start + HEX_ROW && offset + size > start);
  const shown = own.map((part) => ({
    part,
    begin: Math.max(0, part.offset - start),
    end: Math.min(HEX_ROW, part.offset + part.size - start),
  }));
  const end = shown.at(-1)?.end ?? 0;
  return end < HEX_ROW ? [...shown, { part: null, begin: end, end: HEX_ROW }] : shown;
}
