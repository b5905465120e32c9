/**
 * The event ring: what happened, in order, as fixed-size records in static memory (abi/events). Off by default; when it
 * is off an event costs one load and one branch. The host reads records [max(0, head - EVENT_CAPACITY), head).
 */
import { EVENT_CAPACITY, EVENT_SIZE } from './abi/events';

@unmanaged
class Ring {
  enabled: bool;
  tid: i32; // thread that acts; 0 in deferred work
  head: u32; // records written since boot
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

const ring = changetype<Ring>(memory.data(offsetof<Ring>(), 4));
const records: usize = memory.data(EVENT_CAPACITY * EVENT_SIZE, 8);

export function traceEnable(enabled: bool): void {
  ring.enabled = enabled;
}

/** Names the thread in whose context the following events happen. */
export function traceActor(tid: i32): void {
  ring.tid = tid;
}

export function traceHead(): u32 {
  return ring.head;
}

/** Address of the first record. */
export function traceBase(): usize {
  return records;
}

/** Whether events are recorded; for callers that would have to compute arguments. */
export function tracing(): bool {
  return ring.enabled;
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
  if (ring.enabled) recordSlowly(event, a, b, c, d, e, f, g);
}

function recordSlowly(event: u32, a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32): void {
  const slot = changetype<Event>(records + (ring.head % EVENT_CAPACITY) * EVENT_SIZE);
  slot.event = event;
  slot.tid = ring.tid;
  slot.a = a;
  slot.b = b;
  slot.c = c;
  slot.d = d;
  slot.e = e;
  slot.f = f;
  slot.g = g;
  slot.h = 0;
  ring.head++;
}
