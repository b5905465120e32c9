/**
 * The listeners and breaks of a machine. Steps reach them by an observer, which the machine has while there is a listener or
 * a journal.
 */
import { BreakError, conditionOf } from './condition.ts';
import { Hooks, type Listener, type MachineEventName } from './hooks.ts';
import type { Injector } from './injector.ts';
import type { Inspector } from './inspect/inspector.ts';
import { Names } from './inspect/tables/names.ts';
import { viewsOf } from './inspect/tables/views.ts';
import type { Process } from './os/process.ts';
import type { System } from './os/system.ts';
import type { Step } from './trace/journal.ts';
import type { JournalKeeper } from './trace/journalkeeper.ts';
import { SCRIPT_TAG } from './wire/log.ts';

export class Listening {
  readonly #hooks: Hooks;

  /**
   * @param processes All processes of the machine.
   * @param stop Ends what runs with the error of a break.
   * @param injector Acts after steps, when the listeners have heard of them.
   */
  constructor(
    private readonly system: System,
    private readonly keeper: JournalKeeper,
    private readonly inspect: Inspector,
    private readonly processes: () => readonly Process[],
    private readonly stop: (error: BreakError) => void,
    private readonly injector: Injector,
  ) {
    this.#hooks = new Hooks(system.guest, processes, (events, step) => this.#tellLost(events, step));
    system.log.listener = (line) => {
      if (this.#hooks.has('log')) this.#tell(() => this.#hooks.tell('log', line));
    };
  }

  on<N extends MachineEventName>(event: N, listener: Listener<N>): () => void {
    const remove = this.#hooks.add(event, listener);
    this.observe();
    return () => {
      remove();
      this.observe();
    };
  }

  break(condition: string | ((step: Step) => boolean), reached?: (step: Step) => void): () => void {
    const holds = typeof condition === 'function' ? condition : conditionOf(condition);
    const tables = () => viewsOf(this.inspect, new Names(this.processes()));
    return this.on('step', (step) => {
      if (!holds(step, tables)) return;
      if (reached !== undefined) reached(step);
      else this.stop(new BreakError(step, typeof condition === 'string' ? condition : 'its condition'));
    });
  }

  /** Gives the machine its observer, or none. Deferred while listeners are called: one that unsubscribes still gets this step. */
  observe(): void {
    if (this.system.telling) return;
    const { hearSteps } = this.#hooks;
    const hear = (step: Step) => {
      if (hearSteps) this.#tell(() => this.#hooks.tellStep(step));
      if (this.injector.isWaiting) this.injector.after(step);
    };
    this.system.observer = this.keeper.observer(hearSteps || this.injector.isWaiting ? hear : null);
  }

  /** The machine is at another moment: what listeners hear begins there. */
  restart(): void {
    this.#hooks.restart();
    this.injector.restart();
  }

  #tellLost(events: number, step: number): void {
    const text = `step ${step} had ${events} events more than the ring holds: listeners do not hear them.`;
    this.system.log.add({ level: 'warning', pid: 0, tag: SCRIPT_TAG, text });
  }

  /** Listeners may look, and not act. */
  #tell(tell: () => void): void {
    const wasTelling = this.system.telling;
    this.system.telling = true;
    try {
      tell();
    } finally {
      this.system.telling = wasTelling;
      this.observe();
    }
  }
}
