/** One slice for each system call, from its entry to its return, with its inputs, its result, and what it copied. */
import { callBegin } from '../trace/call.ts';
import type { TraceEvent } from '../trace/events.ts';
import type { Output, Step, WriteReadInput, WriteReadOutput } from '../trace/journal.ts';
import type { Op } from '../wire/operations.ts';
import type { TracedTask } from './task.ts';
import type { Facts, TraceFile, Track } from './tracefile.ts';

/** Operations of a thread that are no system calls. */
const ACCESSES: ReadonlySet<Op> = new Set<Op>(['poke', 'fill', 'peek']);

interface OpenCall {
  readonly track: Track;
  readonly step: Step;
  /** Bytes of messages that it has copied. */
  copied: number;
}

export class Calls {
  /** By tid. */
  readonly #open = new Map<number, OpenCall>();

  constructor(private readonly file: TraceFile) {}

  begin(ns: number, task: TracedTask, step: Step): void {
    if (ACCESSES.has(step.op)) return;
    const track: Track = { key: `calls ${task.tid} ${task.comm}`, name: 'system calls', of: 'thread', owner: task };
    this.#open.set(task.tid, { track, step, copied: 0 });
    this.file.begin(ns, track, nameOf(step), givenTo(step));
  }

  note(tid: number, event: TraceEvent): void {
    const call = this.#open.get(tid);
    if (call !== undefined && event.name === 'copy') call.copied += event.args.size;
  }

  /** A call returns, or ends with its thread. */
  end(ns: number, tid: number, out: Output | undefined, returns: readonly string[] | undefined): void {
    const call = this.#open.get(tid);
    if (call === undefined) return;
    this.#open.delete(tid);
    this.file.end(ns, call.track, { ...resultOf(call.step, out, returns), 'bytes of messages copied': call.copied });
  }
}

function nameOf(step: Step): string {
  if (step.op === 'wr') return 'BINDER_WRITE_READ';
  return (step.op === 'ioctl' ? step.in.name : null) ?? callBegin(step).name;
}

function givenTo(step: Step): Facts {
  if (step.op !== 'wr') return { step: step.i, call: `${callBegin(step).begin})` };
  const { write_size, read_size } = step.in;
  return { step: step.i, write_size, read_size, commands: (step.bc ?? []).join('; ') };
}

function resultOf({ op, in: input }: Step, out: Output | undefined, returns: readonly string[] = []): Facts {
  if (out === undefined) return {};
  const { ret, errno } = out as { readonly ret: number | string; readonly errno?: string };
  const result: Facts = errno === undefined ? { ret } : { ret, errno };
  if (op !== 'wr') return result;
  const given = input as WriteReadInput;
  const { write_consumed, read_consumed } = out as WriteReadOutput;
  return {
    ...result,
    'bytes of commands read': (write_consumed ?? given.write_consumed) - given.write_consumed,
    'bytes of returns written': (read_consumed ?? given.read_consumed) - given.read_consumed,
    returns: returns.join('; '),
  };
}
