/** Kinds of programs: how often each kind of step is taken, and what the processes are like. */
import type { Dice } from '../../host/fuzz/dice.ts';

/** Kinds of steps, by what they are about. */
export const KINDS = [
  'call',
  'oneway',
  'reply',
  'read',
  'oddRead',
  'commands',
  'free',
  'abort',
  'leftover',
  'holes',
  'comb',
  'overlap',
  'readInPlace',
  'mapping',
  'shrink',
  'descriptor',
  'starve',
  'life',
  'fork',
  'orphan',
  'signal',
  'poll',
  'freeze',
  'ioctl',
  'wrong',
  'peek',
  'dump',
  'rawMemory',
] as const;

export type Kind = (typeof KINDS)[number];
export type Weights = Readonly<Record<Kind, number>>;

const ORDINARY: Weights = {
  call: 8,
  oneway: 8,
  reply: 12,
  read: 14,
  oddRead: 3,
  commands: 8,
  free: 7,
  abort: 3,
  leftover: 0.8,
  holes: 0.5,
  comb: 0.4,
  overlap: 0.6,
  readInPlace: 0.3,
  mapping: 2,
  shrink: 0.8,
  descriptor: 2,
  starve: 0.7,
  life: 2,
  fork: 0.3,
  orphan: 0.2,
  signal: 1.5,
  poll: 0.7,
  freeze: 1.2,
  ioctl: 2,
  wrong: 2.5,
  peek: 5,
  dump: 2,
  rawMemory: 1,
};

export interface Profile {
  readonly name: string;
  readonly weights: Weights;
  /** Share of messages that are wrong in some way. */
  readonly spoiled: number;
  /** Share of messages that carry objects. */
  readonly objects: number;
  /** Share of processes with a small mapping. */
  readonly small: number;
}

interface Departure {
  readonly weights?: Partial<Weights>;
  readonly spoiled?: number;
  readonly objects?: number;
  readonly small?: number;
}

const DEPARTURES: Readonly<Record<string, Departure>> = {
  mixed: {},
  aborts: { weights: { abort: 14, leftover: 5, dump: 3, free: 10 }, spoiled: 0.5, objects: 0.8, small: 0.7 },
  holes: { weights: { holes: 6, comb: 5, oneway: 10, free: 14, peek: 2 }, spoiled: 0.05, objects: 0.2, small: 0.6 },
  overlaps: { weights: { overlap: 10, readInPlace: 4, rawMemory: 4, oddRead: 4 }, small: 0.5 },
  mappings: { weights: { mapping: 10, shrink: 6, peek: 6, free: 10 }, small: 0.8, objects: 0.3 },
  refusals: { weights: { wrong: 14, ioctl: 6, mapping: 5, oddRead: 5, rawMemory: 3 }, spoiled: 0.4 },
  descriptors: { weights: { descriptor: 12, starve: 12, oneway: 12 }, objects: 0.9 },
  families: { weights: { fork: 5, orphan: 4, life: 6, descriptor: 3, dump: 4 } },
  reads: { weights: { oddRead: 14, signal: 4, poll: 2, commands: 12 } },
  notices: { weights: { freeze: 8, commands: 16, life: 3, signal: 3 } },
  references: { weights: { commands: 20, free: 10, leftover: 2, dump: 4 }, objects: 0.9 },
};

export const PROFILE_NAMES: readonly string[] = Object.keys(DEPARTURES);

/** One of the profiles. */
export function drawProfile(dice: Dice): Profile {
  return profileOf(dice.of(PROFILE_NAMES));
}

export function profileOf(name: string): Profile {
  const { weights, spoiled = 0.15, objects = 0.55, small = 0.4 } = DEPARTURES[name] ?? {};
  return { name, weights: { ...ORDINARY, ...weights }, spoiled, objects, small };
}
