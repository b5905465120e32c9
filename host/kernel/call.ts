/**
 * System calls that may sleep. A `Call` is made when the call is; it is done at once, or parked until a later step
 * wakes its thread. Results are read out of user memory the moment the thread returns, before anybody else runs.
 */
import { ACCESS_READ, PAGE_MASK, PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { WRITE_READ_READ_CONSUMED, WRITE_READ_SIZE, WRITE_READ_WRITE_CONSUMED } from '../../assembly/abi/wire.ts';
import { u64At, u64In } from './endian.ts';
import { errnoName } from './errno.ts';
import { BinderlabError } from './error.ts';
import type { UserMemory } from './memory.ts';
import { type Return, type ReturnName, type ReturnOf, returnsOf } from './returns.ts';
import type { Tape } from './tape.ts';
import { returnWords } from './words.ts';

/** The plain result of a system call: 0 or more, or -errno with its name. */
export interface Result {
  ret: number;
  errno?: string;
}

/** Bytes behind a read that are watched, since a failing read may leave something there. */
const OVERRUN = 64;
const NO_BYTES: Uint8Array = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));

/** What a transaction that came to nothing means. */
const REASONS: Readonly<Partial<Record<ReturnName, string>>> = {
  BR_FAILED_REPLY: 'the driver refused the message; thread.extendedError(fd) has the errno',
  BR_DEAD_REPLY: 'nobody is behind that handle any more, or nobody has become context manager yet',
  BR_FROZEN_REPLY: 'the callee is frozen',
};

export function resultOf(ret: number): Result {
  return ret < 0 ? { ret, errno: errnoName(-ret) } : { ret };
}

/** What has come of a call; `ret` is null while it is parked. Each kind of call adds what it collects. */
export interface CallState {
  readonly ret: number | null;
}

export abstract class Call {
  /** Number of the step that made the call; set when it begins. */
  step = -1;
  #ret: number | null = null;

  constructor(
    /** Name of the calling thread. */
    readonly by: string,
  ) {}

  /** Whether the call has returned. */
  get done(): boolean {
    return this.#ret !== null;
  }

  /** Whether the thread still sleeps in it. Also true for ever when the thread was killed. */
  get parked(): boolean {
    return this.#ret === null;
  }

  /** Result of the system call: 0 or more, or -errno; null while parked. */
  get ret(): number | null {
    return this.#ret;
  }

  /** Name of the error; null while parked, and when there was none. */
  get errno(): string | null {
    return this.#ret === null || this.#ret >= 0 ? null : errnoName(-this.#ret);
  }

  /** Takes the result, and whatever else the call left in memory. Called once. */
  finish(ret: number): void {
    this.#ret = ret;
    this.collect(ret);
  }

  /** What has come of it up to now, to be given to `restore`. */
  save(): CallState {
    return { ret: this.#ret };
  }

  /** The machine has gone to another moment: the call has come to what it had come to then, or is parked again. */
  restore(state: CallState): void {
    this.#ret = state.ret;
  }

  /** All that came of it, as journals name it (there in snake_case). */
  abstract output(): Result;

  protected abstract collect(ret: number): void;

  /** @throws BinderlabError while the thread sleeps: there is nothing to look at yet. */
  protected checkDone(): void {
    if (this.#ret !== null) return;
    throw new BinderlabError(
      `${this.by} is still parked in step ${this.step}: its call has not returned. Let another thread act first, then look at the results.`,
    );
  }

  protected result(): Result {
    this.checkDone();
    return resultOf(this.#ret as number);
  }
}

/** Any ioctl but BINDER_WRITE_READ. */
export class IoctlCall extends Call {
  #bytes: Uint8Array = NO_BYTES;

  constructor(
    by: string,
    private readonly memory: UserMemory,
    private readonly arg: number,
    private readonly outLen: number,
  ) {
    super(by);
  }

  /** Memory at the argument after the call: as many bytes as were asked for, fewer where it is unmapped. */
  get bytes(): Uint8Array {
    this.checkDone();
    return this.#bytes;
  }

  override output(): Result & { bytes?: Uint8Array } {
    const result = this.result();
    return this.outLen > 0 ? { ...result, bytes: this.#bytes } : result;
  }

  override save(): CallState & { readonly bytes: Uint8Array } {
    return { ...super.save(), bytes: this.#bytes };
  }

  override restore(state: CallState & { readonly bytes: Uint8Array }): void {
    super.restore(state);
    this.#bytes = state.bytes;
  }

  protected override collect(): void {
    if (this.outLen > 0) this.#bytes = this.memory.load(this.arg, this.outLen);
  }
}

/** poll on one descriptor. The guest answers with the events; poll itself with how many descriptors have any. */
export class PollCall extends Call {
  #revents = 0;

  /** The events that are ready. */
  get revents(): number {
    this.checkDone();
    return this.#revents;
  }

  override finish(events: number): void {
    this.#revents = Math.max(events, 0);
    super.finish(Math.min(events, 1));
  }

  override output(): Result & { revents: number } {
    return { ...this.result(), revents: this.#revents };
  }

  override save(): CallState & { readonly revents: number } {
    return { ...super.save(), revents: this.#revents };
  }

  override restore(state: CallState & { readonly revents: number }): void {
    super.restore(state);
    this.#revents = state.revents;
  }

  protected override collect(): void {}
}

interface WriteReadState extends CallState {
  readonly writeConsumed: number | null;
  readonly readConsumed: number | null;
  readonly piece: DataView;
  readonly start: number;
  readonly length: number;
  readonly over: Uint8Array;
}

/** BINDER_WRITE_READ. */
export class WriteReadCall extends Call {
  #writeConsumed: number | null = null;
  #readConsumed: number | null = null;
  /** The return stream lies in `#piece`, `#length` bytes from `#start`. */
  #piece: DataView = NO_VIEW;
  #start = 0;
  #length = 0;
  #over: Uint8Array = NO_BYTES;
  #returns: Return[] | null = null;
  /** Memory behind the read buffer as it was before the call; null when nobody wants to compare. */
  readonly #before: Uint8Array | null;

  /**
   * @param frame Linear address of what the driver stores back at the end, when that succeeds.
   * @param watched Whether to find out what the driver stores beyond what it says it has read.
   */
  constructor(
    by: string,
    private readonly memory: UserMemory,
    private readonly frame: number,
    private readonly arg: number,
    private readonly rbuf: number,
    private readonly readSize: number,
    private readonly tape: Tape,
    watched: boolean,
  ) {
    super(by);
    this.#before = watched && readSize > 0 ? memory.load(rbuf, Math.max(readSize, 8) + OVERRUN) : null;
  }

  /** Bytes of the command stream that the driver took; null when binder_write_read itself is unreadable. */
  get writeConsumed(): number | null {
    this.checkDone();
    return this.#writeConsumed;
  }

  /** Bytes that it returned; null as above. */
  get readConsumed(): number | null {
    this.checkDone();
    return this.#readConsumed;
  }

  /** The return stream. */
  get bytes(): Uint8Array {
    this.checkDone();
    return new Uint8Array(this.#piece.buffer, this.#piece.byteOffset + this.#start, this.#length);
  }

  /** The return stream, decoded. */
  get returns(): readonly Return[] {
    this.checkDone();
    this.#returns ??= returnsOf(this.#piece, this.#start, this.#start + this.#length);
    return this.#returns;
  }

  /** The return stream in words, one text a word: what `--strace` prints. */
  get words(): string[] {
    return returnWords(this.bytes);
  }

  /**
   * The first return of that name.
   *
   * @throws BinderlabError when there is none.
   */
  expect<N extends ReturnName>(name: N): ReturnOf<N> {
    const { returns } = this;
    for (let i = 0; i < returns.length; i++) {
      const one = returns[i] as Return;
      if (one.name === name) return one as ReturnOf<N>;
    }
    const got = this.returns.map((one) => one.name).join(', ') || 'nothing';
    throw new BinderlabError(`${this.by} expected ${name} and got ${got}: ${this.#reason()}.`);
  }

  override output(): Result & {
    writeConsumed: number | null;
    readConsumed: number | null;
    read?: Uint8Array;
    readOver?: Uint8Array;
  } {
    return {
      ...this.result(),
      writeConsumed: this.#writeConsumed,
      readConsumed: this.#readConsumed,
      ...(this.readSize > 0 ? { read: this.bytes } : {}),
      ...(this.#over.length > 0 ? { readOver: this.#over } : {}),
    };
  }

  override save(): WriteReadState {
    return {
      ...super.save(),
      writeConsumed: this.#writeConsumed,
      readConsumed: this.#readConsumed,
      piece: this.#piece,
      start: this.#start,
      length: this.#length,
      over: this.#over,
    };
  }

  override restore(state: WriteReadState): void {
    super.restore(state);
    this.#writeConsumed = state.writeConsumed;
    this.#readConsumed = state.readConsumed;
    this.#piece = state.piece;
    this.#start = state.start;
    this.#length = state.length;
    this.#over = state.over;
    this.#returns = null;
  }

  protected override collect(ret: number): void {
    this.#readBack(ret);
    const consumed = this.#readConsumed ?? 0;
    if (this.readSize > 0 && consumed > 0) this.#keep(consumed);
    if (this.#before !== null) this.#over = this.#changedFrom(consumed, this.#before);
  }

  /** Why something that was expected did not come, as far as the returns tell. */
  #reason(): string {
    if (this.errno !== null) return `the call failed with ${this.errno}`;
    for (const { name } of this.returns) if (name in REASONS) return REASONS[name] as string;
    return 'what comes later takes another read, thread.wait(fd)';
  }

  #keep(length: number): void {
    const { memory, rbuf, tape } = this;
    const linear = (rbuf & PAGE_MASK) + length <= PAGE_SIZE ? memory.reach(rbuf, ACCESS_READ) : -1;
    if (linear >= 0) {
      this.#start = tape.keep(memory.guest, linear, length);
      this.#piece = tape.view;
      this.#length = length;
    } else {
      const bytes = memory.load(rbuf, length);
      this.#piece = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#length = bytes.length;
    }
  }

  #readBack(ret: number): void {
    const { memory, arg, frame } = this;
    if (ret >= 0) {
      const { u32 } = memory.guest;
      this.#writeConsumed = u64In(u32, (frame + WRITE_READ_WRITE_CONSUMED) >> 2);
      this.#readConsumed = u64In(u32, (frame + WRITE_READ_READ_CONSUMED) >> 2);
      return;
    }
    const bytes = memory.load(arg, WRITE_READ_SIZE);
    if (bytes.length < WRITE_READ_SIZE) return;
    this.#writeConsumed = u64At(bytes, WRITE_READ_WRITE_CONSUMED);
    this.#readConsumed = u64At(bytes, WRITE_READ_READ_CONSUMED);
  }

  /** Memory from `from` behind the read buffer's start up to the last byte that is another than before. */
  #changedFrom(from: number, before: Uint8Array): Uint8Array {
    const after = this.memory.load(this.rbuf, before.length);
    let end = Math.min(before.length, after.length);
    while (end > from && before[end - 1] === after[end - 1]) end--;
    return end > from ? after.slice(from, end) : NO_BYTES;
  }
}
