/** What a trace consists of, whatever the form of its file. Times are nanoseconds of the trace's clock. */
import type { CounterValue } from './counters.ts';
import type { TracedTask } from './task.ts';
import type { Tracepoint } from './tracepoint.ts';

/** A row of slices under a thread or a process. Slices of tracks with different keys may overlap. */
export interface Track {
  readonly key: string;
  readonly name: string;
  readonly of: 'thread' | 'process';
  readonly owner: TracedTask;
  /** Whether it has one slice, so that nothing has to be kept of it after that. */
  readonly isSingle?: boolean;
}

/** What is known of a slice, by name. */
export type Facts = Readonly<Record<string, string | number>>;

/** Where a trace goes, piece by piece. */
export interface TraceSink {
  /** Appends bytes. */
  write(bytes: Uint8Array): void;
  /** Replaces the first bytes. */
  overwrite(bytes: Uint8Array): void;
}

/** A piece is written at this size, bytes. */
export const PIECE = 1 << 16;

export interface TraceFile {
  /** A tracepoint that a thread has passed. */
  tracepoint(ns: number, by: TracedTask, point: Tracepoint): void;
  /** A counter has a new value. @param by The running thread. @param owner A thread of the counter's process. */
  count(ns: number, by: TracedTask, owner: TracedTask, counted: CounterValue): void;
  begin(ns: number, track: Track, name: string, facts: Facts): void;
  end(ns: number, track: Track, facts: Facts): void;
  /** Events were overwritten before they were read. */
  lose(events: number): void;
  /** Writes what is left. */
  close(): void;
}
