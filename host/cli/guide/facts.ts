/**
 * What the guided first call tells, as facts: for each system call what it said, what the kernel did because of it, and
 * who returned with what. Everything is read off the machine: its steps, its event ring, its memory. `--json` prints
 * them as they are; addresses are "0x...", sizes are bytes.
 */
import { PAGE_SIZE } from '../../../assembly/abi/machine.ts';
import { WRITE_READ_SIZE } from '../../../assembly/abi/wire.ts';
import type { Machine } from '../../machine.ts';
import { callBegin, callEnd } from '../../trace/call.ts';
import { EventRing, type TraceEvent } from '../../trace/events.ts';
import type { Step, WriteReadInput, WriteReadOutput } from '../../trace/journal.ts';
import { hexOfAddress } from '../../wire/hex.ts';

/** One thing that the kernel did inside of a call. Processes are named; addresses in `to` are the receiver's. */
export type Effect =
  | {
      /** A page of a mapping got its memory; `kernelAddress` is null where the kernel has no address for it. */
      kind: 'install';
      process: string;
      page: number;
      userAddress: string;
      frame: string;
      kernelAddress: string | null;
    }
  | {
      /** A page that no buffer touched is used again, or a page is left without a buffer. It stays mapped. */
      kind: 'reuse' | 'retire';
      process: string;
      page: number;
    }
  | {
      /** Bytes of a message were stored; `from` is null where the driver itself wrote them: an object, translated. */
      kind: 'copy';
      size: number;
      from: { process: string; address: string } | null;
      to: { process: string; address: string; physical: string };
    }
  | {
      /** An object in a message: what its sender calls it, and what its receiver does. */
      kind: 'translate';
      from: { process: string; name: string };
      to: { process: string; name: string };
    };

/** A BINDER_WRITE_READ that came back to user space. */
export interface Returned {
  process: string;
  /** BR_ words with their fields. */
  words: string[];
  /** Bytes that passed through copy_to_user: the words, and binder_write_read with what was consumed. */
  copiedToUser: number;
}

export interface CallFacts {
  /** Number of the step. */
  step: number;
  process: string;
  /** The call as strace prints it; of BINDER_WRITE_READ the name alone. */
  text: string;
  /** BC_ words with their fields. */
  words: string[];
  /** Bytes that passed through copy_from_user: binder_write_read and the words; null of any other call. */
  copiedFromUser: number | null;
  effects: Effect[];
  /** Whether the caller went to sleep in it. */
  parked: boolean;
  /** Who came back from BINDER_WRITE_READ: the caller, if it did not sleep, and those who were asleep. */
  returned: Returned[];
}

/** Watches a machine from its boot on, and writes down what it does. */
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

  /** The calls since the last time this was asked. */
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

  /** @param receiver Who the message is for that is being sent. */
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

  /** The process of a pid, or of its main thread. */
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
