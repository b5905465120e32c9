/** The comparison: one machine for each row, one scene on it, and what was counted while it ran. */
import type { BootOptions } from '../machine.ts';
import { Machine } from '../machine.ts';
import { type CostProfile, modelNs } from './costs.ts';
import type { Receive, RowStrategy, Scene, Send, Workload } from './scene.ts';
import { between, mean, type Tally } from './tally.ts';

/** One measured combination. Counts are of the whole machine: sender, receiver and kernel. */
export interface Row {
  workload: string;
  strategy: RowStrategy;
  send: Send;
  /** How the receiver finds room for a message; of sockets only. */
  receive?: Receive;
  /** Bytes that go from the sender to the receiver in one call. */
  payload: number;
  /** Warm calls that `perCall` is the mean of. */
  calls: number;
  /** The mappings of both sides. */
  setup: Tally;
  /** The first call, with all that is done only once. */
  firstCall: Tally;
  perCall: Tally;
  /** System calls of both sides in a warm call. */
  systemCalls: number;
  /** Frames that hold messages, after the last call: of the mappings, of what is staged, and buffers of the receiver's. */
  framesResident: number;
  /** Kernel addresses set aside for mappings. */
  kernelBytesReserved: number;
  /** Time of a warm call in this emulator: the median. */
  wallNs: number;
  /** Time of what a warm call does to memory, on the machine of the cost profile. */
  modelNs: number;
}

export interface RowChoice {
  workload: Workload;
  strategy: RowStrategy;
  send: Send;
  payload: number;
}

export interface Conditions {
  /** How every machine is made; the strategy is the row's. */
  boot: BootOptions;
  /** Warm calls of each row, at least 1. */
  calls: number;
  profile: CostProfile;
  /** A clock, in milliseconds. */
  now: () => number;
}

/** Runs one scene. @throws BinderlabError when the payload does not fit, or does not arrive as it was sent. */
export function measure({ workload, strategy, send, payload }: RowChoice, conditions: Conditions): Row {
  const { boot, calls, profile, now } = conditions;
  const machine = Machine.boot({ ...boot, ...(strategy === null ? {} : { strategy }), journal: false });
  const scene = workload.open(machine, { payload, send });
  const anonymous = anonymousFrames(machine);
  const start = machine.counters();
  scene.map();
  const mapped = machine.counters();
  round(scene, now);
  const first = machine.counters();
  const times = Array.from({ length: calls }, () => round(scene, now)).sort((one, other) => one - other);
  const perCall = mean(between(first, machine.counters()), calls);
  const row: Row = {
    workload: workload.name,
    strategy,
    send,
    ...(workload.receive === undefined ? {} : { receive: workload.receive }),
    payload,
    calls,
    setup: between(start, mapped),
    firstCall: between(mapped, first),
    perCall,
    systemCalls: systemCallsOf(machine, () => round(scene, now)),
    framesResident: machine.framesResident() + anonymousFrames(machine) - anonymous,
    kernelBytesReserved: machine.kernelBytesReserved(),
    wallNs: Math.round((times[calls >> 1] as number) * 1e6),
    modelNs: Math.round(modelNs(perCall, profile)),
  };
  machine.end();
  return row;
}

/** @returns How long the call took, in milliseconds. */
function round(scene: Scene, now: () => number): number {
  scene.write();
  const begin = now();
  scene.call();
  const time = now() - begin;
  scene.check();
  return time;
}

/** Acts of journals that are no system calls. */
const NO_CALLS: ReadonlySet<string> = new Set(['poke', 'fill', 'peek', 'shrink', 'note']);

function systemCallsOf(machine: Machine, run: () => void): number {
  let calls = 0;
  const stop = machine.on('step', ({ op }) => {
    if (!NO_CALLS.has(op)) calls++;
  });
  run();
  stop();
  return calls;
}

function anonymousFrames(machine: Machine): number {
  return machine.inspect.frames().anon ?? 0;
}
