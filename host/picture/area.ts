/** The areas: every mapping as a strip of messages and holes, and the frames of its pages. */
import type { BufferView, PageView, UsedBufferView } from '../inspect/buffers.ts';
import type { ProcView } from '../inspect/procs.ts';
import { messageKind } from '../inspect/tables/buffers.ts';
import { titledProcs } from '../inspect/tables/proctitle.ts';
import type { Moment } from './moment.ts';

export interface AreaPicture {
  /** "server (1000)". */
  readonly title: string;
  readonly process: string;
  readonly pid: number;
  /** Bytes. */
  readonly size: number;
  readonly userAddress: number;
  /** The kernel's mapping of the same pages; null without one. */
  readonly kernelAddress: bigint | null;
  /** Bytes that oneways may take at all, and now. */
  readonly oneways: { readonly limit: number; readonly free: number };
  /** By offset; they fill the whole area. */
  readonly parts: readonly AreaPart[];
  /** Pages with a frame, by address. */
  readonly pages: readonly PageView[];
}

/** A part of an area. */
export type AreaPart = AreaHole | AreaMessage;

interface AreaHole {
  readonly kind: 'hole';
  /** Bytes from the start of the area. */
  readonly offset: number;
  readonly size: number;
}

export interface AreaMessage {
  readonly kind: 'call' | 'reply' | 'oneway';
  readonly offset: number;
  /** Bytes of the buffer: all parts with their padding. */
  readonly size: number;
  /** User address in the receiver. */
  readonly address: number;
  readonly transaction: number;
  readonly dataSize: number;
  readonly offsetsSize: number;
  readonly extraSize: number;
  readonly sender: string;
  readonly senderPid: number;
  /** Number of the called node; 0 for a reply. */
  readonly node: number;
  readonly state: MessageState;
  /** Number of the step that sent it, and steps since; null when that is not known. */
  readonly sent: { readonly step: number; readonly age: number } | null;
}

/** Not read yet; read, and its call is not answered; read, and to be freed. */
type MessageState = 'queued' | 'served' | 'unfreed';

const HALF = 2;

/** An area for each mapping, oldest first. */
export function areaPictures(moment: Moment): AreaPicture[] {
  const { inspect, names } = moment;
  const mapped = titledProcs(inspect.procs(), names).filter(({ proc }) => proc.mapping.size > 0);
  return mapped.map(({ proc, title }) => {
    const { size, userBase, kernelBase, asyncFree } = proc.mapping;
    return {
      title,
      process: names.process(proc.pid),
      pid: proc.pid,
      size,
      userAddress: userBase,
      kernelAddress: kernelBase,
      oneways: { limit: size / HALF, free: asyncFree },
      parts: inspect.buffers(proc).map((buffer) => partOf(buffer, proc, moment)),
      pages: inspect.pages(proc).filter(({ frame }) => frame !== null),
    };
  });
}

function partOf(buffer: BufferView, proc: ProcView, moment: Moment): AreaPart {
  const { offset, size } = buffer;
  if (buffer.free) return { kind: 'hole', offset, size };
  const { id, dataSize, offsetsSize, extraSize, pid, node } = buffer;
  const sent = moment.sendingOf(id)?.step;
  return {
    kind: messageKind(buffer),
    offset,
    size,
    address: proc.mapping.userBase + offset,
    transaction: id,
    dataSize,
    offsetsSize,
    extraSize,
    sender: moment.names.process(pid),
    senderPid: pid,
    node,
    state: stateOf(buffer),
    sent: sent === undefined ? null : { step: sent, age: (moment.step?.i ?? sent) - sent },
  };
}

function stateOf({ allowUserFree, active }: UsedBufferView): MessageState {
  if (!allowUserFree) return 'queued';
  return active ? 'served' : 'unfreed';
}
