/**
 * The kernel log: what the driver prints about refusals and losses, as fixed-size records in a ring in static memory
 * (abi/klog). A record has numbers only; the host has the texts. Lines are printed where something is refused, so the ring is
 * always on. The host reads records [max(0, head - KLOG_CAPACITY), head).
 */
import { KLOG_CAPACITY, KLOG_FIRST, KLOG_SIZE } from './abi/klog';

/** A line. Arguments that its printer does not set are 0. */
@unmanaged
export class KernelLine {
  line: u32; // KLOG_*
  pid: i32;
  tid: i32;
  a: u64;
  b: u64;
  c: u64;
  d: u64;
  e: u64;
  f: u64;
  g: u64;
  h: u64;
}

if (offsetof<KernelLine>() != KLOG_SIZE) ERROR('KernelLine');
if (offsetof<KernelLine>('a') != KLOG_FIRST) ERROR('KernelLine.a');

@unmanaged
class KernelLog {
  head: u32; // number of lines ever printed, and of the next one
}

if (KLOG_CAPACITY & (KLOG_CAPACITY - 1)) ERROR('KLOG_CAPACITY');

const log = changetype<KernelLog>(memory.data(offsetof<KernelLog>(), 4));
const records: usize = memory.data(KLOG_CAPACITY * KLOG_SIZE, 8);

/** Prints a line. The caller may set further arguments. */
export function klog(line: u32, pid: i32 = 0, tid: i32 = 0, a: u64 = 0, b: u64 = 0, c: u64 = 0): KernelLine {
  const record = changetype<KernelLine>(records + (log.head & (KLOG_CAPACITY - 1)) * KLOG_SIZE);
  log.head++;
  record.line = line;
  record.pid = pid;
  record.tid = tid;
  record.a = a;
  record.b = b;
  record.c = c;
  record.d = 0; // cheaper than a fill, for the line that every wait of an ordinary user prints
  record.e = 0;
  record.f = 0;
  record.g = 0;
  record.h = 0;
  return record;
}

/** Address of the number of lines ever printed. */
export function klogHead(): usize {
  return changetype<usize>(log);
}

/** Address of the first record. */
export function klogBase(): usize {
  return records;
}
