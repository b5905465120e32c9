/** Performs a step of a journal: reads its inputs, and makes the call that they describe. */
import {
  CALL_ACTOR,
  INJECT_BUFFER,
  INJECT_COPY,
  INJECT_FRAME,
  INJECT_NOTHING,
  INJECT_OBJECT,
} from '../assembly/abi/machine.ts';
import { type DebugFile, type DebugFiles, isDebugFile, shownNodes } from './inspect/debugfs.ts';
import { type ArenaRange, Process, type ProcessDirectory } from './os/process.ts';
import { RecordedMemory } from './os/recordedmemory.ts';
import type { System } from './os/system.ts';
import type { Thread } from './os/thread.ts';
import { ENTRY, EntryReader, NO_ACTOR, type RecordedOp } from './trace/entries.ts';
import type { DumpOutput, StepInput } from './trace/journal.ts';
import { parseStep } from './trace/journaltext.ts';
import { NO_BYTES, u32At } from './wire/endian.ts';
import { checkInputs } from './wire/forms.ts';
import type { InjectedFailure } from './wire/kinds.ts';
import {
  type CallOp,
  hasActor,
  INPUTS,
  type InputOf,
  isPlain,
  machineFields,
  type Op,
  type PlainOp,
} from './wire/operations.ts';
import { entryKind, entryLength } from './wire/steplog.ts';

/** The machine's parts that a step may need. */
export interface Parts {
  readonly system: System;
  readonly directory: ProcessDirectory;
  readonly arena: ArenaRange;
  readonly debugFiles: DebugFiles;
}

/** A step as a journal recorded it. */
export interface RecordedEntries {
  /** Names of threads, by number. */
  readonly names: readonly string[];
  readonly ops: readonly RecordedOp[];
  readonly entries: Uint8Array;
}

/** What the guest calls them. */
const FAILURES: Readonly<Record<InjectedFailure, number>> = {
  nothing: INJECT_NOTHING,
  frame: INJECT_FRAME,
  object: INJECT_OBJECT,
  buffer: INJECT_BUFFER,
  copy: INJECT_COPY,
};

/** Output of a dump of a missing file. */
const MISSING: DumpOutput = { exists: false, text: null };

/** @throws BinderlabError when the step cannot be performed: an unknown name, a thread that sleeps or has ended. */
export function performStep(parts: Parts, { op, by, in: input }: StepInput): void {
  performInput(parts, op, by ?? null, machineFields(INPUTS[op].values(), input));
}

/** The same with inputs as the machine has them. @returns What the call returned, if a thread made it. */
export function performInput(parts: Parts, op: Op, by: string | null, input: object): unknown {
  if (!hasActor(op)) {
    (ACTS[op] as (parts: Parts, input: object) => void)(parts, input);
    return undefined;
  }
  const thread = parts.directory.thread(by as string);
  if (isPlain(op)) return thread.sys.call(op, input as never);
  return (CALLS[op] as (thread: Thread, input: object, parts: Parts) => unknown)(thread, input, parts);
}

/**
 * Performs a step as its entries say it: those of a journal, which may be any bytes.
 *
 * @throws EntryError, JournalError or BinderlabError when it cannot be performed.
 */
export function performEntries(parts: Parts, { names, ops, entries }: RecordedEntries): void {
  const head = u32At(entries, 0);
  if (entryKind(head) === ENTRY.CALL) {
    const by = names[u32At(entries, CALL_ACTOR)] ?? `number ${u32At(entries, CALL_ACTOR)}`;
    parts.directory.thread(by).sys.again(entries.subarray(0, entryLength(head)));
    return;
  }
  const reader = new EntryReader(entries);
  const nameOf = (actor: number) => (actor === NO_ACTOR ? null : (names[actor] ?? `number ${actor}`));
  while (reader.next()) {
    switch (reader.kind) {
      case ENTRY.STEP: {
        const by = nameOf(reader.u32());
        const { op, inputs } = reader.op(ops);
        const input = reader.fields(inputs);
        checkInputs(op, inputs, input);
        performInput(parts, op, by, input);
        return;
      }
      case ENTRY.TEXT:
        performStep(parts, parseStep(String(reader.field()), 'the journal', 0));
        return;
    }
  }
}

/** Steps without a thread. */
const ACTS: { readonly [O in Exclude<Op, CallOp>]: (parts: Parts, input: InputOf<O>) => void } = {
  proc: ({ system, directory, arena }, { name, pid, uid, outside }) =>
    Process.spawn(system, directory, name, { pid, uid }, outside === 1 ? new RecordedMemory() : arena),
  kill: ({ directory }, { proc }) => directory.process(proc).kill(),
  signal: ({ directory }, { thread }) => directory.thread(thread).signal(),
  await: ({ directory }, { thread, ms }) => directory.thread(thread).awaitTimeout(ms),
  dump: (parts, { file }) => {
    if (isDebugFile(file)) dumpFile(parts, file);
    else parts.system.act('dump', null, { file }, () => MISSING);
  },
  shrink: (parts, { pages }) => shrink(parts, pages),
  note: ({ system }, input) => system.act('note', null, input, () => {}),
  inject: ({ system }, input) =>
    system.act('inject', null, input, () => system.raw.inject(FAILURES[input.what], input.nth, input.bytes)),
};

/** Calls that the table of operations does not describe completely. */
const CALLS: {
  readonly [O in Exclude<CallOp, PlainOp>]: (thread: Thread, input: InputOf<O>, parts: Parts) => unknown;
} = {
  spawn: (by, { thread, tid }, { directory }) => directory.process(by.home.name).thread(thread, { tid, by }),
  fork: (by, { name, pid }, { directory }) => directory.process(by.home.name).fork(name, { pid, by }),
  texit: (thread) => thread.exit(),
  exit: (thread) => thread.exitProcess(),
  setuid: ({ sys }, { uid }) => sys.setUid(uid),
  setcon: ({ sys }, { context }) => sys.setContext(context),
  poke: ({ sys }, { addr, bytes }) => sys.poke(addr, bytes),
  fill: ({ sys }, { addr, len, byte }) => sys.fill(addr, len, byte),
  peek: ({ sys }, { addr, len }) => sys.peek(addr, len),
  open: ({ sys }, { flags, device }) => sys.open(flags, device),
  dup: ({ sys }, { fd, to }) => sys.dup(fd, to),
  poll: ({ sys }, { fd, events, timeout }) => sys.poll(fd, events, timeout),
  epoll_wait: ({ sys }, { epfd, addr, maxevents, timeout }) => sys.epollWait(epfd, addr, maxevents, timeout),
  read: ({ sys }, { fd, addr, len }) => sys.read(fd, addr, len),
  write: ({ sys }, { fd, addr, poke, len }) => sys.write(fd, addr, poke, len),
  mkfd: ({ sys }, { kind, fd, fd2 = -1, content = NO_BYTES }) => sys.makeFile(kind, fd, fd2, content),
  fdinfo: ({ sys }, { fd }) => sys.fileInfo(fd),
  ioctl: ({ sys }, { fd, cmd, arg, poke, outLen }) => sys.ioctl(fd, cmd, arg, poke, outLen),
  wr: ({ sys }, input) => sys.writeRead(input),
  lack: ({ sys }, { fd }) => sys.lack(fd),
};

/**
 * Reads a file of debugfs as a program on the machine does. One step, since it may wake threads.
 *
 * @throws BinderlabError when the driver never has such a file.
 */
export function dumpFile({ debugFiles, system }: Parts, file: string): DebugFile {
  const shown = shownNodes(file);
  const { text } = system.act('dump', null, { file }, (): DumpOutput => {
    if (shown !== null) system.raw.debugfsRead(shown.pid, shown.asyncOnly ? 1 : 0);
    const read = debugFiles.read(file);
    return read.exists ? read : MISSING;
  });
  return { exists: text !== null, text: text ?? '' };
}

/** Runs the shrinker on pages that no buffer touches, the longest unused first. @returns The number of freed pages. */
export function shrink({ system }: Parts, pages: number): number {
  return system.act('shrink', null, { pages }, () => ({ ret: system.raw.shrinkScan(pages) })).ret;
}
