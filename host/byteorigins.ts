/**
 * Byte origins: which message wrote each byte of a Binder mapping. A journal does not say where undelivered messages were
 * stored. So a second machine performs the same steps with `kmap`, Linux's own way to map pages, and its events say it.
 *
 * Origins are kept by physical address. Page tables lead there after any mmap, munmap or split; a frame that is mapped anew
 * starts without origins.
 *
 *     copy      the bytes belong to an undelivered message    received   the bytes belong to a delivered message
 *     install   the page is new                               clear      undelivered bytes are removed
 */
import { MAP_STRATEGY_SHIFT, PAGE_MASK, PAGE_SIZE } from '../assembly/abi/machine.ts';
import { type BootOptions, Machine, STRATEGIES } from './machine.ts';
import { EventRing, type TraceEvent } from './trace/events.ts';
import type { JournalHeader, Output, StepInput } from './trace/journal.ts';
import { DELIVERED, type Origins, OUTSIDE, PADDING, UNDELIVERED, UNTOUCHED } from './trace/origins.ts';
import { addressOfHex, bytesOfHex, hexOfAddress } from './wire/hex.ts';
import { align } from './wire/payload.ts';
import { returnsOf, TransactionReturn } from './wire/returns.ts';

/** Bytes of physical memory, in one frame or in several contiguous ones. */
interface Part {
  address: number;
  size: number;
}

/** The bytes written of a message, and those of its extra space. */
interface Message {
  parts: Part[];
  extraSize: number;
}

export class ByteOrigins implements Origins {
  readonly #machine: Machine;
  readonly #events: EventRing;
  /** By frame: the origin of each byte. Frames without any are absent. */
  readonly #frames = new Map<number, Uint8Array>();
  /** The messages in flight, by transaction. */
  readonly #messages = new Map<number, Message>();
  /** The message being written. */
  #message: Message | null = null;
  /** Messages received in this step, by receiving thread. */
  readonly #received = new Map<number, Message>();

  /** @throws BinderlabError for options that make no machine. */
  constructor(header: JournalHeader, options: Pick<BootOptions, 'wasm' | 'memoryMiB'>) {
    this.#machine = Machine.fromHeader(header, { ...options, strategy: 'kmap', journal: false });
    this.#events = new EventRing(this.#machine.guest);
    this.#events.record(true);
  }

  /** @throws BinderlabError when the step fails, or has more events than the ring holds. */
  perform(input: StepInput): void {
    const { by, out, woken = [] } = this.#machine.perform(asLinux(input));
    for (const event of this.#events.take()) this.#note(event);
    if (this.#received.size === 0) return;
    if (by !== undefined) this.#noteRead(by, out);
    for (const one of woken) this.#noteRead(one.by, one.out);
    this.#received.clear();
  }

  of(thread: string, from: number, length: number): Uint8Array {
    const { pid } = this.#machine.thread(thread).home;
    const origins = new Uint8Array(length);
    for (const { at, address, size } of pagesOf(from, length)) {
      const linear = this.#linear(pid, address);
      const whole = linear === null ? this.#absent(pid, address) : UNTOUCHED;
      const known = linear === null ? undefined : this.#frames.get(frameOf(linear));
      if (known === undefined || linear === null) origins.fill(whole, at, at + size);
      else origins.set(known.subarray(linear & PAGE_MASK).subarray(0, size), at);
    }
    return origins;
  }

  /** Physical address of a byte of a Binder mapping; null when no page is mapped there. */
  #linear(pid: number, address: number): number | null {
    const { inspect } = this.#machine;
    const linear = inspect.walk({ pid }, address)?.linear ?? null;
    return linear !== null && inspect.frame(linear)?.kind === 'binder' ? linear : null;
  }

  /** The origin of absent bytes. */
  #absent(pid: number, address: number): number {
    const isMapped = this.#machine.inspect.procs().some(({ pid: owner, mapping: { userBase, size } }) => {
      return owner === pid && address >= userBase && address < userBase + size;
    });
    return isMapped ? UNTOUCHED : OUTSIDE;
  }

  #note(event: TraceEvent): void {
    switch (event.name) {
      case 'install':
        this.#frames.delete(event.args.frame);
        break;
      case 'transaction':
        this.#message = { parts: [], extraSize: 0 };
        this.#messages.set(event.args.transaction, this.#message);
        break;
      case 'transaction_alloc_buf':
        if (this.#message) this.#message.extraSize = event.args.extra_buffers_size;
        break;
      case 'transaction_failed_buffer_release':
        this.#messages.delete(event.args.transaction);
        this.#message = null;
        break;
      case 'command':
      case 'write_done':
        this.#message = null;
        break;
      case 'copy': {
        const part = { address: event.args.target, size: event.args.size };
        this.#mark(part, UNDELIVERED);
        this.#message?.parts.push(part);
        break;
      }
      case 'transaction_received': {
        const message = this.#messages.get(event.args.transaction);
        if (message) this.#received.set(event.tid, message);
        this.#messages.delete(event.args.transaction);
        break;
      }
      case 'clear':
        this.#clear({ address: event.args.target, size: event.args.size });
        break;
    }
  }

  /** A thread read a message: the bytes of its buffer outside its parts are padding. */
  #noteRead(by: string, out: Output | undefined): void {
    const { tid, home } = this.#machine.thread(by);
    const message = this.#received.get(tid);
    if (message === undefined || out === undefined || !('read' in out) || out.read === undefined) return;
    for (const one of returnsOf(bytesOfHex(out.read))) {
      if (!(one instanceof TransactionReturn)) continue;
      const length = align(one.dataSize, 8) + align(one.offsetsSize, 8) + align(message.extraSize, 8);
      for (const { address, size } of pagesOf(one.buffer, length)) {
        const linear = this.#linear(home.pid, address);
        if (linear !== null) this.#mark({ address: linear, size }, PADDING);
      }
      for (const part of message.parts) this.#mark(part, DELIVERED);
    }
  }

  #mark(part: Part, origin: number): void {
    for (const origins of this.#originsOf(part)) origins.fill(origin);
  }

  #clear(part: Part): void {
    for (const origins of this.#originsOf(part)) {
      origins.forEach((origin, at) => {
        if (origin !== DELIVERED) origins[at] = UNTOUCHED;
      });
    }
  }

  /** The origins of a part, frame by frame. */
  *#originsOf(part: Part): Generator<Uint8Array> {
    for (const { address, size } of pagesOf(part.address, part.size)) {
      const frame = frameOf(address);
      let origins = this.#frames.get(frame);
      if (origins === undefined) {
        origins = new Uint8Array(PAGE_SIZE).fill(UNTOUCHED);
        this.#frames.set(frame, origins);
      }
      yield origins.subarray(address - frame, address - frame + size);
    }
  }
}

/** The step without the strategy of a mapping: the second machine has only one strategy. */
function asLinux(input: StepInput): StepInput {
  if (input.op !== 'mmap') return input;
  const flags = addressOfHex(input.in.flags);
  const named = Math.floor(flags / 2 ** MAP_STRATEGY_SHIFT);
  if (named < 1 || named > STRATEGIES.length) return input;
  return { ...input, in: { ...input.in, flags: hexOfAddress(flags % 2 ** MAP_STRATEGY_SHIFT) } };
}

/** The pages of [from, from + length): for each the address and the offset of its part. */
function* pagesOf(from: number, length: number): Generator<{ at: number; address: number; size: number }> {
  for (let at = 0; at < length; ) {
    const address = from + at;
    const size = Math.min(length - at, PAGE_SIZE - (address & PAGE_MASK));
    yield { at, address, size };
    at += size;
  }
}

function frameOf(linear: number): number {
  return linear - (linear & PAGE_MASK);
}
