/**
 * The measured cases, by name. Each has the number of its repetitions in one timed turn. Sizes are bytes of a message.
 */
import { type Strategy, strategyNumber } from '../host/wire/strategy.ts';
import { boot, instantiate } from './boot.ts';
import { oneway, roundTrip } from './calls.ts';
import { hostRoundTrip, libbinderRoundTrips } from './hostcalls.ts';
import { journaledRoundTrip, KEEPINGS, REPLAYED_STEPS, replayedSteps } from './journals.ts';
import { allocFreeAny, allocFreeNewest, copyFromUser, translate } from './probes.ts';
import { copyOnce } from './reference.ts';
import { amongProcesses, amongQueued, amongRefs } from './scale.ts';
import { type GuestChoice, GuestScene } from './scene.ts';
import { addService, getService, sendKnown, sendNew } from './services.ts';
import { restoreSnapshot, takeSnapshot, wholeCopy, wholeImage } from './snapshots.ts';

/** The guest's builds, and the options of the machine. */
export interface Setting {
  release: WebAssembly.Module;
  /** The release build with probes. */
  bench: WebAssembly.Module;
  strategy: Strategy;
  memoryMiB: number;
  /** Seed of random choices. */
  seed: number;
}

export interface Case {
  readonly name: string;
  /** Prepares the case. @returns A function that runs it `count` times. */
  prepare(setting: Setting): (count: number) => void;
  /** Repetitions in one turn. */
  readonly count: number;
}

const SIZES = [4, 128, 4096, 65536, 524288];
/** One turn takes some hundred microseconds: the time of copying this number of bytes. */
const BYTES_PER_TURN = 8 * 1024 * 1024;
const COUNT = 1000;

const countFor = (bytes: number) => Math.max(1, Math.min(COUNT, Math.floor(BYTES_PER_TURN / bytes)));

/** The bare guest of a setting. */
export const choice = (setting: Setting, wasm = setting.release): GuestChoice => ({
  wasm,
  strategy: strategyNumber(setting.strategy) as number,
  memoryMiB: setting.memoryMiB,
});
/** The options of a setting's machine. */
export const options = ({ release, strategy, memoryMiB, seed }: Setting) => ({
  wasm: release,
  strategy,
  memoryMiB,
  seed,
});

/** A case that repeats one function. */
function repeated(name: string, make: (setting: Setting) => () => void, count = COUNT): Case {
  const prepare = (setting: Setting) => {
    const once = make(setting);
    return (times: number) => {
      for (let i = 0; i < times; i++) once();
    };
  };
  return { name, prepare, count };
}

function sized(name: string, sizes: number[], make: (setting: Setting, size: number) => () => void): Case[] {
  return sizes.map((size) => repeated(`${name}/${size}`, (setting) => make(setting, size), countFor(size)));
}

export const CASES: readonly Case[] = [
  ...sized('round-trip/driver', SIZES, (setting, size) => roundTrip(new GuestScene(choice(setting)), size)),
  ...sized('round-trip/host', SIZES, (setting, size) => hostRoundTrip(options(setting), size)),
  ...SIZES.map((size) => ({
    name: `round-trip/libbinder/${size}`,
    prepare: (setting: Setting) => libbinderRoundTrips(options(setting), size),
    count: Math.min(100, countFor(size)),
  })),
  ...[false, true].map((on) =>
    repeated(`trace/${on ? 'on' : 'off'}/4`, (setting) =>
      roundTrip(new GuestScene(choice(setting), { recording: on }), 4),
    ),
  ),
  ...sized('oneway/driver', SIZES, (setting, size) => oneway(new GuestScene(choice(setting)), size)),
  repeated('object/add-service', (setting) => addService(new GuestScene(choice(setting)))),
  repeated('object/get-service', (setting) => getService(new GuestScene(choice(setting)))),
  repeated('object/hot', (setting) => sendKnown(new GuestScene(choice(setting)))),
  repeated('object/cold', (setting) => sendNew(new GuestScene(choice(setting)))),
  ...[1, 100, 1000].flatMap((live) => [
    repeated(`alloc-free/${live}`, (setting) => allocFreeAny(choice(setting, setting.bench), live)),
    repeated(`alloc-free/${live}/lifo`, (setting) => allocFreeNewest(choice(setting, setting.bench), live)),
  ]),
  repeated('translate', (setting) => translate(choice(setting, setting.bench))),
  ...sized('copy-from-user', SIZES, (setting, size) => copyFromUser(choice(setting, setting.bench), size)),
  ...sized('memory-copy', SIZES, (_, size) => () => copyOnce(size)),
  repeated('boot', (setting) => boot(choice(setting)), 2),
  repeated('boot/instantiate', (setting) => instantiate(choice(setting)), 2),
  ...Object.entries(KEEPINGS).map(([name, keeping]) =>
    repeated(`journal/${name}/4`, (setting) => journaledRoundTrip(options(setting), keeping)),
  ),
  ...(['binary', 'json'] as const).map((form) => ({
    name: `replay/steps/${form}`,
    prepare: (setting: Setting) => replayedSteps(options(setting), form),
    count: REPLAYED_STEPS,
  })),
  repeated('snapshot/take', (setting) => takeSnapshot(options(setting)), 2),
  repeated('snapshot/whole', (setting) => wholeImage(options(setting)), 1),
  repeated('snapshot/copy', (setting) => wholeCopy(options(setting)), 1),
  repeated('snapshot/restore', (setting) => restoreSnapshot(options(setting)), 2),
  ...[2, 10, 100, 1000].map((count) =>
    repeated(`scale/processes/${count}`, (setting) => amongProcesses(choice(setting), count)),
  ),
  ...[1, 100, 10_000, 100_000].map((count) =>
    repeated(`scale/refs/${count}`, (setting) => amongRefs(choice(setting), count)),
  ),
  ...[1, 100, 10_000].map((count) =>
    repeated(`scale/queued/${count}`, (setting) => amongQueued(choice(setting), count)),
  ),
];
