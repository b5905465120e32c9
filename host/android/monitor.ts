/** A monitor, like a Java object's: one thread at a time is inside, and may enter again. */
import type { Act } from '../sim/request.ts';
import { sys } from '../sim/sys.ts';
import type { SimThread } from '../sim/thread.ts';

export class Monitor {
  #owner: SimThread | null = null;
  #entered = 0;

  /** @param name What it guards, for reports of waiting threads. */
  constructor(private readonly name: string) {}

  /** Runs `body` inside; waits until every other thread has left. */
  *synchronized<T>(body: () => Act<T>): Act<T> {
    yield* this.#enter();
    try {
      return yield* body();
    } finally {
      if (--this.#entered === 0) this.#owner = null;
    }
  }

  *#enter(): Act<void> {
    const thread = yield* sys.self();
    while (this.#isTaken(thread)) {
      yield* sys.until(() => !this.#isTaken(thread), `the lock of ${this.name}`, { whom: this.#owner });
    }
    this.#owner = thread;
    this.#entered++;
  }

  #isTaken(thread: SimThread): boolean {
    return this.#owner !== null && this.#owner !== thread && !this.#owner.ended;
  }
}
