/**
 * Traces a machine into a file. After each step it reads the guest's event ring, gives every event a time and a thread, and
 * adds what the events do not say: who runs, what the driver holds, how long a call takes.
 *
 * The machine has no clock. The trace's clock advances by EVENT_NS with each event, and by what a simulation lets pass.
 */
import type { Machine } from '../machine.ts';
import { EventRing, type TraceEvent } from '../trace/events.ts';
import type { Output, Step } from '../trace/journal.ts';
import { Buffers } from './buffers.ts';
import { Calls } from './calls.ts';
import { DriverCounters } from './counters.ts';
import { Processor } from './processor.ts';
import { IDLE, Tasks, type TracedTask, WORKER } from './task.ts';
import type { TraceFile } from './tracefile.ts';
import { schedWaking, type Tracepoint, tracepointsOf } from './tracepoint.ts';

export const EVENT_NS = 1000;
/** Time of the boot. */
export const BOOT_NS = 100_000_000_000;
const NS_PER_MS = 1_000_000;

export class Tracer {
  readonly #ring: EventRing;
  readonly #tasks: Tasks;
  readonly #processor = new Processor();
  readonly #counters = new DriverCounters();
  readonly #calls: Calls;
  readonly #buffers: Buffers;
  readonly #stop: () => void;
  #ns = BOOT_NS;
  /** The simulation's time that has passed in the trace. */
  #simulatedMs = 0;
  #lost = 0;

  /** Begins with the machine's next step. */
  constructor(
    private readonly machine: Machine,
    private readonly file: TraceFile,
  ) {
    this.#ring = new EventRing(machine.guest);
    this.#ring.record(true);
    this.#tasks = new Tasks(machine);
    this.#calls = new Calls(file);
    this.#buffers = new Buffers(file, this.#tasks);
    this.#stop = machine.on('step', (step) => this.#take(step));
  }

  /** Events that the ring overwrote before they were read: a step had more than it holds. */
  get lost(): number {
    return this.#lost;
  }

  /** Ends the trace. */
  finish(): void {
    this.#stop();
    this.#processor.park();
    this.#run(IDLE);
    this.file.close();
  }

  #take(step: Step): void {
    this.#tasks.refresh();
    this.#pass(step);
    const actor = step.by === undefined ? null : this.#tasks.named(step.by);
    const dead = this.#bury(step, actor);
    const pids = new Set([actor, ...dead].flatMap((task) => task?.tgid ?? []));
    if (actor !== null) {
      this.#run(actor);
      this.#calls.begin(this.#tick(), actor, step);
    }
    const last = new Map<number, number>();
    this.#skipLost();
    for (const event of this.#ring.take()) {
      this.#note(event, step);
      last.set(event.tid, this.#ns);
      for (const pid of pidsIn(event)) pids.add(pid);
    }
    this.#return(step, actor, last);
    for (const { tid } of dead) this.#calls.end(this.#ns, tid, undefined, undefined);
    this.#count(pids);
  }

  /** Lets the time pass that passed in the simulation, or that the step waits. No thread runs in it. */
  #pass({ op, in: input }: Step): void {
    const { now } = this.machine;
    const ms = now - this.#simulatedMs + (op === 'await' ? input.ms : 0);
    this.#simulatedMs = now;
    if (ms <= 0) return;
    this.#processor.park();
    this.#run(IDLE);
    this.#ns += Math.round(ms * NS_PER_MS);
  }

  /** A tid lives again when a thread is made with it. @returns The threads that the step has ended. */
  #bury({ op, in: input }: Step, actor: TracedTask | null): TracedTask[] {
    if (op === 'proc' || op === 'fork') this.#processor.setDead(input.pid, false);
    if (op === 'spawn') this.#processor.setDead(input.tid, false);
    const pid = op === 'kill' ? input.pid : op === 'exit' || op === 'texit' ? actor?.tgid : undefined;
    if (pid == null) return [];
    const { dead, alive } = this.#tasks.ofProcess(pid);
    for (const { tid } of dead) this.#processor.setDead(tid, true);
    if (alive === 0) this.#buffers.drop(this.#ns, pid);
    return dead;
  }

  #skipLost(): void {
    const lost = this.#ring.skipLost();
    if (lost === 0) return;
    this.#lost += lost;
    this.#ns += lost * EVENT_NS;
    this.file.lose(lost);
  }

  #note(event: TraceEvent, { op }: Step): void {
    const { tid, name } = event;
    if (name === 'fault') return;
    // What comes from outside of every thread happens in the one that runs, as an interrupt does.
    const isOutside = name === 'wake' && (op === 'signal' || op === 'await');
    if (!isOutside) this.#run(op === 'shrink' ? WORKER : this.#tasks.of(tid));
    if (name === 'park') this.#processor.park();
    else if (name === 'wake') this.#point(schedWaking(this.#tasks.of(event.args.tid)));
    else for (const point of tracepointsOf(event)) this.#point(point);
    this.#calls.note(tid, event);
    this.#buffers.note(this.#ns, event);
  }

  /** @param last Time of the last event, by tid. */
  #return(
    { op, out, br, parked, woken = [] }: Step,
    actor: TracedTask | null,
    last: ReadonlyMap<number, number>,
  ): void {
    const end = (tid: number, output: Output | undefined, returns: readonly string[] | undefined) =>
      this.#calls.end(last.get(tid) ?? this.#tick(), tid, output, returns);
    if (actor !== null && !parked && op !== 'exit' && op !== 'texit') end(actor.tid, out, br);
    for (const one of woken) end(this.#tasks.named(one.by).tid, one.out, one.br);
  }

  #count(pids: ReadonlySet<number>): void {
    const changed = this.#counters.take(this.machine.inspect.kernel, pids);
    if (changed.length === 0) return;
    const ns = this.#tick();
    for (const counted of changed) {
      this.file.count(ns, this.#processor.running, this.#tasks.of(counted.pid), counted);
    }
  }

  #run(task: TracedTask): void {
    const by = this.#processor.running;
    const point = this.#processor.run(task);
    if (point !== null) this.file.tracepoint(this.#tick(), by, point);
  }

  #point(point: Tracepoint): void {
    this.file.tracepoint(this.#tick(), this.#processor.running, point);
  }

  #tick(): number {
    this.#ns += EVENT_NS;
    return this.#ns;
  }
}

/** The processes whose state an event may have changed. */
function pidsIn({ args }: TraceEvent): number[] {
  const { proc, dest_proc } = args as { readonly proc?: number; readonly dest_proc?: number };
  return [proc, dest_proc].filter((pid) => pid !== undefined);
}
