/**
 * System calls that may sleep. A new `Call` is done at once, or parked until a later step wakes its thread.
 * Results are copied out of user memory when the thread returns, before any other thread runs.
 */

import { NO_BYTES } from '../wire/endian.ts';
import { errnoName } from '../wire/errno.ts';
import { BinderlabError } from '../wire/error.ts';
import type { Op } from '../wire/operations.ts';
import type { UserMemory } from './memory.ts';

/** The return value of a system call: 0 or more, or -errno with its name. */
export interface Result {
  ret: number;
  errno?: string;
}

export function resultOf(ret: number): Result {
  return ret < 0 ? { ret, errno: errnoName(-ret) } : { ret };
}

/** The result of a call; `ret` is null while the call is parked. Each kind of call adds its own fields. */
export interface CallState {
  readonly ret: number | null;
}

/** The calling thread, and the memory of its process. */
export interface Caller {
  readonly name: string;
  readonly memory: UserMemory;
}

export abstract class Call {
  /** Number of the step that made the call; set when it begins. */
  step = -1;
  /** The result. Not a `#` field: those make every object of a derived class slow to construct. */
  private answer: number | null = null;
  private listener: ((call: Call) => void) | null = null;

  /** @internal */ constructor(/** @internal */ protected readonly caller: Caller) {}

  /** @internal Its operation in journals. */ abstract get op(): Op;

  /** @internal Bytes that the call stored after those of its result; none as a rule. */
  get over(): Uint8Array {
    return NO_BYTES;
  }

  /** Name of the calling thread. */
  get by(): string {
    return this.caller.name;
  }

  /** Whether the call has returned. */
  get done(): boolean {
    return this.answer !== null;
  }

  /** Whether the thread sleeps in the call. Stays true when the thread was killed. */
  get parked(): boolean {
    return this.answer === null;
  }

  /** Return value: 0 or more, or -errno; null while parked. */
  get ret(): number | null {
    return this.answer;
  }

  /** Name of the error; null while parked, and on success. */
  get errno(): string | null {
    return this.answer === null || this.answer >= 0 ? null : errnoName(-this.answer);
  }

  /**
   * Calls `listener` with this call when it returns, or at once if it has returned. Its step is not over then: the listener
   * notes what to do, and does it later.
   */
  whenDone(listener: (call: Call) => void): void {
    if (this.done) listener(this);
    else this.listener = listener;
  }

  /**
   * Takes the result, and whatever else the call left in memory. Runs once.
   *
   * @param record Linear address of the call's record in the step log; 0 for none.
   * @internal
   */
  finish(ret: number, record: number): void {
    this.answer = ret;
    this.collect(ret, record);
    this.listener?.(this);
  }

  /** @internal The result so far, for `restore`. */
  save(): CallState {
    return { ret: this.answer };
  }

  /** @internal Restores the result (or parked state) that the call had at that snapshot. */
  restore(state: CallState): void {
    this.answer = state.ret;
  }

  /** @internal The same parked call in a copy of the machine. @param caller Its thread there. */
  copyFor(caller: Caller): Call {
    const copy = this.again(caller);
    copy.step = this.step;
    return copy;
  }

  /** @internal A call with the same arguments, by another caller. */ protected abstract again(caller: Caller): Call;

  /** @internal All results, by their names in journals (there in snake_case). */
  abstract output(): Result;

  /** @internal */ protected abstract collect(ret: number, record: number): void;

  /** @throws BinderlabError while the thread sleeps: the call has no result yet. */
  protected checkDone(): void {
    if (this.answer !== null) return;
    throw new BinderlabError(
      `${this.by} is still parked in step ${this.step}: its call has not returned. Let another thread act first, then look at the results.`,
    );
  }

  /** @internal */ protected result(): Result {
    this.checkDone();
    return resultOf(this.answer as number);
  }
}

/** Any ioctl but BINDER_WRITE_READ. */
export class IoctlCall extends Call {
  /** @internal */ override get op(): 'ioctl' {
    return 'ioctl';
  }

  #bytes: Uint8Array = NO_BYTES;

  /** @internal */ constructor(
    caller: Caller,
    private readonly arg: number,
    private readonly outLen: number,
  ) {
    super(caller);
  }

  /** Memory at the argument after the call: the bytes asked for, or fewer where memory is unmapped. */
  get bytes(): Uint8Array {
    this.checkDone();
    return this.#bytes;
  }

  /** @internal */ protected override again(caller: Caller): IoctlCall {
    return new IoctlCall(caller, this.arg, this.outLen);
  }

  /** @internal */ override output(): Result & { bytes?: Uint8Array } {
    const result = this.result();
    return this.outLen > 0 ? { ...result, bytes: this.#bytes } : result;
  }

  /** @internal */ override save(): CallState & { readonly bytes: Uint8Array } {
    return { ...super.save(), bytes: this.#bytes };
  }

  /** @internal */ override restore(state: CallState & { readonly bytes: Uint8Array }): void {
    super.restore(state);
    this.#bytes = state.bytes;
  }

  /** @internal */ protected override collect(): void {
    if (this.outLen > 0) this.#bytes = this.caller.memory.load(this.arg, this.outLen);
  }
}

/** poll of one descriptor. The guest returns the events; poll(2) returns how many descriptors have any. */
export class PollCall extends Call {
  /** @internal */ override get op(): 'poll' {
    return 'poll';
  }

  #revents = 0;

  /** The events that are ready. */
  get revents(): number {
    this.checkDone();
    return this.#revents;
  }

  /** @internal */ protected override again(caller: Caller): PollCall {
    return new PollCall(caller);
  }

  /** @internal */ override finish(events: number, record: number): void {
    this.#revents = Math.max(events, 0);
    super.finish(Math.min(events, 1), record);
  }

  /** @internal */ override output(): Result & { revents: number } {
    return { ...this.result(), revents: this.#revents };
  }

  /** @internal */ override save(): CallState & { readonly revents: number } {
    return { ...super.save(), revents: this.#revents };
  }

  /** @internal */ override restore(state: CallState & { readonly revents: number }): void {
    super.restore(state);
    this.#revents = state.revents;
  }

  /** @internal */ protected override collect(): void {}
}
