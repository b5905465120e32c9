/** The weights of random programs' actions. A seed decides the profile, the kind of program and its length. */

/** The weight of each action. The order counts: draws go through it. */
const WEIGHTS = {
  read: 9,
  call: 7,
  oneway: 5,
  reply: 11,
  free: 6,
  refs: 4,
  done: 4,
  death: 2.5,
  freeze: 1,
  freezeNote: 1.5,
  pool: 1.5,
  threadExit: 0.25,
  kill: 0.25,
  dump: 1.8,
  poll: 0.7,
  ee: 1.2,
  info: 0.5,
  sig: 1.2,
  spawn: 0.8,
  peek: 6,
  bogus: 0.8,
  newproc: 0.15,
  big: 0.15,
  flush: 0.12,
  spam: 0.1,
  close: 0.05,
  nonblock: 0.12,
  peekmap: 0.5,
  epoll: 0,
};

export type ActionName = keyof typeof WEIGHTS;
export type Weights = Record<ActionName, number>;

const PROFILES = {
  mixed: {},
  calls: { call: 12, reply: 14, oneway: 2, refs: 1, death: 0.5, freeze: 0.3 },
  oneways: { oneway: 12, free: 9, call: 2, freeze: 1.5 },
  refs: { refs: 10, done: 6, call: 4, oneway: 4, kill: 0.4 },
  death: { death: 9, kill: 2.5, refs: 1.5 },
  freeze: { freeze: 9, freezeNote: 9, oneway: 8, call: 5 },
  pool: { pool: 7, call: 8, read: 12, spawn: 2 },
  space: { oneway: 7, call: 7, free: 6, big: 1 },
} satisfies Record<string, Partial<Weights>>;

export type Profile = keyof typeof PROFILES;
const PROFILE_NAMES = Object.keys(PROFILES) as Profile[];

export function profileOf(seed: number): Profile {
  return PROFILE_NAMES[seed % PROFILE_NAMES.length] as Profile;
}

/** Seeds from 1000 to 1999: senders have security contexts. */
export function hasContexts(seed: number): boolean {
  return seed >= 1000 && seed < 2000;
}

/** Seeds from 2000 on: hundreds of steps. */
export function isLong(seed: number): boolean {
  return seed >= 2000;
}

/** Seeds from 63000 to 63999: long ones, with epoll. */
export function hasEpoll(seed: number): boolean {
  return seed >= 63_000 && seed < 64_000;
}

export function weightsOf(seed: number): Weights {
  const weights = { ...WEIGHTS, ...PROFILES[profileOf(seed)] };
  return hasEpoll(seed) ? { ...weights, epoll: 14, sig: 2, threadExit: 1, flush: 0.4 } : weights;
}
