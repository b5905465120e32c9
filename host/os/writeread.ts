/** BINDER_WRITE_READ: its input and its result. */

import { RECORD_LENGTH, RECORD_READ, RECORD_READ_CONSUMED, RECORD_WRITE_CONSUMED } from '../../assembly/abi/machine.ts';
import {
  WRITE_READ_READ_BUFFER,
  WRITE_READ_READ_CONSUMED,
  WRITE_READ_READ_SIZE,
  WRITE_READ_SIZE,
  WRITE_READ_WRITE_BUFFER,
  WRITE_READ_WRITE_CONSUMED,
  WRITE_READ_WRITE_SIZE,
} from '../../assembly/abi/wire.ts';
import { NO_BYTES } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import type { InputOf, OutputOf } from '../wire/operations.ts';
import { findReturn, type Return, type ReturnName, type ReturnOf, returnsIn } from '../wire/returns.ts';
import { chunkOf, type LogChunk, type StepLog } from '../wire/steplog.ts';
import { returnWords } from '../wire/words.ts';
import { WordView } from '../wire/wordview.ts';
import type { Window } from './arena.ts';
import { Call, type Caller } from './call.ts';
import type { KernelLog } from './kernellog.ts';

/** Input of one call: bytes to store in user memory, and the fields of binder_write_read. */
export type WriteRead = InputOf<'wr'>;

const record = new WordView(new ArrayBuffer(WRITE_READ_SIZE));

/** @returns The encoded binder_write_read; valid until the next one is made. */
export function recordBytes(input: WriteRead): Uint8Array {
  record.setU64(WRITE_READ_WRITE_SIZE / 4, input.writeSize);
  record.setU64(WRITE_READ_WRITE_CONSUMED / 4, input.writeConsumed);
  record.setU64(WRITE_READ_WRITE_BUFFER / 4, input.wbuf);
  record.setU64(WRITE_READ_READ_SIZE / 4, input.readSize);
  record.setU64(WRITE_READ_READ_CONSUMED / 4, input.readConsumed);
  record.setU64(WRITE_READ_READ_BUFFER / 4, input.rbuf);
  return record.u8;
}

/** User addresses of binder_write_read and of the read buffer. */
type Place = Pick<Window, 'arg' | 'rbuf'>;

/** What the calls of one thread share. */
export interface CallContext extends Caller {
  /** Linear memory. */
  readonly linear: WordView;
  /** Index in it of the thread's call frame: binder_write_read as the driver stored it after a success. */
  readonly frame: number;
  /** Where the guest records results. */
  readonly stepLog: StepLog;
  readonly kernelLog: KernelLog;
  readonly tid: number;
  /** Number of the thread's first step that needed its buffers; usually its first ioctl. */
  firstStep: number;
}

/** Watched bytes of the read buffer at least: a failed read may leave something there. */
const WATCHED_MIN = 512;
const WATCHED_MAX = 64 * 1024;
/** Upper bound of a read's result. It is exceeded only when binder_write_read was overwritten; then the watched bytes count. */
const READ_MAX = 160 * 1024;
// As words. Local copies: V8 looks up an imported constant at every use.
const LENGTH = RECORD_LENGTH / 4;
const READ = RECORD_READ;
/** The text of an empty read. */
const EMPTY: ReadonlySet<ReturnName> = new Set<ReturnName>(['BR_NOOP', 'BR_TRANSACTION_COMPLETE']);

/** The meaning of each failure of a transaction. */
const REASONS: Readonly<Partial<Record<ReturnName, string>>> = {
  BR_FAILED_REPLY: 'the driver refused the message; thread.extendedError(fd) has the errno',
  BR_DEAD_REPLY:
    'the process of that handle is dead, or there is no context manager yet, or the call was taken and never answered, or the receiver of the call or of the reply has not mapped its descriptor (mmap)',
  BR_FROZEN_REPLY: 'the callee is frozen',
  BR_TRANSACTION_PENDING_FROZEN:
    'it comes in place of BR_TRANSACTION_COMPLETE: the oneway is queued, and the frozen process gets it after the thaw',
  BR_ONEWAY_SPAM_SUSPECT:
    'it comes in place of BR_TRANSACTION_COMPLETE: the oneway was sent, and many others of this process wait in the space of the receiver',
};

/** Of BR_DEAD_REPLY after BR_TRANSACTION_COMPLETE. */
const UNANSWERED =
  'the call was sent and is not answered: its thread or process ended or left the driver, or the caller has not mapped its descriptor (mmap)';

/** What an expected return takes, for those that do not follow from a call. */
const LATER: Readonly<Partial<Record<ReturnName, string>>> = {
  BR_REPLY: ' (a oneway gets no reply)',
  BR_SPAWN_LOOPER:
    ' (it comes with a message, when no other thread waits, and as often as thread.setMaxThreads(fd, count) allows)',
};

/** Memory from the read buffer on before the call, and what was stored there beyond the bytes read. */
interface Watched {
  readonly before: Uint8Array;
  readonly over: Uint8Array;
}

/** BINDER_WRITE_READ. */
export class WriteReadCall extends Call {
  /** @internal */ declare protected readonly caller: CallContext;
  /** The chunk that holds the call's record; null when the result is unknown. */
  private chunk: LogChunk | null = null;
  /** Linear address of the record. */
  private at = 0;
  private decoded: Return[] | null = null;
  /** Bytes in the read buffer beside the result; null when they were not requested. */
  private watched: Watched | null = null;
  /** The lines of the kernel log from its beginning to its end. */
  private printedFrom: number;
  private printedTo = 0;

  /** @internal */ constructor(
    caller: CallContext,
    private readonly place: Place,
    private readonly readSize: number,
  ) {
    super(caller);
    this.printedFrom = caller.linear.u32(caller.kernelLog.headAt);
  }

  /** @internal */ override get op(): 'wr' {
    return 'wr';
  }

  /** @internal Call before the ioctl: records bytes that the driver stores after read_consumed. */
  watch(): void {
    const { place, readSize } = this;
    if (readSize === 0) return;
    const before = this.caller.memory.look(place.rbuf, watchedSize(readSize));
    this.watched = { before, over: NO_BYTES };
  }

  /** Command bytes that the driver consumed; null when binder_write_read itself is unreadable. */
  get writeConsumed(): number | null {
    return this.consumed(RECORD_WRITE_CONSUMED);
  }

  /** Bytes that the driver returned; null as above. */
  get readConsumed(): number | null {
    return this.consumed(RECORD_READ_CONSUMED);
  }

  /** The return stream. */
  get bytes(): Uint8Array {
    this.checkDone();
    if (this.chunk === null) return NO_BYTES;
    const { memory, base } = this.chunk;
    const from = this.at + READ - base;
    return memory.u8.slice(from, from + lengthAt(this.chunk, this.at));
  }

  /** The return stream, decoded. */
  get returns(): readonly Return[] {
    this.checkDone();
    const { chunk, at } = this;
    this.decoded ??= chunk === null ? [] : returnsIn(chunk, at + READ, lengthAt(chunk, at));
    return this.decoded;
  }

  /** The return stream as text, a string for each word: what `--strace` prints. */
  get words(): string[] {
    return returnWords(this.bytes);
  }

  /**
   * Why the driver refused a command of the call, and what to do instead, as far as the kernel log has it. It is null when
   * nothing was refused. Many mistakes have no other effect.
   */
  get complaint(): string | null {
    this.checkDone();
    return this.caller.kernelLog.complaint(this.printedFrom, this.printedTo, this.caller.tid);
  }

  /**
   * The first return of a name.
   *
   * @throws BinderlabError when there is none.
   */
  expect<N extends ReturnName>(name: N): ReturnOf<N> {
    this.checkDone();
    const one = this.find(name) ?? this.returns.find((each) => each.name === name);
    if (one !== undefined) return one as ReturnOf<N>;
    const got = this.returns.map((one) => one.name).join(', ') || 'nothing';
    throw new BinderlabError(`${this.by} expected ${name} and got ${got}: ${this.reason(name)}.`);
  }

  /** @internal */ override output(): OutputOf<'wr'> {
    const { over } = this;
    return {
      ...super.output(),
      writeConsumed: this.writeConsumed,
      readConsumed: this.readConsumed,
      ...(this.readSize > 0 ? { read: this.bytes } : {}),
      ...(over.length > 0 ? { readOver: over } : {}),
    };
  }

  /** @internal */ override get over(): Uint8Array {
    return this.watched?.over ?? NO_BYTES;
  }

  /** @internal */ protected override collect(ret: number, record: number): void {
    const { caller } = this;
    this.printedTo = caller.linear.u32(caller.kernelLog.headAt);
    if (record !== 0) {
      this.chunk = caller.stepLog.chunk;
      this.at = record;
    } else {
      this.collectApart(ret);
    }
    if (this.watched !== null) this.watched = this.seen(this.watched, Math.max(this.readConsumed ?? 0, 0));
  }

  private consumed(field: number): number | null {
    this.checkDone();
    return this.chunk === null ? null : this.chunk.memory.i64((this.at - this.chunk.base + field) / 4);
  }

  private find(name: ReturnName): Return | null {
    const { chunk, at } = this;
    return chunk === null ? null : findReturn(chunk, at + READ, lengthAt(chunk, at), name);
  }

  /** Why an expected return did not arrive, as far as the other returns show. */
  private reason(expected: ReturnName): string {
    const { complaint } = this;
    if (this.errno !== null) return `the call failed with ${this.errno}${complaint === null ? '' : `; ${complaint}`}`;
    const names = this.returns.map(({ name }) => name);
    const wasSent = names.includes('BR_TRANSACTION_COMPLETE');
    if (complaint === null && wasSent && names.includes('BR_DEAD_REPLY')) return UNANSWERED;
    for (const name of names) if (name in REASONS) return complaint ?? (REASONS[name] as string);
    if (complaint !== null) return complaint;
    const later = 'what comes later takes another read, thread.wait(fd)';
    const isFirst = this.step === this.caller.firstStep && this.returns.every(({ name }) => EMPTY.has(name));
    return isFirst
      ? `a thread's first ioctl returns at once, where later ones sleep; ${later}`
      : `${later}${LATER[expected] ?? ''}`;
  }

  /** The guest made no record. A successful call left its fields in the call frame, any other one in user memory. */
  private collectApart(ret: number): void {
    const { memory, linear, frame, stepLog } = this.caller;
    if (ret >= 0) {
      stepLog.detachFull();
      this.keep(linear.i64(frame + WRITE_READ_WRITE_CONSUMED / 4), linear.i64(frame + WRITE_READ_READ_CONSUMED / 4));
      return;
    }
    const bytes = memory.load(this.place.arg, WRITE_READ_SIZE);
    if (bytes.length < WRITE_READ_SIZE) return;
    const { view } = WordView.of(bytes);
    const consumed = (at: number) => Number(view.getBigInt64(at, true));
    this.keep(consumed(WRITE_READ_WRITE_CONSUMED), consumed(WRITE_READ_READ_CONSUMED));
  }

  private keep(writeConsumed: number, readConsumed: number): void {
    const isRead = this.readSize > 0 && readConsumed > 0;
    const size = readConsumed <= READ_MAX ? readConsumed : watchedSize(this.readSize);
    const read = isRead ? this.caller.memory.load(this.place.rbuf, size) : NO_BYTES;
    this.chunk = chunkOf(writeConsumed, readConsumed, read);
  }

  /** Bytes stored from byte `from` of the read buffer on, up to the last one that changed. */
  private seen({ before }: Watched, from: number): Watched {
    const after = this.caller.memory.look(this.place.rbuf, before.length);
    let end = before.length;
    while (end > from && before[end - 1] === after[end - 1]) end--;
    return { before, over: end > from ? after.slice(from, end) : NO_BYTES };
  }
}

/** @returns How many bytes of the read buffer are watched. */
function watchedSize(readSize: number): number {
  return Math.min(Math.max(readSize, WATCHED_MIN), WATCHED_MAX);
}

/** @returns Bytes read, from the record at an offset of the chunk. */
function lengthAt({ memory, base }: LogChunk, at: number): number {
  return memory.i32[((at - base) >> 2) + LENGTH] as number;
}
