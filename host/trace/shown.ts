/**
 * Which bytes of a Binder mapping its owner has been shown: those of messages that were delivered and not yet freed.
 * Owns what a journal tells of them. Everything else in a mapping depends on how pages are mapped (pages that a
 * strategy installs early or late, messages still under way or given up, what freed ones left behind), and a journal
 * does not tell where such messages lay.
 */
import { BC_FREE_BUFFER, BC_REPLY_SG, BC_TRANSACTION_SG, BINDER_TYPE_PTR } from '../../assembly/abi/protocol.ts';
import {
  BUFFER_OBJECT_LENGTH,
  OBJECT_TYPE,
  TRANSACTION_DATA_BUFFER,
  TRANSACTION_DATA_CODE,
  TRANSACTION_DATA_DATA_SIZE,
  TRANSACTION_DATA_OFFSETS,
  TRANSACTION_DATA_OFFSETS_SIZE,
} from '../../assembly/abi/wire.ts';
import { u32At, u64At } from '../kernel/endian.ts';
import { addressOfHex, bytesOfHex } from '../kernel/hex.ts';
import { align } from '../kernel/payload.ts';
import { returnsOf, TransactionReturn } from '../kernel/returns.ts';
import { payloadSize } from '../kernel/words.ts';
import type { MmapOutput, Step, StepOf, WriteReadOutput } from './journal.ts';

/** Addresses [from, to). */
export interface Stretch {
  from: number;
  to: number;
}

/** A scatter-gather message that was sent: what tells it from others, and where its buffers lie behind the offsets. */
interface Sent {
  code: number;
  dataSize: number;
  offsetsSize: number;
  buffers: Stretch[];
}

/** What one process has mapped, and the messages it holds, by the addresses of their buffers. */
interface Receiver {
  mapped: Stretch[];
  messages: Map<number, Stretch[]>;
}

export class Shown {
  /** Process of each thread, by name. */
  readonly #homes = new Map<string, string>();
  readonly #receivers = new Map<string, Receiver>();
  readonly #sent: Sent[] = [];

  /** @param secctxLength Bytes of every sender's security context. */
  constructor(private readonly secctxLength: number) {}

  /** Takes in what a step did. */
  note(step: Step): void {
    if (step.op === 'proc') this.#homes.set(`${step.in.name}.0`, step.in.name);
    else if (step.op === 'fork') this.#homes.set(`${step.in.name}.0`, step.in.name);
    else if (step.op === 'spawn') this.#homes.set(step.in.thread, this.#home(step.by));
    else if (step.op === 'mmap') this.#noteMmap(step);
    else if (step.op === 'wr') this.#noteWritten(step);
    if (step.op === 'wr' && step.out) this.#noteRead(step.by, step.out);
    for (const { by, out } of step.woken ?? []) if ('read' in out) this.#noteRead(by, out as WriteReadOutput);
  }

  /**
   * The bytes of [from, to) that a thread's process has been shown.
   *
   * @returns Null when not all of it lies in a Binder mapping: then every strategy gives the same.
   */
  stretches(thread: string, { from, to }: Stretch): Stretch[] | null {
    const receiver = this.#receivers.get(this.#home(thread));
    if (!receiver?.mapped.some((area) => area.from <= from && to <= area.to)) return null;
    return [...receiver.messages.values()]
      .flat()
      .map((part) => ({ from: Math.max(part.from, from), to: Math.min(part.to, to) }))
      .filter((part) => part.from < part.to);
  }

  #home(thread: string): string {
    return this.#homes.get(thread) ?? thread.replace(/\.[^.]*$/, '');
  }

  #noteMmap({ by, in: { len, fd }, out }: StepOf<'mmap'>): void {
    const at = (out as MmapOutput | undefined)?.ret;
    if (fd < 0 || typeof at !== 'string') return;
    const home = this.#home(by);
    const receiver: Receiver = this.#receivers.get(home) ?? { mapped: [], messages: new Map() };
    const from = addressOfHex(at);
    receiver.mapped.push({ from, to: from + align(len, 4096) });
    this.#receivers.set(home, receiver);
  }

  #noteWritten({ by, in: input, out }: StepOf<'wr'>): void {
    const bytes = bytesOfHex(input.poke);
    const end = Math.min(out?.write_consumed ?? input.write_size, input.write_size, bytes.length);
    let at = input.write_consumed;
    while (at + 4 <= end) {
      const word = u32At(bytes, at);
      at += 4;
      if (at + payloadSize(word) > bytes.length) return;
      if (word === BC_FREE_BUFFER) this.#receivers.get(this.#home(by))?.messages.delete(u64At(bytes, at));
      if (word === BC_TRANSACTION_SG || word === BC_REPLY_SG) this.#noteSent(bytes, at, addressOfHex(input.wbuf));
      at += payloadSize(word);
    }
  }

  /** @param base Address of the first of `bytes`, which as a rule hold the data and the offsets too. */
  #noteSent(bytes: Uint8Array, at: number, base: number): void {
    const code = u32At(bytes, at + TRANSACTION_DATA_CODE);
    const dataSize = u64At(bytes, at + TRANSACTION_DATA_DATA_SIZE);
    const offsetsSize = u64At(bytes, at + TRANSACTION_DATA_OFFSETS_SIZE);
    const data = u64At(bytes, at + TRANSACTION_DATA_BUFFER) - base;
    const offsets = u64At(bytes, at + TRANSACTION_DATA_OFFSETS) - base;
    const buffers: Stretch[] = [];
    const isThere = data >= 0 && offsets >= 0 && Math.max(data + dataSize, offsets + offsetsSize) <= bytes.length;
    let next = 0;
    for (let entry = 0; isThere && entry < offsetsSize; entry += 8) {
      const object = data + u64At(bytes, offsets + entry);
      if (u32At(bytes, object + OBJECT_TYPE) !== BINDER_TYPE_PTR) continue;
      const length = u64At(bytes, object + BUFFER_OBJECT_LENGTH);
      buffers.push({ from: next, to: next + length });
      next += align(length, 8);
    }
    this.#sent.push({ code, dataSize, offsetsSize, buffers });
  }

  #noteRead(thread: string, { read }: WriteReadOutput): void {
    const receiver = this.#receivers.get(this.#home(thread));
    if (read === undefined || receiver === undefined) return;
    const { buffer, byteOffset, byteLength } = bytesOfHex(read);
    for (const one of returnsOf(new DataView(buffer, byteOffset, byteLength))) {
      if (one instanceof TransactionReturn) receiver.messages.set(one.buffer, this.#partsOf(one));
    }
  }

  #partsOf({ code, buffer, dataSize, offsets, offsetsSize, secctx }: TransactionReturn): Stretch[] {
    const parts = [
      { from: buffer, to: buffer + dataSize },
      { from: offsets, to: offsets + offsetsSize },
    ];
    if (secctx !== 0) parts.push({ from: secctx, to: secctx + this.secctxLength });
    const sent = this.#sent.findIndex(
      (one) => one.code === code && one.dataSize === dataSize && one.offsetsSize === offsetsSize,
    );
    if (sent < 0) return parts;
    const extra = offsets + align(offsetsSize, 8);
    const [{ buffers }] = this.#sent.splice(sent, 1) as [Sent];
    return [...parts, ...buffers.map(({ from, to }) => ({ from: extra + from, to: extra + to }))];
  }
}
