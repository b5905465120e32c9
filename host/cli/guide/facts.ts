/**
 * The facts of the guided first call: for each system call its commands, the kernel's actions, and the threads that
 * returned, with their returns. All facts come from the machine: its steps, its event ring, its memory. `--json` prints
 * them unchanged; addresses are "0x...", sizes are bytes.
 */
import { PAGE_SIZE } from '../../../assembly/abi/machine.ts';
import { WRITE_READ_SIZE } from '../../../assembly/abi/wire.ts';
import type { Machine } from '../../machine.ts';
import { callBegin, callEnd } from '../../trace/call.ts';
import { EventRing, type TraceEvent } from '../../trace/events.ts';
import type { Step, WriteReadInput, WriteReadOutput } from '../../trace/journal.ts';
import { hexOfAddress } from '../../wire/hex.ts';

/** One action of the kernel in a call. Processes have names; addresses in `to` are the receiver's. */
export type Effect =
  | {
      /** A page of a mapping got a frame; `kernelAddress` is null when the kernel has no address for it. */
      kind: 'install';
      process: string;
      page: number;
      userAddress: string;
      frame: string;
      kernelAddress: string | null;
    }
  | {
      /** `reuse`: an idle page is used again. `retire`: no buffer touches the page any more. It stays mapped. */
      kind: 'reuse' | 'retire';
      process: string;
      page: number;
    }
  | {
      /** Bytes of a message were stored; `from` is null for bytes that the driver wrote itself: a translated object. */
      kind: 'copy';
      size: number;
      from: { process: string; address: string } | null;
      to: { process: string; address: string; physical: string };
    }
  | {
      /** An object in a message: the sender's name for it, and the receiver's. */
      kind: 'translate';
      from: { process: string; name: string };
      to: { process: string; name: string };
    };

/** A BINDER_WRITE_READ that returned to user space. */
export interface Returned {
  process: string;
  /** BR_ words with their fields. */
  words: string[];
  /** Bytes of copy_to_user: the words, and binder_write_read with the consumed sizes. */
  copiedToUser: number;
}

export interface CallFacts {
  /** Number of the step. */
  step: number;
  process: string;
  /** The call in strace's format; for BINDER_WRITE_READ only the name. */
  text: string;
  /** BC_ words with their fields. */
  words: string[];
  /** Bytes of copy_from_user: binder_write_read and the words; null for any other call. */
  copiedFromUser: number | null;
  effects: Effect[];
  /** Whether the caller sleeps in it. */
  parked: boolean;
  /** The threads that returned from BINDER_WRITE_READ: the caller, unless it sleeps, and woken threads. */
  returned: Returned[];
}

/** Watches a machine from its boot on, and records its actions. */
export class FactBook {
  readonly #machine: Machine;
  readonly #ring: EventRing;
  /** User addresses of the mappings, by pid. */
  readonly #mappings = new Map<number, number>();
  #calls: CallFacts[] = [];
  /** The events of all steps so far. */
  readonly events: TraceEvent[] = [];

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#ring = new EventRing(machine.guest);
    this.#ring.record(true);
    machine.on('step', (step) => this.#note(step));
  }

  /** The calls since the last `take`. */
  take(): CallFacts[] {
    const calls = this.#calls;
    this.#calls = [];
    return calls;
  }

  #note(step: Step): void {
    const events = this.#ring.take();
    this.events.push(...events);
    if (step.by === undefined || step.op === 'peek') return;
    if (step.op === 'mmap') this.#mappings.set(this.#machine.thread(step.by).home.pid, Number(step.out?.ret));
    const process = this.#processOf(step.by);
    const returned: Returned[] = [];
    if (step.op === 'wr' && step.out) returned.push(returnedBy(process, step.in, step.out, step.br));
    for (const { by, i, out, br } of step.woken ?? []) {
      const slept = this.#machine.journal.steps[i];
      if (slept?.op === 'wr') returned.push(returnedBy(this.#processOf(by), slept.in, out as WriteReadOutput, br));
    }
    this.#calls.push({
      step: step.i,
      process,
      text: textOf(step),
      words: step.bc ?? [],
      copiedFromUser: step.op === 'wr' ? WRITE_READ_SIZE + step.in.write_size - step.in.write_consumed : null,
      effects: this.#effectsOf(events),
      parked: step.parked === true,
      returned,
    });
  }

  #effectsOf(events: readonly TraceEvent[]): Effect[] {
    const effects: Effect[] = [];
    let receiver = '';
    for (const event of events) {
      if (event.name === 'transaction') receiver = this.#nameOf(event.args.dest_proc);
      const effect = this.#effectOf(event, receiver);
      if (effect !== null) effects.push(effect);
    }
    return effects;
  }

  /** @param receiver The receiver of the message. */
  #effectOf(event: TraceEvent, receiver: string): Effect | null {
    const sender = this.#nameOf(event.tid);
    switch (event.name) {
      case 'install': {
        const { proc, page_index, frame, kernel_address } = event.args;
        return {
          kind: 'install',
          process: this.#nameOf(proc),
          page: page_index,
          userAddress: hexOfAddress(this.#mapping(proc) + page_index * PAGE_SIZE),
          frame: hexOfAddress(frame),
          kernelAddress: kernel_address === 0n ? null : `0x${kernel_address.toString(16)}`,
        };
      }
      case 'alloc_lru':
      case 'free_lru': {
        const { proc, page_index } = event.args;
        return {
          kind: event.name === 'alloc_lru' ? 'reuse' : 'retire',
          process: this.#nameOf(proc),
          page: page_index,
        };
      }
      case 'copy': {
        const { proc, offset, target, size, source } = event.args;
        return {
          kind: 'copy',
          size,
          from: source === 0n ? null : { process: sender, address: `0x${source.toString(16)}` },
          to: {
            process: this.#nameOf(proc),
            address: hexOfAddress(this.#mapping(proc) + offset),
            physical: hexOfAddress(target),
          },
        };
      }
      case 'transaction_node_to_ref': {
        const { src_ptr, dest_desc } = event.args;
        return translated(sender, `object 0x${src_ptr.toString(16)}`, receiver, `handle ${dest_desc}`);
      }
      case 'transaction_ref_to_node': {
        const { src_desc, dest_ptr } = event.args;
        return translated(sender, `handle ${src_desc}`, receiver, `object 0x${dest_ptr.toString(16)}`);
      }
      case 'transaction_ref_to_ref': {
        const { src_desc, dest_desc } = event.args;
        return translated(sender, `handle ${src_desc}`, receiver, `handle ${dest_desc}`);
      }
      default:
        return null;
    }
  }

  #mapping(pid: number): number {
    return this.#mappings.get(pid) ?? 0;
  }

  /** The name of the process with a pid. */
  #nameOf(pid: number): string {
    return this.#machine.processes.find((process) => process.pid === pid)?.name ?? 'the kernel';
  }

  #processOf(thread: string): string {
    return this.#machine.thread(thread).home.name;
  }
}

function translated(sender: string, sent: string, receiver: string, received: string): Effect {
  return { kind: 'translate', from: { process: sender, name: sent }, to: { process: receiver, name: received } };
}

function textOf(step: Step): string {
  if (step.op === 'wr') return `ioctl(${step.in.fd}, BINDER_WRITE_READ)`;
  const { begin } = callBegin(step);
  return step.out ? `${begin}${callEnd(step, step.out, step.br)}` : begin;
}

function returnedBy(process: string, input: WriteReadInput, out: WriteReadOutput, br: string[] = []): Returned {
  const copiedToUser = WRITE_READ_SIZE + (out.read_consumed ?? 0) - input.read_consumed;
  return { process, words: br, copiedToUser };
}
