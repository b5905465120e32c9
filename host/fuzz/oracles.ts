/**
 * What must hold for any program. Each oracle runs a program's steps on machines of its own and returns the first breach.
 *
 *     sound        no trap; all invariants after each step; nothing is left when all processes have ended
 *     builds       the debug and the release build do the same inside, after each step
 *     strategies   another way to map pages gives the same results
 *     replay       the program's journal runs again with equal results
 *     history      the state after a step is the same, whether reached forwards or backwards
 */
import { BINDER_MAP_MAX } from '../../assembly/abi/machine.ts';
import { ByteOrigins } from '../byteorigins.ts';
import { History } from '../history.ts';
import { mapsAlike, replay } from '../replay.ts';
import { EventHash } from '../trace/eventhash.ts';
import type { JournalHeader } from '../trace/journal.ts';
import { u64At } from '../wire/endian.ts';
import { BinderlabError } from '../wire/error.ts';
import { STRATEGIES } from '../wire/strategy.ts';
import type { FuzzStep } from './steps.ts';
import { bootTarget, journalOf, Target, type TargetOptions } from './target.ts';
import { MAPPINGS } from './world.ts';

/** A breach of what must hold. */
export interface Breach {
  /** Name of the oracle. */
  readonly oracle: string;
  /** Index of the step after which it showed; the number of steps for the end. */
  readonly at: number;
  readonly message: string;
  /** Operation and message without numbers: breaches with equal signatures are usually one fault. */
  readonly signature: string;
}

export interface OracleOptions extends TargetOptions {
  /** The other build of the guest. */
  readonly other: WebAssembly.Module;
}

export type Oracle = (options: OracleOptions, steps: readonly FuzzStep[]) => Breach | null;

/** Memory of machines whose strategies are compared: some need more than others, and none is to run out, MiB. */
const AMPLE = 128;
/** Distance of a history's snapshots, in steps. */
const EVERY = 8;

export const ORACLES: Readonly<Record<string, Oracle>> = {
  sound,
  builds,
  strategies,
  replay: replayed,
  history,
};

function sound(options: OracleOptions, steps: readonly FuzzStep[]): Breach | null {
  const target = new Target(options);
  let at = 0;
  try {
    for (; at < steps.length; at++) {
      if (target.tries(steps[at] as FuzzStep)) target.machine.check();
    }
    const left = target.leftBehind();
    return left === null ? null : breach('sound', steps, at, left);
  } catch (error) {
    return breach('sound', steps, at, messageOf(error));
  }
}

export function breach(oracle: string, steps: readonly FuzzStep[], at: number, message: string): Breach {
  const signature = `${oracle} ${steps[at]?.op ?? 'end'} ${shape(message)}`;
  return { oracle, at, message, signature };
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.name === 'RuntimeError' ? `the guest trapped: ${error.message}` : error.message;
}

function builds(options: OracleOptions, steps: readonly FuzzStep[]): Breach | null {
  const sides = [options, { ...options, wasm: options.other }].map((each) => {
    const target = new Target(each);
    const events = new EventHash();
    events.follow(target.machine.guest);
    return { target, events };
  });
  for (let at = 0; at < steps.length; at++) {
    try {
      const [one, other] = sides.map(({ target, events }) => {
        const isDone = target.tries(steps[at] as FuzzStep);
        events.take();
        return `${isDone} ${events.value}`;
      });
      if (one !== other) return breach('builds', steps, at, 'the builds do not do the same inside');
    } catch (error) {
      if (error instanceof BinderlabError) return null; // more events than the guest keeps
      return breach('builds', steps, at, messageOf(error));
    }
  }
  return null;
}

function strategies(given: OracleOptions, program: readonly FuzzStep[]): Breach | null {
  const options = { ...given, memory: AMPLE };
  // strategies allocate and copy as often as they like
  const counted = program.findIndex(({ op }) => op === 'inject');
  const steps = counted < 0 ? program : program.slice(0, counted);
  const journal = journalOf(options, steps, 'fuzz', '');
  for (const strategy of STRATEGIES) {
    if (strategy === options.strategy) continue;
    const isAlike = mapsAlike(strategy, options.strategy);
    const boot = (header: JournalHeader) => bootTarget({ ...options, strategy }, header);
    const origins = (header: JournalHeader) => new ByteOrigins(header, { wasm: options.wasm, memoryMiB: AMPLE });
    const { different, text } = replay(journal, boot, isAlike ? {} : { origins });
    const [first] = different;
    if (first === undefined || (!isAlike && mayDiffer(steps, first.step))) continue;
    return breach('strategies', steps, first.step, `${strategy}: ${text.join('\n')}`);
  }
  return null;
}

/**
 * Whether a step may answer otherwise under another strategy (ARCHITECTURE.md, "Mappings of another strategy"): when it uses
 * a mapping as its own memory, or when a mapping was cut before.
 */
function mayDiffer(steps: readonly FuzzStep[], at: number): boolean {
  if (steps.slice(0, at).some(({ op }) => op === 'mprotect' || op === 'munmap')) return true;
  const step = steps[at];
  if (step === undefined || step.op === 'peek') return false;
  return Object.values(step.input).some((value) => {
    return value instanceof Uint8Array ? pointsIntoMapping(value) : typeof value === 'number' && isInMapping(value);
  });
}

function pointsIntoMapping(bytes: Uint8Array): boolean {
  for (let at = 0; at + 8 <= bytes.length; at += 4) if (isInMapping(u64At(bytes, at))) return true;
  return false;
}

function isInMapping(address: number): boolean {
  return MAPPINGS.some((start) => address >= start && address < start + BINDER_MAP_MAX);
}

function replayed(options: OracleOptions, steps: readonly FuzzStep[]): Breach | null {
  const journal = journalOf(options, steps, 'fuzz', '');
  const { different, text } = replay(journal, (header) => bootTarget(options, header), { check: true });
  const [first] = different;
  return first === undefined ? null : breach('replay', steps, first.step, text.join('\n'));
}

function history(options: OracleOptions, steps: readonly FuzzStep[]): Breach | null {
  const journal = journalOf(options, steps, 'fuzz', '');
  const walk = new History(journal, (header) => bootTarget(options, header), { every: EVERY });
  const hashes: string[] = [];
  while (walk.next()) hashes.push(walk.hash());
  for (let position = walk.last - 1; position >= 0; position -= 1 + (position % EVERY)) {
    walk.goto(position);
    if (walk.hash() === hashes[position]) continue;
    return breach('history', steps, position, 'the state is another when it is reached backwards');
  }
  return null;
}

/** A message's first words without its numbers. */
function shape(message: string): string {
  return message
    .replace(/0x[0-9a-f]+|\d+/g, '#')
    .split(/\s+/)
    .slice(0, 8)
    .join(' ');
}
