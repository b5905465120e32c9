/**
 * The event ring: events in the order in which they happen, as fixed-size records in static memory (abi/events). It is off
 * by default. While it is off an event costs one load and one branch. The host reads records
 * [max(0, head - EVENT_CAPACITY), head).
 */
import { EVENT_CAPACITY, EVENT_SIZE } from './abi/events';
import { RING_SIZE, ringHead, ringInit, ringPush } from './lib/ring';

@unmanaged
class Recording {
  enabled: bool;
  tid: i32; // current thread; 0 in deferred work
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

const recording = changetype<Recording>(memory.data(offsetof<Recording>(), 4));
const ring: usize = memory.data(RING_SIZE, 4);
const records: usize = memory.data(EVENT_CAPACITY * EVENT_SIZE, 8);

/** Turns recording on or off. The ring is initialised when recording is first turned on; until then its head is zero. */
export function traceEnable(enabled: bool): void {
  if (enabled && ringHead(ring) == 0) ringInit(ring, records, EVENT_CAPACITY, EVENT_SIZE);
  recording.enabled = enabled;
}

/** Sets the thread that later events name; 0 for deferred work. */
export function traceActor(tid: i32): void {
  recording.tid = tid;
}

export function traceHead(): u32 {
  return ringHead(ring);
}

/** Address of the first record. */
export function traceBase(): usize {
  return records;
}

/** Whether events are recorded. Callers ask before they compute arguments. */
export function tracing(): bool {
  return recording.enabled;
}

/** Records one event. Missing arguments are 0. */
export function trace(
  event: u32,
  a: u32 = 0,
  b: u32 = 0,
  c: u32 = 0,
  d: u32 = 0,
  e: u32 = 0,
  f: u32 = 0,
  g: u32 = 0,
): void {
  if (recording.enabled) recordSlowly(event, a, b, c, d, e, f, g);
}

function recordSlowly(event: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32): void {
  const slot = changetype<Event>(ringPush(ring));
  slot.event = event;
  slot.tid = recording.tid;
  slot.a = a;
  slot.b = b;
  slot.c = c;
  slot.d = d;
  slot.e = e;
  slot.f = f;
  slot.g = g;
  slot.h = 0;
}
