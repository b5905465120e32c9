/**
 * Errors of services while they served a call. A reply carries only a status; the reason is kept here until the caller reads
 * it, so that the caller's error can include it.
 */
import type { Guest } from '../guest/guest.ts';
import type { StatusError } from './status.ts';

interface Complaint {
  readonly callerPid: number;
  readonly error: StatusError;
}

/** Limit: the oldest complaints are dropped. */
const KEPT = 64;

const complaints = new WeakMap<Guest, Complaint[]>();

/** @param callerPid The process that receives the error's status. */
export function complain(guest: Guest, callerPid: number, error: StatusError): void {
  const list = complaints.get(guest) ?? [];
  list.push({ callerPid, error });
  if (list.length > KEPT) list.shift();
  complaints.set(guest, list);
}

/** Takes the reason of a status that a process received; undefined when unknown. */
export function takeComplaint(guest: Guest, callerPid: number, status: number): StatusError | undefined {
  const list = complaints.get(guest) ?? [];
  const index = list.findIndex((one) => one.callerPid === callerPid && one.error.status === status);
  return index < 0 ? undefined : list.splice(index, 1)[0]?.error;
}
