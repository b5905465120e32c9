/** Programs of the hunt: the steps of a seed, as the emulator performed them. */

import { Dice } from '../../host/fuzz/dice.ts';
import { Machine } from '../../host/machine.ts';
import type { Journal, JournalHeader, Step } from '../../host/trace/journal.ts';
import { BinderlabError } from '../../host/wire/error.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';
import { inputOf } from './cast.ts';
import { makeUp } from './generator.ts';
import { mutate } from './mutation.ts';
import { drawProfile } from './profiles.ts';
import { ARENA, ARENA_END, Defect, Scene } from './scene.ts';

/** "kernel" and its NUL: what every sender has under SELinux without a policy. */
export const KERNEL_SECCTX = '6b65726e656c00';
const MEMORY_MIB = 128;
const PAGE = 4096;
const STEPS_MIN = 20;
const STEPS_MAX = 110;

/** The recordings that programs are made of. */
export interface Sources {
  readonly names: readonly string[];
  journal(name: string): Journal;
}

export interface HuntProgram {
  readonly header: JournalHeader;
  /** With the emulator's outputs. */
  readonly steps: readonly Step[];
  /** The emulator's failure at the step after those. */
  readonly defect: Defect | null;
}

/** Makes the program of a seed; `wasm` is the emulator's code. */
export function makeProgram(wasm: WebAssembly.Module, sources: Sources, seed: number): HuntProgram {
  const dice = new Dice(seed);
  const profile = drawProfile(dice);
  const length = dice.between(STEPS_MIN, STEPS_MAX);
  const source = sources.names.length > 0 && dice.chance(0.5) ? dice.of(sources.names) : null;
  const recording = source === null ? null : sources.journal(source);
  const secctx = recording === null ? (dice.chance(0.15) ? KERNEL_SECCTX : null) : recording.header.secctx;
  const header = headerOf(`hunt-${seed}`, seed, secctx, `${profile.name}${source === null ? '' : ` after ${source}`}`);
  const scene = new Scene(bootFor(wasm, header), dice, secctx !== null);
  try {
    if (recording === null) makeUp(scene, profile, length);
    else mutate(scene, profile, recording, length);
  } catch (error) {
    return { header, steps: scene.steps, defect: defectOf(error, scene.steps) };
  }
  return { header, steps: scene.steps, defect: null };
}

/** The failure: of the step, or of the check after it. @throws any error that is not the emulator's fault */
function defectOf(error: unknown, steps: Step[]): Defect {
  if (error instanceof Defect) return error;
  const last = steps.pop();
  if (last !== undefined && (error instanceof BinderlabError || (error as Error).name === 'RuntimeError')) {
    return new Defect(inputOf(last), error);
  }
  throw error;
}

/** The machine that a journal's steps are performed on. */
export function bootFor(wasm: WebAssembly.Module, header: JournalHeader): Machine {
  return Machine.fromHeader(header, { wasm, memoryMiB: MEMORY_MIB, journal: false });
}

function headerOf(name: string, seed: number, secctx: string | null, desc: string): JournalHeader {
  return {
    t: 'header',
    format: 1,
    name,
    desc,
    seed,
    secctx,
    cpus: 1,
    page_size: PAGE,
    last_debug_id: 0,
    context_mgr_uid: 0,
    arena: { addr: hexOfAddress(ARENA), size: ARENA_END - ARENA },
    procs: [],
    steps: 0,
  };
}
