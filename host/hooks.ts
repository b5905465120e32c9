/**
 * What the listeners of a machine hear, by name. `step` and `log` come from the host. The others are made of the guest's
 * event ring, after the step in which they happened.
 *
 *     step n         -> its events, in their order -> the processes that it ended -> the step itself
 */
import { ACCESS_WRITE, SIGBUS } from '../assembly/abi/machine.ts';
import { TF_ONE_WAY } from '../assembly/abi/protocol.ts';
import type { Guest } from './guest/guest.ts';
import { Names } from './inspect/tables/names.ts';
import type { Process } from './os/process.ts';
import { EventRing, type TraceEvent } from './trace/events.ts';
import type { Step } from './trace/journal.ts';
import type { SignalName } from './wire/kinds.ts';
import type { LogLine } from './wire/log.ts';
import { wordName } from './wire/words.ts';

/** Something that happened in a step. */
interface Happening {
  /** Number of the step. */
  readonly step: number;
  /** The thread in which it happened; null in the kernel's deferred work. */
  readonly by: string | null;
}

/** A message was queued: a call, a oneway or a reply. */
export interface TransactionEvent extends Happening {
  readonly transaction: number;
  readonly reply: boolean;
  readonly oneway: boolean;
  readonly code: number;
  readonly flags: number;
  /** Number of the called node; 0 for a reply. */
  readonly node: number;
  /** Process and thread that get it. The thread is null when any thread of the process may take it. */
  readonly to: { readonly process: string; readonly thread: string | null };
}

/** A word of the protocol: a command that the driver began, or a return that it gave. */
export interface WordEvent extends Happening {
  /** Its name, such as BC_TRANSACTION. */
  readonly word: string;
}

/**
 * What happened to a page of a Binder mapping: it got a frame; it was mapped; no buffer touches it any more, and it may be
 * taken; a buffer touches it again before that; it was taken.
 */
export type PageChange = 'allocated' | 'mapped' | 'idle' | 'reused' | 'reclaimed';

export interface PageEvent extends Happening {
  readonly change: PageChange;
  /** The process that has the mapping. */
  readonly process: string;
  /** Index of the page in the mapping. */
  readonly page: number;
  /** Linear address of its frame; null where the event does not say it. */
  readonly frame: number | null;
}

/** A page fault of user memory, of the program or of the kernel on its behalf. */
export interface FaultEvent extends Happening {
  readonly address: number;
  readonly access: 'read' | 'write';
  /** The signal it became; null when the page is there now. */
  readonly signal: SignalName | null;
}

/** A sleeping thread was woken. */
export interface WakeEvent extends Happening {
  readonly thread: string;
}

/** A process ended. */
export interface DeathEvent {
  readonly step: number;
  readonly process: string;
  readonly pid: number;
}

/** By the name of the event, what its listeners are given. */
export interface MachineEvents {
  step: Step;
  log: LogLine;
  transaction: TransactionEvent;
  command: WordEvent;
  return: WordEvent;
  page: PageEvent;
  fault: FaultEvent;
  wake: WakeEvent;
  death: DeathEvent;
}

export type MachineEventName = keyof MachineEvents;
export type Listener<N extends MachineEventName> = (news: MachineEvents[N]) => void;

/** An event of the ring as listeners get it: its name, and what it is about. */
type News = {
  readonly [N in MachineEventName]: { readonly event: N; readonly news: MachineEvents[N] };
}[MachineEventName];

export const MACHINE_EVENTS: readonly MachineEventName[] = [
  'step',
  'log',
  'transaction',
  'command',
  'return',
  'page',
  'fault',
  'wake',
  'death',
];

/** Events of pages: what each says happened. */
const PAGE_CHANGES = {
  alloc_page: 'allocated',
  install: 'mapped',
  free_lru: 'idle',
  alloc_lru: 'reused',
  unmap_user: 'reclaimed',
} as const satisfies Partial<Record<TraceEvent['name'], PageChange>>;

export class Hooks {
  readonly #listeners = new Map<MachineEventName, Set<(news: never) => void>>(
    MACHINE_EVENTS.map((event) => [event, new Set()]),
  );
  readonly #ring: EventRing;
  #names = new Names([]);
  #living: ReadonlySet<Process> = new Set();

  /**
   * @param processes All processes of the machine.
   * @param onLost Called with the number of events of a step that the ring did not hold.
   */
  constructor(
    guest: Guest,
    private readonly processes: () => readonly Process[],
    private readonly onLost: (events: number, step: number) => void,
  ) {
    this.#ring = new EventRing(guest);
  }

  /** Whether there is a listener to more than the log. */
  get hearSteps(): boolean {
    return MACHINE_EVENTS.some((event) => event !== 'log' && this.#of(event).size > 0);
  }

  /** @returns Removes the listener. */
  add<N extends MachineEventName>(event: N, listener: Listener<N>): () => void {
    const listeners = this.#of(event);
    const isFirst = listeners.size === 0;
    const own: Listener<N> = (news) => listener(news); // the same function may listen twice
    listeners.add(own);
    if (event === 'death' && isFirst) this.#living = this.#alive();
    this.#listen();
    return () => {
      listeners.delete(own);
      this.#listen();
    };
  }

  has(event: MachineEventName): boolean {
    return this.#of(event).size > 0;
  }

  tell<N extends MachineEventName>(event: N, news: MachineEvents[N]): void {
    const listeners = this.#of(event);
    for (const listener of [...listeners]) if (listeners.has(listener)) listener(news);
  }

  /** Tells all that happened in a step. */
  tellStep(step: Step): void {
    if (this.#isRecording) this.#tellEvents(step);
    if (this.has('death')) this.#tellDeaths(step.i);
    this.tell('step', step);
  }

  /** The machine went to another moment: what happened before is no news. */
  restart(): void {
    this.#ring.restart();
    this.#living = this.#alive();
  }

  get #isRecording(): boolean {
    return MACHINE_EVENTS.some((event) => !['step', 'log', 'death'].includes(event) && this.has(event));
  }

  #of<N extends MachineEventName>(event: N): Set<Listener<N>> {
    return this.#listeners.get(event) as unknown as Set<Listener<N>>;
  }

  /** Records what there are listeners for, from now on. */
  #listen(): void {
    const wasRecording = this.#ring.isRecording;
    this.#ring.record(this.#isRecording, this.has('fault'));
    if (this.#isRecording && !wasRecording) this.#ring.restart();
  }

  #tellEvents(step: Step): void {
    this.#names = new Names(this.processes());
    const lost = this.#ring.skipLost();
    if (lost > 0) this.onLost(lost, step.i);
    for (const event of this.#ring.take()) {
      const told = this.#newsOf(event, { step: step.i, by: this.#actorOf(event, step) });
      if (told !== null) this.tell(told.event, told.news);
    }
  }

  #tellDeaths(step: number): void {
    const before = this.#living;
    this.#living = this.#alive();
    for (const { name, pid, alive } of before) if (!alive) this.tell('death', { step, process: name, pid });
  }

  #alive(): ReadonlySet<Process> {
    return new Set(this.has('death') ? this.processes().filter(({ alive }) => alive) : []);
  }

  /** The kernel knows no thread in deferred work, nor when the processor itself accesses memory for one. */
  #actorOf({ name, tid }: TraceEvent, { by }: Step): string | null {
    if (tid !== 0) return this.#names.thread(tid);
    return name === 'fault' ? (by ?? null) : null;
  }

  #newsOf(event: TraceEvent, at: Happening): News | null {
    switch (event.name) {
      case 'transaction':
        return { event: 'transaction', news: this.#transactionOf(event.args, at) };
      case 'command':
      case 'return':
        return {
          event: event.name,
          news: { ...at, word: wordName(event.args.cmd) ?? `0x${event.args.cmd.toString(16)}` },
        };
      case 'alloc_page':
      case 'install':
      case 'free_lru':
      case 'alloc_lru':
      case 'unmap_user':
        return { event: 'page', news: this.#pageOf(event, at) };
      case 'fault':
        return { event: 'fault', news: { ...at, ...faultOf(event.args) } };
      case 'wake':
        return { event: 'wake', news: { ...at, thread: this.#names.thread(event.args.tid) } };
      default:
        return null;
    }
  }

  #transactionOf(
    {
      transaction,
      dest_node,
      dest_proc,
      dest_thread,
      reply,
      flags,
      code,
    }: (TraceEvent & { name: 'transaction' })['args'],
    at: Happening,
  ): TransactionEvent {
    const thread = dest_thread === 0 ? null : this.#names.thread(dest_thread);
    const to = { process: this.#names.process(dest_proc), thread };
    const oneway = (flags & TF_ONE_WAY) !== 0;
    return { ...at, transaction, reply: reply !== 0, oneway, code, flags, node: dest_node, to };
  }

  #pageOf(event: TraceEvent & { name: keyof typeof PAGE_CHANGES }, at: Happening): PageEvent {
    const { proc, page_index: page } = event.args;
    const frame = event.name === 'install' ? event.args.frame : null;
    return { ...at, change: PAGE_CHANGES[event.name], process: this.#names.process(proc), page, frame };
  }
}

function faultOf({
  address,
  access,
  result,
}: (TraceEvent & { name: 'fault' })['args']): Omit<FaultEvent, keyof Happening> {
  const signal = result === 0 ? null : -result >> 8 === SIGBUS ? 'SIGBUS' : 'SIGSEGV';
  return { address: Number(address), access: access === ACCESS_WRITE ? 'write' : 'read', signal };
}
