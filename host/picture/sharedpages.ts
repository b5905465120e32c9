/**
 * The pages of one message on both sides, piece by piece: a piece is in one page of the sender, and in one of the receiver.
 *
 *     sender    address ── entry ──> frame            its own
 *                                      │ copied once
 *     kernel    window ─── entry ──┐   v
 *                                  ├─> frame          one, in which kernel and receiver see the same bytes
 *     receiver  address ── entry ──┘
 */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Inspector } from '../inspect/inspector.ts';
import type { AreaMessage, AreaPicture } from './area.ts';
import type { Moment } from './moment.ts';
import type { Copy } from './sending.ts';
import { frameAt, type PageTranslation, translate } from './translation.ts';

export interface SharedPages {
  readonly transaction: number;
  readonly kind: AreaMessage['kind'];
  readonly sender: string;
  readonly receiver: string;
  /** Bytes of data, offsets and extra buffers. */
  readonly size: number;
  /** In the order of the receiver's addresses; at least one. */
  readonly pieces: readonly Piece[];
}

export interface Piece {
  /** Bytes from the start of the message. */
  readonly offset: number;
  /** From its first byte to its last one; 0 for a message without bytes. */
  readonly size: number;
  /** Null when the sender is gone, or when the bytes are not from its memory. */
  readonly sender: PageTranslation | null;
  readonly receiver: PageTranslation | null;
  /** The kernel's own address for the receiver's page; null without one: it maps the frame for a copy only. */
  readonly kernel: PageTranslation | null;
  /** The frame that the driver copied the bytes into; null when it copied none. */
  readonly written: number | null;
  /** Whether the receiver reads the frame that the driver wrote: there is one copy. Null while it has no frame. */
  readonly isOneCopy: boolean | null;
  /** Whether sender and receiver have the same frame: there is no copy. */
  readonly isLent: boolean;
}

/** A part of a message without a page boundary in it on either side; `source` is null for bytes of unknown origin. */
interface Span {
  readonly offset: number;
  readonly size: number;
  readonly source: number | null;
  readonly written: number | null;
}

/** The pages of a message in an area. */
export function sharedPages(moment: Moment, area: AreaPicture, message: AreaMessage): SharedPages {
  const copies = moment.sendingOf(message.transaction)?.copies ?? [];
  const spans = spansOf(message, copies);
  return {
    transaction: message.transaction,
    kind: message.kind,
    sender: message.sender,
    receiver: area.process,
    size: message.dataSize + message.offsetsSize + message.extraSize,
    pieces: spans.map((span) => pieceOf(moment.inspect, area, message, span)),
  };
}

/** The copies, cut at the pages of the sender, and the receiver's pages that have none. */
function spansOf(message: AreaMessage, copies: readonly Copy[]): Span[] {
  const copied = copies.flatMap(({ source, offset, size, written }) =>
    cut(offset, size, source).map(([at, bytes]): Span => {
      const from = at - offset;
      return { offset: at - message.offset, size: bytes, source: source + from, written: written + from };
    }),
  );
  const size = message.dataSize + message.offsetsSize + message.extraSize;
  const pageOf = (offset: number) => Math.floor((message.offset + offset) / PAGE_SIZE);
  const others = cut(message.offset, Math.max(size, 1), message.offset)
    .map(
      ([at, bytes]): Span => ({
        offset: at - message.offset,
        size: Math.min(bytes, size),
        source: null,
        written: null,
      }),
    )
    .filter(({ offset }) => !copied.some((span) => pageOf(span.offset) === pageOf(offset)));
  const all = [...copied, ...others].sort((one, other) => one.offset - other.offset);
  return all.reduce<Span[]>((spans, span) => {
    const last = spans.at(-1);
    const isSame = last !== undefined && pageOf(last.offset) === pageOf(span.offset) && isSamePage(last, span);
    if (isSame) spans[spans.length - 1] = { ...last, size: span.offset + span.size - last.offset };
    else spans.push(span);
    return spans;
  }, []);
}

function isSamePage(one: Span, other: Span): boolean {
  return one.source !== null && other.source !== null && frameAt(one.source) === frameAt(other.source);
}

/** Cuts a range where its pages end, and where those of the other side do. @param other Where the other side begins. */
function cut(offset: number, size: number, other: number): [at: number, size: number][] {
  const parts: [number, number][] = [];
  for (let at = offset; at < offset + size; ) {
    const toEnd = PAGE_SIZE - (at % PAGE_SIZE);
    const toOther = PAGE_SIZE - ((other + at - offset) % PAGE_SIZE);
    const part = Math.min(offset + size - at, toEnd, toOther);
    parts.push([at, part]);
    at += part;
  }
  return parts;
}

function pieceOf(inspect: Inspector, area: AreaPicture, message: AreaMessage, span: Span): Piece {
  const { offset, size, source, written: to } = span;
  const within = message.offset + offset;
  const receiver = translate(inspect, area, area.userAddress + within);
  const kernel = area.kernelAddress === null ? null : translate(inspect, 'kernel', area.kernelAddress + BigInt(within));
  const lender = source === null ? lentBy(inspect, message.senderPid, area.pid, receiver?.frame ?? null) : source;
  const sender = lender === null ? null : translate(inspect, { pid: message.senderPid }, lender);
  const written = to === null ? null : frameAt(to);
  const frame = receiver?.frame ?? null;
  return {
    offset,
    size,
    sender,
    receiver,
    kernel,
    written,
    isOneCopy: frame === null || written === null ? null : frame === written,
    isLent: frame !== null && sender?.frame === frame,
  };
}

/** The address at which the sender of a message maps a frame of the receiver; null when it does not. */
function lentBy(inspect: Inspector, pid: number, receiver: number, frame: number | null): bigint | null {
  const sender = inspect.processes().find((process) => process.pid === pid);
  if (frame === null || sender === undefined || pid === receiver) return null;
  for (const { start, end } of sender.vmas) {
    const leaf = inspect.leaves(sender, start, end).find(({ linear }) => linear !== null && frameAt(linear) === frame);
    if (leaf !== undefined) return leaf.address;
  }
  return null;
}
