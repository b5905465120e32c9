/**
 * The event ring: events in the order in which they happen, as fixed-size records in static memory (abi/events). It is off
 * by default. While it is off an event costs one load and one branch; in builds for speed the host patches both away. The host
 * reads records [max(0, head - EVENT_CAPACITY), head).
 */
import { EVENT_CAPACITY, EVENT_SIZE } from './abi/events';

@unmanaged
class Recording {
  enabled: bool;
  faults: bool; // page faults, too
  actor: i32; // tid of the current thread; 0 in deferred work
  head: u32; // number of records ever written: the next one's
}

@unmanaged
class Event {
  event: u32;
  tid: i32;
  a: u32;
  b: u32;
  c: u32;
  d: u32;
  e: u32;
  f: u32;
  g: u32;
  h: u32;
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
  recording.actor = tid;
}

export function traceActorTid(): i32 {
  return recording.actor;
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

/** Records an event with up to two arguments, as most have. A missing one is 0. */
export function trace(event: u32, a: u32 = 0, b: u32 = 0): void {
  if (recording.enabled) record(event, a, b);
}

/** Records an event with more arguments. A missing one is 0. */
export function traceLong(event: u32, a: u32, b: u32, c: u32, d: u32 = 0, e: u32 = 0, f: u32 = 0, g: u32 = 0): void {
  if (recording.enabled) recordLong(event, a, b, c, d, e, f, g);
}

/** `trace` for those who have asked whether events are recorded. After its arguments a record holds what was there before. */
export function record(event: u32, a: u32 = 0, b: u32 = 0): void {
  const next = nextRecord(event);
  next.a = a;
  next.b = b;
}

/** `traceLong` for those who have asked. */
export function recordLong(event: u32, a: u32, b: u32, c: u32, d: u32 = 0, e: u32 = 0, f: u32 = 0, g: u32 = 0): void {
  const next = nextRecord(event);
  next.a = a;
  next.b = b;
  next.c = c;
  next.d = d;
  next.e = e;
  next.f = f;
  next.g = g;
}

/** The oldest record, to be overwritten. */
function nextRecord(event: u32): Event {
  assert(recording.enabled, 'nextRecord: tracing is off');
  const head = recording.head;
  recording.head = head + 1;
  const record = changetype<Event>(records + <usize>(head & (EVENT_CAPACITY - 1)) * EVENT_SIZE);
  record.event = event;
  record.tid = recording.actor;
  return record;
}
