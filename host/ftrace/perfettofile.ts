/**
 * A trace in Perfetto's protobuf: the kernel's tracepoints as bundles of ftrace events, and tracks of our own. Numbers are
 * those of the fields of Perfetto's messages, whose names stand beside them.
 *
 *     Trace = TracePacket*
 *     TracePacket = FtraceEventBundle | FtraceStats | TrackDescriptor | TrackEvent
 */
import type { CounterValue } from './counters.ts';
import { ProtobufMessage } from './protobuf.ts';
import type { TracedTask } from './task.ts';
import { type Facts, PIECE, type TraceFile, type TraceSink, type Track } from './tracefile.ts';
import type { Tracepoint } from './tracepoint.ts';

const TRACE_PACKET = 1;
/** TracePacket. */
const PACKET = {
  ftraceEvents: 1,
  timestamp: 8,
  sequenceId: 10,
  trackEvent: 11,
  sequenceFlags: 13,
  ftraceStats: 34,
  trackDescriptor: 60,
} as const;
/** FtraceEventBundle. */
const BUNDLE = { cpu: 1, event: 2, lostEvents: 3 } as const;
/** FtraceEvent. */
const EVENT = { timestamp: 1, pid: 2, generic: 327 } as const;
/** GenericFtraceEvent, and its Field. */
const GENERIC = { name: 1, field: 2 } as const;
const FIELD = { name: 1, text: 3, signed: 4, unsigned: 5 } as const;
/** FtraceStats, and FtraceCpuStats. */
const STATS = { phase: 1, cpu: 2 } as const;
const CPU_STATS = { cpu: 1, entries: 2, overrun: 3 } as const;
const END_OF_TRACE = 2;
/** TrackDescriptor, and what it describes. */
const TRACK = { uuid: 1, name: 2, process: 3, thread: 4, parent: 5, counter: 8 } as const;
const PROCESS = { pid: 1, name: 6 } as const;
const THREAD = { pid: 1, tid: 2, name: 5 } as const;
const COUNTER = { unit: 3 } as const;
const UNITS = { count: 2, bytes: 3 } as const;
/** TrackEvent, and DebugAnnotation. */
const TRACK_EVENT = { annotation: 4, type: 9, track: 11, name: 23, counterValue: 30 } as const;
const TYPE = { begin: 1, end: 2, counter: 4 } as const;
const ANNOTATION = { number: 4, text: 6, name: 10 } as const;
const STATE_CLEARED = 1;
/** The writer of all packets. */
const SEQUENCE = 1;
const BUNDLE_EVENTS_MAX = 1000;

/** Tracepoints that have a message of their own: its field of FtraceEvent, and its fields by the kernel's names. */
const MESSAGES: Readonly<Record<string, readonly [field: number, fields: Readonly<Record<string, number>>]>> = {
  sched_switch: [
    4,
    { prev_comm: 1, prev_pid: 2, prev_prio: 3, prev_state: 4, next_comm: 5, next_pid: 6, next_prio: 7 },
  ],
  sched_waking: [20, { comm: 1, pid: 2, prio: 3, target_cpu: 5 }],
  binder_transaction: [50, { transaction: 1, dest_node: 2, dest_proc: 3, dest_thread: 4, reply: 5, code: 6, flags: 7 }],
  binder_transaction_received: [51, { transaction: 1 }],
  binder_transaction_alloc_buf: [323, { data_size: 1, transaction: 2, offsets_size: 3, extra_buffers_size: 4 }],
  binder_command: [485, { cmd: 1 }],
  binder_return: [486, { cmd: 1 }],
};

type Write = (message: ProtobufMessage) => void;

export class PerfettoFile implements TraceFile {
  /** Packets that are not written yet. */
  #trace = new ProtobufMessage();
  /** Events of the bundle in progress, and whether some were lost before it. */
  #bundle: Write[] = [];
  #bundleLost = false;
  #entries = 0;
  #lost = 0;
  /** By the key of a track; and the number of the last one. */
  readonly #uuids = new Map<string, number>();
  #uuid = 0;

  constructor(private readonly sink: TraceSink) {
    this.#packet((packet) => packet.number(PACKET.sequenceFlags, STATE_CLEARED));
  }

  tracepoint(ns: number, by: TracedTask, point: Tracepoint): void {
    this.#threadTrack(by);
    this.#entries++;
    this.#bundle.push((bundle) =>
      bundle.message(BUNDLE.event, (event) => {
        event.number(EVENT.timestamp, ns).number(EVENT.pid, by.tid);
        writePoint(event, point);
      }),
    );
    if (this.#bundle.length === BUNDLE_EVENTS_MAX) this.#flush();
  }

  count(ns: number, _: TracedTask, owner: TracedTask, { name, value, unit }: CounterValue): void {
    const track = this.#describe(`counter ${owner.tgid} ${name}`, (descriptor) =>
      descriptor
        .text(TRACK.name, name)
        .number(TRACK.parent, this.#processTrack(owner))
        .message(TRACK.counter, (counter) => counter.number(COUNTER.unit, UNITS[unit])),
    );
    this.#event(ns, track, TYPE.counter, (event) => event.number(TRACK_EVENT.counterValue, value));
  }

  begin(ns: number, track: Track, name: string, facts: Facts): void {
    this.#event(ns, this.#track(track), TYPE.begin, (event) => annotate(event.text(TRACK_EVENT.name, name), facts));
  }

  end(ns: number, track: Track, facts: Facts): void {
    this.#event(ns, this.#track(track), TYPE.end, (event) => annotate(event, facts));
    if (track.isSingle) this.#uuids.delete(track.key);
  }

  lose(events: number): void {
    this.#flush();
    this.#bundleLost = true;
    this.#lost += events;
  }

  close(): void {
    this.#flush();
    this.#packet((packet) =>
      packet.message(PACKET.ftraceStats, (stats) =>
        stats
          .number(STATS.phase, END_OF_TRACE)
          .message(STATS.cpu, (cpu) =>
            cpu.number(CPU_STATS.cpu, 0).number(CPU_STATS.entries, this.#entries).number(CPU_STATS.overrun, this.#lost),
          ),
      ),
    );
    this.#write();
  }

  #flush(): void {
    const events = this.#bundle;
    if (events.length === 0) return;
    this.#packet((packet) =>
      packet.message(PACKET.ftraceEvents, (bundle) => {
        bundle.number(BUNDLE.cpu, 0);
        if (this.#bundleLost) bundle.number(BUNDLE.lostEvents, 1);
        for (const write of events) write(bundle);
      }),
    );
    this.#bundle = [];
    this.#bundleLost = false;
  }

  #event(ns: number, track: number, type: number, write: Write): void {
    this.#packet((packet) =>
      packet
        .number(PACKET.timestamp, ns)
        .message(PACKET.trackEvent, (event) =>
          write(event.number(TRACK_EVENT.type, type).number(TRACK_EVENT.track, track)),
        ),
    );
  }

  #track({ key, name, of, owner }: Track): number {
    return this.#describe(key, (descriptor) =>
      descriptor
        .text(TRACK.name, name)
        .number(TRACK.parent, of === 'thread' ? this.#threadTrack(owner) : this.#processTrack(owner)),
    );
  }

  #threadTrack({ tid, tgid, comm, process }: TracedTask): number {
    if (tgid === null) return 0;
    this.#processTrack({ tgid, process });
    return this.#describe(`thread ${tid} ${comm}`, (descriptor) =>
      descriptor.message(TRACK.thread, (thread) =>
        thread.number(THREAD.pid, tgid).number(THREAD.tid, tid).text(THREAD.name, comm),
      ),
    );
  }

  #processTrack({ tgid, process }: Pick<TracedTask, 'tgid' | 'process'>): number {
    return this.#describe(`process ${tgid} ${process}`, (descriptor) =>
      descriptor.message(TRACK.process, (message) =>
        message.number(PROCESS.pid, tgid ?? 0).text(PROCESS.name, process),
      ),
    );
  }

  /** The number of a track; the first time, its description is written. */
  #describe(key: string, write: Write): number {
    const known = this.#uuids.get(key);
    if (known !== undefined) return known;
    const uuid = ++this.#uuid;
    this.#uuids.set(key, uuid);
    const descriptor = new ProtobufMessage().number(TRACK.uuid, uuid);
    write(descriptor);
    this.#packet((packet) => packet.append(PACKET.trackDescriptor, descriptor.bytes));
    return uuid;
  }

  #packet(write: Write): void {
    this.#trace.message(TRACE_PACKET, (packet) => write(packet.number(PACKET.sequenceId, SEQUENCE)));
    if (this.#trace.bytes.length >= PIECE) this.#write();
  }

  #write(): void {
    this.sink.write(this.#trace.bytes);
    this.#trace = new ProtobufMessage();
  }
}

function writePoint(event: ProtobufMessage, { name, fields }: Tracepoint): void {
  const known = MESSAGES[name];
  if (known === undefined) {
    event.message(EVENT.generic, (generic) => {
      generic.text(GENERIC.name, name);
      for (const [field, value] of Object.entries(fields)) {
        generic.message(GENERIC.field, (message) => writeValue(message.text(FIELD.name, field), value));
      }
    });
    return;
  }
  const [number, numbers] = known;
  event.message(number, (message) => {
    for (const [field, value] of Object.entries(fields)) {
      const at = numbers[field];
      if (at === undefined) continue;
      if (typeof value === 'string') message.text(at, value);
      else message.number(at, value);
    }
  });
}

function writeValue(message: ProtobufMessage, value: number | bigint | string): void {
  if (typeof value === 'string') message.text(FIELD.text, value);
  else message.number(value < 0 ? FIELD.signed : FIELD.unsigned, value);
}

function annotate(event: ProtobufMessage, facts: Facts): void {
  for (const [name, value] of Object.entries(facts)) {
    event.message(TRACK_EVENT.annotation, (annotation) => {
      annotation.text(ANNOTATION.name, name);
      if (typeof value === 'string') annotation.text(ANNOTATION.text, value);
      else annotation.number(ANNOTATION.number, value);
    });
  }
}
