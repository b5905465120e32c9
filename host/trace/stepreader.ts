/** Makes steps of the entries that recorded them. */
import { COMMAND_DATA_BROUGHT, RESULT_ACTOR, RESULT_RECORD } from '../../assembly/abi/machine.ts';
import { TRANSACTION_DATA_SIZE } from '../../assembly/abi/wire.ts';
import { windowAt } from '../os/arena.ts';
import type { ScheduleChoice } from '../os/system.ts';
import { Command } from '../wire/command.ts';
import { bc } from '../wire/commands.ts';
import type { Field } from '../wire/kinds.ts';
import { type InputOf, journalFields, opHasOutput } from '../wire/operations.ts';
import { align, BROUGHT_ALONG } from '../wire/payload.ts';
import { StreamSize } from '../wire/stream.ts';
import { commandWords, payloadSize, returnWords } from '../wire/words.ts';
import { ENTRY, EntryError, EntryReader, NO_ACTOR, RECORDED_OPS, type RecordedOp } from './entries.ts';
import type { Step } from './journal.ts';
import { parseStep } from './journaltext.ts';

/** Entries that were taken away together. */
export interface Block {
  /** Number of the first step that begins in it. */
  readonly first: number;
  /** How many begin in it. */
  readonly steps: number;
  readonly entries: Uint8Array;
}

/** A step as it was recorded. */
export interface StepEntries {
  readonly i: number;
  /** All its entries. */
  readonly entries: Uint8Array;
}

type Fields = Record<string, unknown>;

/** Outputs as the machine has them. */
interface Answer {
  readonly outputs: readonly Field[];
  readonly values: Fields;
}

interface WokenAnswer extends Answer {
  readonly by: string;
  readonly i: number;
  readonly rank: number;
}

/**
 * The step that was recorded.
 *
 * @param names Names of threads, by number.
 * @throws EntryError for invalid entries; JournalError for invalid text of a step.
 */
export function stepOf({ i, entries }: StepEntries, names: readonly string[], ops = RECORDED_OPS): Step {
  return new StepReader(new EntryReader(entries), names, ops).read(i);
}

/** The steps in blocks, in order. */
export function* stepsIn(blocks: Iterable<Block>, names: readonly string[]): Generator<Step> {
  for (const one of eachStepEntries(blocks)) yield stepOf(one, names);
}

class StepReader {
  #own: Answer | null = null;
  readonly #woken: WokenAnswer[] = [];
  #sched: readonly ScheduleChoice[] = [];
  #klog: readonly string[] = [];

  constructor(
    private readonly reader: EntryReader,
    private readonly names: readonly string[],
    private readonly ops: readonly RecordedOp[],
  ) {}

  read(i: number): Step {
    const { reader } = this;
    if (!reader.next()) throw new EntryError('no entry');
    switch (reader.kind) {
      case ENTRY.CALL: {
        const actor = reader.u32();
        return this.#step(i, this.#wr, actor, callInput(reader));
      }
      case ENTRY.STEP: {
        const actor = reader.u32();
        const op = reader.op(this.ops);
        return this.#step(i, op, actor, reader.fields(op.inputs));
      }
      case ENTRY.TEXT:
        return parseStep(String(reader.field()), `step ${i}`, 0);
      default:
        throw new EntryError('a result without a step');
    }
  }

  /** The step in the format of journals. */
  #step(i: number, { op, inputs }: RecordedOp, actor: number, input: Fields): Step {
    const by = actor === NO_ACTOR ? {} : { by: this.#name(actor) };
    this.#readResults(input.readSize !== 0);
    const step: Fields = { i, op, ...by, in: journalFields(inputs, input) };
    if (this.#sched.length > 0) step.sched = this.#sched;
    if (this.#own !== null) Object.assign(step, shown(this.#own));
    else if (opHasOutput(op)) step.parked = true;
    if (this.#woken.length > 0) {
      const woken = this.#woken.map(({ by, i, rank, ...answer }, order) => ({
        rank,
        entry: { by, i, ...shown(answer), order },
      }));
      step.woken = woken.sort((a, b) => a.rank - b.rank).map(({ entry }) => entry);
    }
    const { poke, writeConsumed, writeSize } = input as InputOf<'wr'>;
    if (op === 'wr' && writeSize > writeConsumed) step.bc = commandWords(poke, writeConsumed, writeSize);
    if (this.#klog.length > 0) step.klog = this.#klog;
    return step as unknown as Step;
  }

  #readResults(isRead: boolean): void {
    const { reader } = this;
    /** The result to which the next entry may add. */
    let last: Fields = {};
    while (reader.next()) {
      switch (reader.kind) {
        case ENTRY.RESULT:
          reader.take(RESULT_RECORD - RESULT_ACTOR);
          last = resultOf(reader, isRead);
          this.#own = { outputs: this.#wr.outputs, values: last };
          break;
        case ENTRY.OUTPUT:
          this.#own = this.#answer();
          break;
        case ENTRY.WOKEN_RESULT: {
          const who = this.#who();
          last = resultOf(reader, true);
          this.#woken.push({ ...who, outputs: this.#wr.outputs, values: last });
          break;
        }
        case ENTRY.WOKEN:
          this.#woken.push({ ...this.#who(), ...this.#answer() });
          break;
        case ENTRY.OVER:
          last.readOver = reader.field();
          break;
        case ENTRY.CHOICES:
          this.#sched = choicesOf(reader);
          break;
        case ENTRY.KLOG:
          this.#klog = reader.texts();
          break;
        default:
          throw new EntryError(`an entry of the unknown kind ${reader.kind}`);
      }
    }
  }

  get #wr(): RecordedOp {
    return this.ops.find(({ op }) => op === 'wr') as RecordedOp;
  }

  #who(): Pick<WokenAnswer, 'by' | 'i' | 'rank'> {
    const { reader } = this;
    return { by: this.#name(reader.u32()), i: reader.u32(), rank: reader.u32() };
  }

  #answer(): Answer {
    const { outputs } = this.reader.op(this.ops);
    return { outputs, values: this.reader.fields(outputs) };
  }

  #name(actor: number): string {
    const name = this.names[actor];
    if (name === undefined) throw new EntryError(`the unknown thread number ${actor}`);
    return name;
  }
}

/** Where the entries of that step begin in a block. */
export function offsetOf({ first, entries }: Block, step: number): number {
  let number = first;
  for (const offset of beginnings(entries)) if (number++ === step) return offset;
  return entries.length;
}

/** Offsets at which steps begin. */
function* beginnings(entries: Uint8Array): Generator<number> {
  const reader = new EntryReader(entries);
  for (let at = 0; reader.next(); at = reader.end) {
    const { kind } = reader;
    if (kind === ENTRY.CALL || kind === ENTRY.STEP || kind === ENTRY.TEXT) yield at;
  }
}

/** The entries of each step, in order. @throws EntryError for an invalid block. */
export function* eachStepEntries(blocks: Iterable<Block>): Generator<StepEntries> {
  let open: { i: number; parts: Uint8Array[] } | null = null;
  for (const { first, entries } of blocks) {
    let from = 0;
    let i = first;
    for (const offset of beginnings(entries)) {
      const part = entries.subarray(from, offset);
      if (open !== null) yield { i: open.i, entries: joined([...open.parts, part]) };
      open = { i: i++, parts: [] };
      from = offset;
    }
    open?.parts.push(entries.subarray(from));
  }
  if (open !== null) yield { i: open.i, entries: joined(open.parts) };
}

/** The parts as one array. */
export function joined(given: readonly Uint8Array[]): Uint8Array {
  const parts = given.filter(({ length }) => length > 0);
  if (parts.length === 1) return parts[0] as Uint8Array;
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The output as journals have it, and as text for people. */
function shown({ outputs, values }: Answer): { out: Fields; br?: string[] } {
  const { read } = values as { read?: Uint8Array };
  const out = journalFields(outputs, values);
  return read === undefined || read.length === 0 ? { out } : { out, br: returnWords(read) };
}

/** The record of a result. */
function resultOf(reader: EntryReader, isRead: boolean): Fields {
  const writeConsumed = reader.i64();
  const readConsumed = reader.i64();
  const read = reader.take(reader.u32());
  return { ret: 0, writeConsumed, readConsumed, ...(isRead ? { read } : {}) };
}

/** Input of a call from a window, with its commands as the driver reads them. */
function callInput(reader: EntryReader): InputOf<'wr'> {
  const fd = reader.u32() | 0;
  const { arg, wbuf, rbuf } = windowAt(reader.u32());
  const readSize = reader.u32();
  const { poke, writeSize } = streamOf(reader, reader.count(), wbuf);
  return { fd, arg, wbuf, poke, writeSize, writeConsumed: 0, rbuf, readSize, readConsumed: 0 };
}

function streamOf(reader: EntryReader, count: number, wbuf: number): { poke: Uint8Array; writeSize: number } {
  const short = Array.from({ length: count }, () => shortCommand(reader));
  const [head] = short;
  if (head?.word === 0) return { poke: reader.take(Number(head.first)), writeSize: Number(head.second) };
  const commands = short.map((command) => {
    const { word, first, second, code, flags, placedAt, dataSize } = command;
    if (word === 0) throw new EntryError('a command without a word');
    if (placedAt !== BROUGHT_ALONG) return command;
    const bytes = reader.take(align(dataSize, 16)).subarray(0, dataSize);
    return new Command(word, first, second, code, flags, bytes, BROUGHT_ALONG, dataSize, null);
  });
  return { poke: bc.bytes(commands, wbuf), writeSize: new StreamSize(commands).stream };
}

/** A command in the short form of the batch, without bytes that it brings along. */
function shortCommand(reader: EntryReader): Command {
  const [word, first, second] = [reader.u32(), reader.u32(), reader.u32()];
  if (payloadSize(word) < TRANSACTION_DATA_SIZE) return Command.plain(word, first, second);
  const [code, flags, dataSize, data] = [reader.u32(), reader.u32(), reader.u32(), reader.u32()];
  const placedAt = data === COMMAND_DATA_BROUGHT ? BROUGHT_ALONG : data;
  return new Command(word, first, second, code, flags, null, placedAt, dataSize, null);
}

function choicesOf(reader: EntryReader): ScheduleChoice[] {
  return Array.from({ length: reader.count() }, () => {
    const chose = reader.u32();
    return { of: reader.texts(), chose };
  });
}
