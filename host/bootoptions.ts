/** What a machine is booted with: the options and their defaults, the guest's boot, and the header of the machine's journal. */
import { guestBytes } from '#wasm';
import { PAGE_SIZE } from '../assembly/abi/machine.ts';
import { type CompiledWasm, compileGuest } from './guest/code.ts';
import type { Guest, WasmSource } from './guest/guest.ts';
import type { ArenaRange } from './os/process.ts';
import type { Director } from './sim/director.ts';
import type { JournalHeader } from './trace/journal.ts';
import type { JournalKeeping } from './trace/journalkeeper.ts';
import { BinderlabError, callError } from './wire/error.ts';
import { checkForm, checkNames } from './wire/forms.ts';
import { hexOfAddress, hexOfBytes } from './wire/hex.ts';
import { bugBits, type HistoricalBug } from './wire/historicalbugs.ts';
import { STRATEGIES, type Strategy, strategyNumber } from './wire/strategy.ts';

export interface BootOptions {
  /** The guest: its bytes, or a compiled module; default: the package's release build. */
  wasm?: WasmSource;
  strategy?: Strategy;
  /** Size of the machine's memory, MiB. */
  memoryMiB?: number;
  /** Size of the kernel's vmalloc area, MiB. */
  vmallocMiB?: number;
  /** Seed of the random choices of scripts and schedules; kept in the journal. */
  seed?: number;
  /** The driver's id counter: the next transaction, node or reference gets the next number. */
  lastDebugId?: number;
  /** The uid that has been context manager since boot; null: none. */
  contextMgrUid?: number | null;
  /** Security context of every sender with its final NUL; null: no module can name a sender. */
  secctx?: Uint8Array | null;
  /** Linux's `debug_mask`, which lines the kernel log has: 1 user errors, 2 failed transactions, 4 dead ones; default 7, all. */
  debugMask?: number;
  /** Faults of earlier drivers that it has. Such a machine is wrong, and is for looking at them only. */
  historicalBugs?: readonly HistoricalBug[];
  /** User address of each process's arena. */
  arena?: ArenaRange;
  /** What to keep of the journal; default nothing. Kept in memory it needs memory for every byte sent. */
  journal?: JournalKeeping;
  /** Name and description of the scenario, for the journal. */
  name?: string;
  description?: string;
  /** Arguments for the script. */
  args?: readonly string[];
  /** @internal Who chooses in its simulation, and watches its properties. */
  director?: Director;
  /** @internal Called before each turn of its simulation, which it may end by an error. */
  beforeTurn?: () => void;
  /** @internal A guest that is booted already with the same options. */
  guest?: Guest;
}

/** The options of the machine itself, none of them absent. */
type Checked = Required<
  Pick<
    BootOptions,
    'strategy' | 'memoryMiB' | 'vmallocMiB' | 'seed' | 'arena' | 'lastDebugId' | 'contextMgrUid' | 'secctx'
  >
>;

const DEFAULT_ARENA: ArenaRange = { address: 0x10000000, size: 8 * 1024 * 1024 };
const MIB = 1024 * 1024;
const MEMORY_MIB_MIN = 2;
/** Linear addresses cross the boundary as positive i32. */
const MEMORY_MIB_MAX = 2047;

/** What only parts of the host pass. */
type Internal = 'director' | 'beforeTurn' | 'guest';

const KNOWN: Readonly<Record<Exclude<keyof BootOptions, Internal>, true>> = {
  wasm: true,
  strategy: true,
  memoryMiB: true,
  vmallocMiB: true,
  seed: true,
  lastDebugId: true,
  contextMgrUid: true,
  secctx: true,
  debugMask: true,
  historicalBugs: true,
  arena: true,
  journal: true,
  name: true,
  description: true,
  args: true,
};

let packaged: CompiledWasm | null = null;

/**
 * The package's release build, compiled once for all machines.
 *
 * @throws Error where there is none: in a page, or in a package that was not built.
 */
export function packagedGuest(): CompiledWasm {
  packaged ??= compileGuest(guestBytes());
  return packaged;
}

/** @throws BinderlabError for options that make no machine. */
export function checkedOptions(options: BootOptions): Checked {
  const { director: _, beforeTurn: __, guest: ___, ...own } = options;
  checkNames('boot', own, Object.keys(KNOWN));
  const { strategy = 'kmap', memoryMiB = 64, vmallocMiB = 128, seed = 0, arena = DEFAULT_ARENA } = options;
  const { lastDebugId = 0, contextMgrUid = null, secctx = null, debugMask = 0 } = options;
  checkForm('boot', {
    wasm: options.wasm ?? undefined,
    vmallocMiB,
    seed,
    arena,
    lastDebugId,
    contextMgrUid,
    secctx,
    debugMask,
  });
  checkNames('arena', arena, ['address', 'size']);
  if (strategyNumber(strategy) === undefined) {
    throw new BinderlabError(`no strategy is called "${strategy}"; there are ${STRATEGIES.join(', ')}.`);
  }
  if (!Number.isInteger(memoryMiB) || memoryMiB < MEMORY_MIB_MIN || memoryMiB > MEMORY_MIB_MAX) {
    throw new BinderlabError(
      `a machine has ${MEMORY_MIB_MIN} to ${MEMORY_MIB_MAX} MiB of memory, in whole MiB; ${memoryMiB} is not possible.`,
    );
  }
  return { strategy, memoryMiB, vmallocMiB, seed, arena, lastDebugId, contextMgrUid, secctx };
}

/** Boots the kernel. @throws BinderlabError when the memory is too small for it. */
export function bootGuest({ raw, u8 }: Guest, options: BootOptions): void {
  const { strategy, memoryMiB, vmallocMiB, lastDebugId, contextMgrUid, secctx } = checkedOptions(options);
  const booted = raw.boot(memoryMiB * MIB, strategyNumber(strategy) as number, vmallocMiB);
  if (booted < 0) throw callError(`boot with ${memoryMiB} MiB of memory`, booted);
  raw.setCounters(lastDebugId, contextMgrUid ?? -1);
  raw.historicalBugs(bugBits(options.historicalBugs ?? []));
  if (secctx === null) return;
  u8.set(secctx, raw.scratch());
  raw.setSecctx(secctx.length);
}

/** The header of the machine's journal, without what the steps tell. */
export function headerOf(options: BootOptions): JournalHeader {
  const { strategy, memoryMiB, seed, arena, lastDebugId, contextMgrUid, secctx } = checkedOptions(options);
  return {
    t: 'header',
    format: 1,
    name: options.name ?? 'unnamed',
    desc: options.description ?? '',
    emulator: { strategy, seed, memory: memoryMiB },
    secctx: secctx === null ? null : hexOfBytes(secctx),
    cpus: 1,
    page_size: PAGE_SIZE,
    last_debug_id: lastDebugId,
    context_mgr_uid: contextMgrUid,
    arena: { addr: hexOfAddress(arena.address), size: arena.size },
    ...(options.historicalBugs?.length ? { historical_bugs: [...options.historicalBugs] } : {}),
    procs: [],
    steps: 0,
  };
}
