/**
 * The event ring: events in the order in which they happen, as fixed-size records in static memory (abi/events). It is off
 * by default. While it is off an event costs one load and one branch. The host reads records
 * [max(0, head - EVENT_CAPACITY), head).
 */
import { EVENT_CAPACITY, EVENT_SIZE } from './abi/events';

@unmanaged
class Recording {
  enabled: bool;
  faults: bool; // page faults, too
  actor: u64; // tid of the current thread, in the upper half; 0 in deferred work
  head: u32; // number of records ever written: the next one's
}

/** A record as five words of 64 bits: a record costs as much as its stores. */
@unmanaged
class Event {
  what: u64; // event, tid
  ab: u64;
  cd: u64;
  ef: u64;
  gh: u64;
}

const recording = changetype<Recording>(memory.data(offsetof<Recording>(), 8));
const records: usize = memory.data(EVENT_CAPACITY * EVENT_SIZE, 8);

if ((EVENT_CAPACITY & (EVENT_CAPACITY - 1)) != 0 || offsetof<Event>() != EVENT_SIZE) ERROR('Event');

/** Turns recording on or off. @param faults whether page faults are recorded, too: there may be one for each page of a message */
export function traceEnable(enabled: bool, faults: bool): void {
  recording.enabled = enabled;
  recording.faults = faults;
}

/** Sets the thread that later events name; 0 for deferred work. */
export function traceActor(tid: i32): void {
  recording.actor = (<u64>tid) << 32;
}

export function traceActorTid(): i32 {
  return <i32>(recording.actor >> 32);
}

export function traceHead(): u32 {
  return recording.head;
}

/** Forgets the records from number `head` on. A host that puts their memory back leaves no sign that it recorded. */
export function traceRewind(head: u32): void {
  recording.head = head;
}

/** Address of the first record. */
export function traceBase(): usize {
  return records;
}

/** Whether page faults are recorded. */
export function tracingFaults(): bool {
  return recording.faults;
}

/** Whether events are recorded. Callers ask before they compute arguments. */
export function tracing(): bool {
  return recording.enabled;
}

/**
 * Records an event with up to two arguments, as most have. A missing one is 0. After its arguments a record holds what was
 * there before. Only the check is inlined: the stores, at each of some forty places, would slow a call that is not traced.
 */
export function trace(event: u32, a: u32 = 0, b: u32 = 0): void {
  if (recording.enabled) recordSlowly(event, a, b);
}

function recordSlowly(event: u32, a: u32, b: u32): void {
  nextRecord(event).ab = pair(a, b);
}

/** Records an event with more arguments. A missing one is 0. */
export function traceLong(event: u32, a: u32, b: u32, c: u32, d: u32 = 0, e: u32 = 0, f: u32 = 0, g: u32 = 0): void {
  if (recording.enabled) recordLongSlowly(event, a, b, c, d, e, f, g);
}

function recordLongSlowly(event: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32): void {
  recordLong(event, a, b, c, d, e, f, g);
}

/** The same, inlined, for a function that is called only while `tracing()`. */
export function recordLong(event: u32, a: u32, b: u32, c: u32, d: u32 = 0, e: u32 = 0, f: u32 = 0, g: u32 = 0): void {
  assert(recording.enabled, 'recordLong: tracing is off');
  const record = nextRecord(event);
  record.ab = pair(a, b);
  record.cd = pair(c, d);
  record.ef = pair(e, f);
  record.gh = g;
}

/** The oldest record, to be overwritten. */
function nextRecord(event: u32): Event {
  const head = recording.head;
  recording.head = head + 1;
  const record = changetype<Event>(records + <usize>(head & (EVENT_CAPACITY - 1)) * EVENT_SIZE);
  record.what = recording.actor | <u64>event;
  return record;
}

function pair(low: u32, high: u32): u64 {
  return <u64>low | ((<u64>high) << 32);
}
