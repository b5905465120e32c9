/** Physical memory: the grid of frames by kind. */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { FRAME_NAMES, frameKinds } from '../inspect/memory.ts';
import type { Moment } from './moment.ts';

interface FramesPicture {
  /** Frames of 4 KiB. */
  readonly count: number;
  /** Frames of each kind: `free`, `binder`, `anon` and so on. */
  readonly counts: Readonly<Record<string, number>>;
  /** Equal neighbours together, by address; they are all of memory. */
  readonly runs: readonly FrameRun[];
}

interface FrameRun {
  /** Linear address of the first frame. */
  readonly address: number;
  /** Number of frames. */
  readonly count: number;
  readonly kind: string;
  /** The process whose mapping has a frame of kind `binder`; null for other kinds. */
  readonly process: string | null;
}

export function framesPicture({ inspect, names }: Moment): FramesPicture {
  const owners = new Map<number, string>();
  for (const proc of inspect.procs()) {
    for (const { frame } of inspect.pages(proc)) if (frame !== null) owners.set(frame, names.process(proc.pid));
  }
  const kinds = frameKinds(inspect.kernel);
  const runs: FrameRun[] = [];
  for (const [number, kind] of kinds.entries()) {
    const address = number * PAGE_SIZE;
    const name = FRAME_NAMES[kind] ?? `kind ${kind}`;
    const process = owners.get(address) ?? null;
    const last = runs.at(-1);
    if (last?.kind === name && last.process === process) runs[runs.length - 1] = { ...last, count: last.count + 1 };
    else runs.push({ address, count: 1, kind: name, process });
  }
  return { count: kinds.length, counts: inspect.frames(), runs };
}
