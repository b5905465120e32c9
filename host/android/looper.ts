/**
 * Looper and its queue: a main thread that handles messages in order, and sleeps without one. Other threads of the process
 * post to it, and wake it through a pipe, as Android wakes a looper through a descriptor.
 */

import { type Act, isAct } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import { BinderlabError } from '../wire/error.ts';

/** A message's handler; a generator when it makes system calls. */
export type Message = () => unknown;

const WAKE = new Uint8Array([1]);
/** Bytes of one read from the pipe: more than it ever holds. */
const WAKES_MAX = 256;

export class Looper {
  readonly #queue: Message[] = [];
  #asleep = false;

  private constructor(
    private readonly reads: number,
    private readonly writes: number,
    private readonly pid: number,
  ) {}

  /** Creates the looper of the calling process. */
  static *prepare(): Act<Looper> {
    const { process } = yield* sys.self();
    const [reads, writes] = yield* sys.pipe();
    return new Looper(reads, writes, process.pid);
  }

  /** Appends a message for the looping thread. @throws BinderlabError from another process. */
  *post(message: Message): Act<void> {
    const { process, name } = yield* sys.self();
    if (process.pid !== this.pid) throw new BinderlabError(`${name} posts to the looper of another process`);
    this.#queue.push(message);
    if (!this.#asleep) return;
    this.#asleep = false;
    yield* sys.write(this.writes, WAKE);
  }

  /** Handles messages until the process ends. */
  *loop(): Act<never> {
    for (;;) {
      const message = this.#queue.shift();
      if (message === undefined) {
        yield* this.#sleep();
      } else {
        const done = message();
        if (isAct(done)) yield* done;
      }
    }
  }

  *#sleep(): Act<void> {
    this.#asleep = true;
    yield* sys.poll(this.reads);
    yield* sys.read(this.reads, WAKES_MAX);
  }
}
