/**
 * Virtual time that passes during system calls. The simulation's clock stands still while a thread can run. Here each
 * step takes the time that the cost model has for its memory accesses, for each thread whose call it ended:
 *
 *     client   sends -------> sleeps in its read            wakes -------> goes on
 *     server         \-- wakes -------> works --> replies --/-------> reads the next
 *                        the step's time                    the step's time
 *
 * A woken thread continues at the end of the step that woke it, as does the thread that made the step. Threads do not
 * take time from each other: each has its own processor.
 */
import { type CostProfile, modelNs } from '../host/compare/costs.ts';
import { between, type Tally } from '../host/compare/tally.ts';
import type { Machine } from '../host/machine.ts';
import type { Act, Program, Request } from '../host/sim/request.ts';
import type { Simulation } from '../host/sim/simulation.ts';
import { sys } from '../host/sim/sys.ts';
import type { Step } from '../host/trace/journal.ts';

const NS_PER_MS = 1e6;

export class VirtualTime {
  #counted: Tally;
  /** By thread name: the end of the last step that ended a call of the thread, virtual ms. */
  readonly #doneAt = new Map<string, number>();

  constructor(
    private readonly machine: Machine,
    private readonly sim: Simulation,
    private readonly profile: CostProfile,
  ) {
    this.#counted = machine.counters();
    machine.on('step', (step) => this.#charge(step));
  }

  /** The program with the time of its system calls, also in the threads that it makes. */
  program(program: Program): Program {
    const time = this;
    return function* () {
      const { name } = yield* sys.self();
      const act = program();
      let next = act.next();
      while (!next.done) {
        let answer: unknown;
        try {
          answer = yield time.#withTime(next.value);
        } catch (error) {
          next = act.throw(error);
          continue;
        }
        yield* time.#rest(name);
        next = act.next(answer);
      }
    };
  }

  *#rest(name: string): Act<void> {
    const left = (this.#doneAt.get(name) ?? 0) - this.sim.now;
    if (left > 0) yield* sys.sleep(left);
  }

  #withTime(request: Request): Request {
    if (request.call !== 'spawn' && request.call !== 'fork') return request;
    return { ...request, program: this.program(request.program) };
  }

  #charge({ by, woken = [] }: Step): void {
    const counted = this.machine.counters();
    const ms = modelNs(between(this.#counted, counted), this.profile) / NS_PER_MS;
    this.#counted = counted;
    for (const name of [by, ...woken.map((one) => one.by)]) {
      if (name !== undefined) this.#doneAt.set(name, Math.max(this.sim.now, this.#doneAt.get(name) ?? 0) + ms);
    }
  }
}
