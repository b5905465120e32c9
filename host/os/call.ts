/**
 * System calls that may sleep. A new `Call` is done at once, or parked until a later step wakes its thread.
 * Results are copied out of user memory when the thread returns, before any other thread runs.
 */

import { EPOLL_EVENT_SIZE } from '../../assembly/abi/machine.ts';
import { NO_BYTES } from '../wire/endian.ts';
import { type EpollEvent, epollEventsOf } from '../wire/epoll.ts';
import { errnoName } from '../wire/errno.ts';
import { BinderlabError } from '../wire/error.ts';
import type { Op, OutputOf } from '../wire/operations.ts';
import type { UserMemory } from './memory.ts';

/** The return value of a system call: 0 or more, or -errno with its name. */
type Result = OutputOf<'close'>;

export function resultOf(ret: number): Result {
  return ret < 0 ? { ret, errno: errnoName(-ret) } : { ret };
}

/** The calling thread, and the memory of its process. */
export interface Caller {
  readonly name: string;
  readonly memory: UserMemory;
}

export abstract class Call {
  /** Number of the step that made the call; set when it begins. */
  step = -1;
  /** The result. Nothing here is `#`: that makes objects of derived classes slow to construct, and bars `copyFor`. */
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

  /** @internal Its fields, for `restore`. */
  save(): object {
    const { listener: _, ...fields } = this;
    return fields;
  }

  /** @internal Restores the result (or parked state) that the call had then. */
  restore(saved: object): void {
    Object.assign(this, saved);
  }

  /** @internal The same parked call in a copy of the machine. @param caller Its thread there. */
  copyFor(caller: Caller): Call {
    return Object.assign(Object.create(Object.getPrototypeOf(this)), this.save(), { caller, listener: null });
  }

  /** @internal All results, by their names in journals (there in snake_case). */
  output(): Result {
    this.checkDone();
    return resultOf(this.answer as number);
  }

  /** @internal */ protected collect(_ret: number, _record: number): void {}

  /** @throws BinderlabError while the thread sleeps: the call has no result yet. */
  protected checkDone(): void {
    if (this.answer !== null) return;
    throw new BinderlabError(
      `${this.by} is still parked in step ${this.step}: its call has not returned. Let another thread act first, then look at the results.`,
    );
  }
}

/** Any ioctl but BINDER_WRITE_READ. */
export class IoctlCall extends Call {
  private loaded = NO_BYTES;

  /** @internal */ constructor(
    caller: Caller,
    private readonly arg: number,
    private readonly outLen: number,
  ) {
    super(caller);
  }

  /** @internal */ override get op(): 'ioctl' {
    return 'ioctl';
  }

  /** Memory at the argument after the call: the bytes asked for, or fewer where memory is unmapped. */
  get bytes(): Uint8Array {
    this.checkDone();
    return this.loaded;
  }

  /** @internal */ override output(): Result & { bytes?: Uint8Array } {
    const result = super.output();
    return this.outLen > 0 ? { ...result, bytes: this.loaded } : result;
  }

  /** @internal */ protected override collect(): void {
    if (this.outLen > 0) this.loaded = this.caller.memory.load(this.arg, this.outLen);
  }
}

/** poll of one descriptor. The guest returns the events; poll(2) returns how many descriptors have any. */
export class PollCall extends Call {
  private ready = 0;

  /** @internal */ override get op(): 'poll' {
    return 'poll';
  }

  /** The events that are ready. */
  get revents(): number {
    this.checkDone();
    return this.ready;
  }

  /** @internal */ override finish(events: number, record: number): void {
    this.ready = Math.max(events, 0);
    super.finish(Math.min(events, 1), record);
  }

  /** @internal */ override output(): Result & { revents: number } {
    return { ...super.output(), revents: this.ready };
  }
}

/** epoll_wait(2). */
export class EpollCall extends Call {
  private loaded = NO_BYTES;

  /** @internal */ constructor(
    caller: Caller,
    private readonly address: number,
  ) {
    super(caller);
  }

  /** @internal */ override get op(): 'epoll_wait' {
    return 'epoll_wait';
  }

  /** The events that are ready, at most as many as were asked for; none after a timeout or an error. */
  get events(): readonly EpollEvent[] {
    this.checkDone();
    return epollEventsOf(this.loaded);
  }

  /** @internal */ override output(): Result & { bytes?: Uint8Array } {
    const result = super.output();
    return result.ret < 0 ? result : { ...result, bytes: this.loaded };
  }

  /** @internal */ protected override collect(ret: number): void {
    if (ret > 0) this.loaded = this.caller.memory.load(this.address, ret * EPOLL_EVENT_SIZE);
  }
}

/** read(2) of an open file; sleeps at an empty stream. */
export class ReadCall extends Call {
  private loaded = NO_BYTES;

  /** @internal */ constructor(
    caller: Caller,
    private readonly address: number,
  ) {
    super(caller);
  }

  /** @internal */ override get op(): 'read' {
    return 'read';
  }

  /** The bytes read; none at the end of the file, and after an error. */
  get bytes(): Uint8Array {
    this.checkDone();
    return this.loaded;
  }

  /** @internal */ override output(): Result & { bytes?: Uint8Array } {
    const result = super.output();
    return result.ret < 0 ? result : { ...result, bytes: this.loaded };
  }

  /** @internal */ protected override collect(ret: number): void {
    if (ret > 0) this.loaded = this.caller.memory.load(this.address, ret);
  }
}

/** write(2) to an open file; sleeps at a full stream. */
export class WriteCall extends Call {
  /** @internal */ override get op(): 'write' {
    return 'write';
  }
}
