/**
 * System calls that may sleep. A `Call` is made when the call is; it is done at once, or parked until a later step
 * wakes its thread. Results are read out of user memory the moment the thread returns, before anybody else runs.
 */
import { errnoName } from './errno.ts';
import { BinderlabError } from './error.ts';
import type { UserMemory } from './memory.ts';

/** The plain result of a system call: 0 or more, or -errno with its name. */
export interface Result {
  ret: number;
  errno?: string;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

export function resultOf(ret: number): Result {
  return ret < 0 ? { ret, errno: errnoName(-ret) } : { ret };
}

/** What has come of a call; `ret` is null while it is parked. Each kind of call adds what it collects. */
export interface CallState {
  readonly ret: number | null;
}

/** Who makes a call. */
export interface Named {
  readonly name: string;
}

export abstract class Call {
  /** Number of the step that made the call; set when it begins. */
  step = -1;
  /** Its result. Not a private name: in a base class those make every object slow to construct. */
  private answer: number | null = null;

  /** @internal */ constructor(/** @internal */ protected readonly caller: Named) {}

  /** Name of the calling thread. */
  get by(): string {
    return this.caller.name;
  }

  /** Whether the call has returned. */
  get done(): boolean {
    return this.answer !== null;
  }

  /** Whether the thread still sleeps in it. Also true for ever when the thread was killed. */
  get parked(): boolean {
    return this.answer === null;
  }

  /** Result of the system call: 0 or more, or -errno; null while parked. */
  get ret(): number | null {
    return this.answer;
  }

  /** Name of the error; null while parked, and when there was none. */
  get errno(): string | null {
    return this.answer === null || this.answer >= 0 ? null : errnoName(-this.answer);
  }

  /**
   * Takes the result, and whatever else the call left in memory. Called once.
   *
   * @param record Linear address of what the guest has recorded of it; 0 for nothing.
   * @internal
   */
  finish(ret: number, record: number): void {
    this.answer = ret;
    this.collect(ret, record);
  }

  /** @internal What has come of it up to now, to be given to `restore`. */
  save(): CallState {
    return { ret: this.answer };
  }

  /** @internal The machine has gone to another moment: the call has come to what it had come to then, or is parked again. */
  restore(state: CallState): void {
    this.answer = state.ret;
  }

  /** @internal All that came of it, as journals name it (there in snake_case). */
  abstract output(): Result;

  /** @internal */ protected abstract collect(ret: number, record: number): void;

  /** @throws BinderlabError while the thread sleeps: there is nothing to look at yet. */
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
  #bytes: Uint8Array = NO_BYTES;

  /** @internal */ constructor(
    caller: Named,
    private readonly memory: UserMemory,
    private readonly arg: number,
    private readonly outLen: number,
  ) {
    super(caller);
  }

  /** Memory at the argument after the call: as many bytes as were asked for, fewer where it is unmapped. */
  get bytes(): Uint8Array {
    this.checkDone();
    return this.#bytes;
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
