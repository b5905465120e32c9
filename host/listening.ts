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
import { Awaiting, Observers } from './os/observers.ts';
import type { Process } from './os/process.ts';
import type { Observer, System } from './os/system.ts';
import type { Step } from './trace/journal.ts';
import type { JournalKeeper } from './trace/journalkeeper.ts';
import { BinderlabError } from './wire/error.ts';
import { SCRIPT_TAG } from './wire/log.ts';
import { thrownText } from './wire/thrown.ts';

export class Listening {
  readonly #hooks: Hooks;
  /** The observer for the journal and for listeners. */
  #own: Observer | null = null;
  readonly #joined = new Set<Observer>();
  #awaited: { readonly step: number; readonly reached: () => void } | null = null;

  /**
   * @param processes All processes of the machine.
   * @param stop Ends what runs with an error: of a break, or of a listener.
   * @param injector Acts after steps, when the listeners have heard of them.
   */
  constructor(
    private readonly system: System,
    private readonly keeper: JournalKeeper,
    private readonly inspect: Inspector,
    private readonly processes: () => readonly Process[],
    private readonly stop: (error: Error) => void,
    private readonly injector: Injector,
  ) {
    this.#hooks = new Hooks(system.guest, processes, (events, step) => this.#tellLost(events, step));
    system.log.listener = (line) => {
      if (this.#hooks.has('log')) this.#tell(() => this.#hooks.tell('log', line));
    };
  }

  on<N extends MachineEventName>(event: N, listener: Listener<N>): () => void {
    this.system.checkBetween();
    const remove = this.#hooks.add(event, listener);
    this.observe();
    return () => {
      this.system.checkBetween();
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

  /**
   * Adds an observer to that of the journal and of listeners. It gets each step before anything is injected after it.
   *
   * @returns Removes it.
   */
  join(observer: Observer): () => void {
    this.#joined.add(observer);
    this.refresh();
    return () => {
      this.#joined.delete(observer);
      this.refresh();
    };
  }

  /** Calls `reached` once, before the step of that number: observers that join then see that step. */
  await(step: number, reached: () => void): void {
    const once = () => {
      this.#awaited = null;
      this.refresh();
      reached();
    };
    this.#awaited = { step, reached: once };
    this.refresh();
  }

  /** The observer for the journal and for listeners stays; the others may have changed. */
  refresh(): void {
    if (!this.system.telling) this.#observeWith(this.#own);
  }

  /** Gives the machine its observer, or none. Deferred while listeners are called: one that unsubscribes still gets this step. */
  observe(): void {
    if (this.system.telling) return;
    const hear = (step: Step) => this.#tell(() => this.#hooks.tellStep(step));
    this.#observeWith(this.keeper.observer(this.#hooks.hearSteps ? hear : null));
  }

  /** The same for a step that is recorded in any case. */
  record(): void {
    this.#observeWith(this.keeper.recording());
  }

  /** The machine is at another moment: what listeners hear begins there. */
  restart(): void {
    this.#hooks.restart();
    this.injector.restart();
  }

  #observeWith(own: Observer | null): void {
    const { system, injector } = this;
    this.#own = own;
    let observer = own;
    if (this.#joined.size > 0 || injector.isWaiting) {
      const all = [...(own === null ? [] : [own]), ...this.#joined, ...(injector.isWaiting ? [injector] : [])];
      observer = new Observers(system.stepLog, all);
    }
    const awaited = this.#awaited;
    system.observer = awaited === null ? observer : new Awaiting(system, awaited.step, awaited.reached, observer);
  }

  #tellLost(events: number, step: number): void {
    const text = `step ${step} had ${events} events more than the ring holds: listeners do not hear them.`;
    this.system.log.add({ level: 'warning', pid: 0, tag: SCRIPT_TAG, text });
  }

  /** Listeners may look, and not act. What one throws ends the script or the simulation, and no program can catch it. */
  #tell(tell: () => void): void {
    const wasTelling = this.system.telling;
    this.system.telling = true;
    try {
      tell();
    } catch (error) {
      this.stop(error instanceof Error ? error : new BinderlabError(`a listener threw ${thrownText(error)}.`));
    } finally {
      this.system.telling = wasTelling;
      this.observe();
    }
  }
}
