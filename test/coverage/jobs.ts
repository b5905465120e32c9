/** What the threads of `npm run coverage -- guest` do, piece by piece, and what they say of it. */
import type { JournalPath } from '../../host/cli/files.ts';
import type { FuzzShare } from './gather.ts';

/** One piece of work. */
export type Job =
  | { readonly kind: 'replay'; readonly journal: JournalPath }
  /** Another look at a recording: under each strategy, and with failures. The number chooses a strategy for those. */
  | { readonly kind: 'watch'; readonly journal: JournalPath; readonly number: number }
  | { readonly kind: 'fuzz'; readonly recordings: readonly JournalPath[]; readonly share: FuzzShare };

/** What came of a job, or how far it is. */
export interface News {
  /** Numbers of branches, since the last news. */
  readonly reached: readonly number[];
  /** A journal that did not come out as recorded. */
  readonly different: string | null;
  /** Steps of a share that are done; null at the end of a job. */
  readonly steps: number | null;
}
