/** A moment: what the pictures are made of. Pictures are plain data; making one changes nothing. */
import type { Inspector } from '../inspect/inspector.ts';
import type { Names } from '../inspect/tables/names.ts';
import type { TraceEvent } from '../trace/events.ts';
import type { Step } from '../trace/journal.ts';
import type { Sending } from './sending.ts';

export interface Moment {
  readonly inspect: Inspector;
  readonly names: Names;
  /** The step performed last; null at the start. */
  readonly step: Step | null;
  /** Events of that step. */
  readonly events: readonly TraceEvent[];
  /** How a message was sent; null when that is not known. */
  readonly sendingOf: (transaction: number) => Sending | null;
}
