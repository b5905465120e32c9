/**
 * A run in strace's format: one line a system call, prefixed with its thread. Owns the lines, and remembers which
 * thread is parked in which call, since a call that sleeps has two lines:
 *
 *     2000<A.0>  ioctl(3, BINDER_WRITE_READ, {write_size=68, [BC_TRANSACTION ...], read_size=256 <unfinished ...>
 *     1000<SM.0> <... ioctl resumed> write_consumed=4, read_consumed=72, [BR_NOOP, BR_TRANSACTION ...]}) = 0
 *
 * Steps that are not system calls (memory access, signals, start and end of processes) have lines of the same form.
 */
import { checkNames } from '../wire/forms.ts';
import type { Field } from '../wire/kinds.ts';
import { INPUTS, OUTPUTS } from '../wire/operations.ts';
import { callBegin, callEnd, injectionText } from './call.ts';
import { hexDump } from './hexdump.ts';
import type { DumpOutput, Step, StepInput, StepOf, Woken } from './journal.ts';

export interface StraceOptions {
  /** Adds the bytes of inputs and outputs after each line, sixteen a row. */
  bytes?: boolean;
}

/** The driver may not raise the priority of any thread of an ordinary user. This is no mistake of the program. */
const ROUTINE = /RLIMIT_NICE not set$/;

/** Whether a line of the kernel log says something about the program. */
export function isNews(line: string): boolean {
  return !ROUTINE.test(line);
}

/** Turns steps into lines. It needs every step from the start, or from a `begin` of each thread: steps make and park them. */
export class Strace {
  readonly #bytes: boolean;
  readonly #tids = new Map<string, number>();
  readonly #parked = new Map<string, StepInput>();
  readonly #shown = new Set<string>();
  #width = 0;

  constructor(options: StraceOptions = {}) {
    checkNames('Strace', options, ['bytes']);
    this.#bytes = options.bytes ?? false;
  }

  /** @internal A thread that the steps before made. @param parkedIn The step of the call that it sleeps in; null while it is awake. */
  begin(thread: string, tid: number, parkedIn: StepInput | null): void {
    this.#tids.set(thread, tid);
    this.line(thread, ''); // it makes room for the name
    if (parkedIn !== null) this.#parked.set(thread, parkedIn);
  }

  /** The lines of one step: the call itself, then the parked calls that it finished, in order of completion. */
  lines(step: Step): string[] {
    const acting = this.#acting(step);
    const woken = [...(step.woken ?? [])].sort((one, other) => one.order - other.order);
    return [...acting, ...woken.flatMap((entry) => this.#resumed(entry)), ...this.#printed(step.klog ?? [])];
  }

  #acting(step: Step): string[] {
    switch (step.op) {
      case 'proc':
        this.#tids.set(`${step.in.name}.0`, step.in.pid);
        return [this.started(step.in)];
      case 'spawn':
        this.#tids.set(step.in.thread, step.in.tid);
        return this.#call(step);
      case 'fork':
        this.#tids.set(`${step.in.name}.0`, step.in.pid);
        return this.#call(step);
      case 'texit': {
        const line = this.line(step.by, 'exit(0) = ?');
        this.#forget(step.by);
        return [line];
      }
      case 'exit':
        return [this.line(step.by, 'exit_group(0) = ?'), ...this.#ended(processOf(step.by), 'exited with 0')];
      case 'kill':
        return this.#ended(step.in.proc, 'killed by SIGKILL');
      case 'signal':
        return [this.line(step.in.thread, '--- SIGUSR1 {a handler that does nothing, no SA_RESTART} ---')];
      case 'await':
        return [this.line(step.in.thread, `--- time passes, at most ${step.in.ms} ms ---`)];
      case 'dump':
        return this.#dump(step.in.file, step.out);
      case 'shrink':
        return [`# the shrinker may take ${step.in.pages} pages, and took ${step.out?.ret ?? '?'}`];
      case 'note':
        return [`# ${step.in.text ?? ''}`.trimEnd()];
      case 'inject':
        return [`# ${injectionText(step.in)}`];
      default:
        return this.#call(step);
    }
  }

  protected started({ name, uid }: StepOf<'proc'>['in']): string {
    return this.line(`${name}.0`, `+++ started, uid ${uid} +++`);
  }

  #call(step: Step): string[] {
    if (step.parked) this.#parked.set(step.by ?? '', step);
    const lines = this.callLines(step);
    return this.#bytes
      ? [...lines, ...dumped(INPUTS[step.op], step.in, '  > '), ...dumped(OUTPUTS[step.op], step.out, '  < ')]
      : lines;
  }

  /** A call by a thread: complete, or up to the point where it sleeps. */
  protected callLines(step: Step): string[] {
    const { begin } = callBegin(step, step.bc);
    const end = step.parked ? ' <unfinished ...>' : step.out ? callEnd(step, step.out, step.br) : ') = ?';
    return [this.line(step.by ?? '', begin + end)];
  }

  #resumed(entry: Woken): string[] {
    const input = this.#parked.get(entry.by);
    if (input === undefined) return [];
    this.#parked.delete(entry.by);
    const lines = this.resumedLines(entry, input);
    return this.#bytes ? [...lines, ...dumped(OUTPUTS[input.op], entry.out, '  < ')] : lines;
  }

  /** The end of a parked call. @param input The step that began it. */
  protected resumedLines(entry: Woken, input: StepInput): string[] {
    const end = callEnd(input, entry.out, entry.br);
    return [this.line(entry.by, `<... ${callBegin(input).name} resumed> ${end.replace(/^, /, '')}`)];
  }

  /** Lines for every thread of an ended process. Their parked calls never return. */
  #ended(process: string, how: string): string[] {
    const lines: string[] = [];
    for (const thread of [...this.#tids.keys()].filter((name) => processOf(name) === process)) {
      const parked = this.#parked.get(thread);
      if (parked) lines.push(this.line(thread, `<... ${callBegin(parked).name} resumed>) = ?`));
      lines.push(this.line(thread, `+++ ${how} +++`));
      this.#forget(thread);
    }
    return lines;
  }

  /** Lines of the kernel log. Some are printed at each read, so one that was shown before is left out. */
  #printed(klog: readonly string[]): string[] {
    const fresh = klog.filter((line) => !this.#shown.has(line) && isNews(line));
    for (const line of fresh) this.#shown.add(line);
    return fresh.map((line) => this.kernelLine(line));
  }

  protected kernelLine(line: string): string {
    return `# ${line}`;
  }

  #dump(file: string, out: DumpOutput | undefined): string[] {
    const name = `/sys/kernel/debug/binder/${file}`;
    if (!out) return [`# ${name}`];
    if (!out.exists) return [`# ${name}: does not exist`];
    if (out.cut || out.text === null) return [`# ${name}: not known to be whole`];
    return [`# ${name}:`, ...out.text.trimEnd().split('\n')];
  }

  #forget(thread: string): void {
    this.#parked.delete(thread);
    this.#tids.delete(thread);
  }

  protected line(thread: string, text: string): string {
    return `${this.padded(`${this.#tids.get(thread) ?? '?'}<${thread}>`)} ${text}`;
  }

  /** Padded to the width of the widest so far. */
  protected padded(who: string): string {
    this.#width = Math.max(this.#width, who.length);
    return who.padEnd(this.#width);
  }
}

/** A thread's process: `A` for `A.0`. */
function processOf(thread: string): string {
  return thread.slice(0, thread.lastIndexOf('.'));
}

/** The fields that are bytes of user memory. */
function dumped(known: ReadonlyMap<string, Field>, fields: object | undefined, prefix: string): string[] {
  return [...known.values()]
    .filter(({ named }) => named === 'data')
    .flatMap(({ name }) => hexDump((fields as Readonly<Record<string, string>> | undefined)?.[name] ?? '', prefix));
}
