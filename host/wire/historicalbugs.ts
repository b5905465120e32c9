/** The published faults of earlier binder drivers that a machine can be booted with, by their numbers in the list of CVEs. */
import * as history from '../../assembly/abi/history.ts';
import { BinderlabError } from './error.ts';

const BUGS = {
  /** BINDER_THREAD_EXIT frees a binder_thread whose wait queue an epoll instance is still in. */
  'CVE-2019-2215': history.BUG_THREAD_EXIT_EPOLL,
  /** The parent of a buffer object may be an object that was not verified. */
  'CVE-2020-0041': history.BUG_UNVERIFIED_PARENT,
  /** The copy of what is between two objects overwrites the offsets. */
  'CVE-2024-46740': history.BUG_GAP_OVER_OFFSETS,
  /** A thread that polls is not woken for work that it queues itself. */
  'CVE-2024-26606': history.BUG_OWN_WORK_UNPOLLED,
  /** The release of a node walks a list of deaths from which another release has taken one. */
  'CVE-2025-68260': history.BUG_DEATHS_MOVED,
} as const;

export type HistoricalBug = keyof typeof BUGS;

export const HISTORICAL_BUGS = Object.keys(BUGS) as readonly HistoricalBug[];

/** @throws BinderlabError for a name that is none. */
export function bugBits(names: readonly HistoricalBug[]): number {
  return names.reduce((bits, name) => bits | bugBit(name), 0);
}

function bugBit(name: HistoricalBug): number {
  if (Object.hasOwn(BUGS, name)) return BUGS[name];
  throw new BinderlabError(`no historical bug is called "${String(name)}"; there are ${HISTORICAL_BUGS.join(', ')}.`);
}
