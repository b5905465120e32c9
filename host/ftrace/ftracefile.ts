/**
 * A trace as /sys/kernel/tracing/trace shows it, with the option record-tgid. Slices of our own have no place in it.
 *
 *     client-1000    (   1000) [000] .....   100.000004000: binder_transaction: transaction=7 dest_node=3 ...
 *     comm-tid       (tgid)    [cpu] flags   seconds        tracepoint
 */
import type { CounterValue } from './counters.ts';
import type { TracedTask } from './task.ts';
import type { TraceFile } from './tracefile.ts';
import type { Tracepoint } from './tracepoint.ts';

const COMM_WIDTH = 16;
const TID_WIDTH = 7;
const SECONDS_WIDTH = 5;
const NS_PER_S = 1_000_000_000;
const NS_DIGITS = 9;
const NO_TGID = '-------';

export class FtraceFile implements TraceFile {
  readonly #lines: string[] = [];
  #entries = 0;
  #lost = 0;

  tracepoint(ns: number, by: TracedTask, { name, text }: Tracepoint): void {
    this.#entry(ns, by, `${name}: ${text}`);
  }

  count(ns: number, by: TracedTask, _: TracedTask, { pid, name, value }: CounterValue): void {
    this.#entry(ns, by, `tracing_mark_write: C|${pid}|${name}|${value}`);
  }

  begin(): void {}

  end(): void {}

  lose(events: number): void {
    this.#lost += events;
    this.#lines.push(`CPU:0 [LOST ${events} EVENTS]`);
  }

  bytes(): Uint8Array {
    const head = [
      '# tracer: nop',
      '#',
      `# entries-in-buffer/entries-written: ${this.#entries}/${this.#entries + this.#lost}   #P:1`,
      '#',
      '#           TASK-PID       TGID   CPU#          TIMESTAMP  FUNCTION',
      '#              | |           |      |                   |  |',
    ];
    return new TextEncoder().encode(`${[...head, ...this.#lines].join('\n')}\n`);
  }

  #entry(ns: number, { comm, tid, tgid }: TracedTask, what: string): void {
    const who = `${(tid === 0 ? '<idle>' : comm).padStart(COMM_WIDTH)}-${String(tid).padEnd(TID_WIDTH)}`;
    const group = tgid === null ? NO_TGID : String(tgid).padStart(TID_WIDTH);
    const seconds = String(Math.floor(ns / NS_PER_S)).padStart(SECONDS_WIDTH);
    const fraction = String(ns % NS_PER_S).padStart(NS_DIGITS, '0');
    this.#entries++;
    this.#lines.push(`${who} (${group}) [000] ..... ${seconds}.${fraction}: ${what}`);
  }
}
