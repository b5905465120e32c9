/**
 * A trace as /sys/kernel/tracing/trace shows it, with the option record-tgid. Slices of our own have no place in it.
 *
 *     client-1000    (   1000) [000] .....   100.000004000: binder_transaction: transaction=7 dest_node=3 ...
 *     comm-tid       (tgid)    [cpu] flags   seconds        tracepoint
 */
import type { CounterValue } from './counters.ts';
import type { TracedTask } from './task.ts';
import { PIECE, type TraceFile, type TraceSink } from './tracefile.ts';
import type { Tracepoint } from './tracepoint.ts';

const COMM_WIDTH = 16;
const TID_WIDTH = 7;
const SECONDS_WIDTH = 5;
const NS_PER_S = 1_000_000_000;
const NS_DIGITS = 9;
const NO_TGID = '-------';
/** The head says how many entries follow, so it is written once more at the end. This is room for any two numbers. */
const COUNTS_WIDTH = 33;
const utf8 = new TextEncoder();

export class FtraceFile implements TraceFile {
  /** Lines that are not written yet. */
  #text = '';
  #entries = 0;
  #lost = 0;

  constructor(private readonly sink: TraceSink) {
    sink.write(this.#head());
  }

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
    this.#line(`CPU:0 [LOST ${events} EVENTS]`);
  }

  close(): void {
    this.#flush();
    this.sink.overwrite(this.#head());
  }

  #head(): Uint8Array {
    const counts = `${this.#entries}/${this.#entries + this.#lost}`.padEnd(COUNTS_WIDTH);
    const lines = [
      '# tracer: nop',
      '#',
      `# entries-in-buffer/entries-written: ${counts}   #P:1`,
      '#',
      '#           TASK-PID       TGID   CPU#          TIMESTAMP  FUNCTION',
      '#              | |           |      |                   |  |',
    ];
    return utf8.encode(`${lines.join('\n')}\n`);
  }

  #entry(ns: number, { comm, tid, tgid }: TracedTask, what: string): void {
    const who = `${(tid === 0 ? '<idle>' : comm).padStart(COMM_WIDTH)}-${String(tid).padEnd(TID_WIDTH)}`;
    const group = tgid === null ? NO_TGID : String(tgid).padStart(TID_WIDTH);
    const seconds = String(Math.floor(ns / NS_PER_S)).padStart(SECONDS_WIDTH);
    const fraction = String(ns % NS_PER_S).padStart(NS_DIGITS, '0');
    this.#entries++;
    this.#line(`${who} (${group}) [000] ..... ${seconds}.${fraction}: ${what}`);
  }

  #line(line: string): void {
    this.#text += `${line}\n`;
    if (this.#text.length >= PIECE) this.#flush();
  }

  #flush(): void {
    this.sink.write(utf8.encode(this.#text));
    this.#text = '';
  }
}
