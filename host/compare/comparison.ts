/** The comparison: a fresh machine for each row, one scene on it, and what was counted while it ran. */
import type { Machine } from '../machine.ts';
import { type CostProfile, modelNs } from './costs.ts';
import type { Machines } from './machines.ts';
import type { Receive, RowStrategy, Scene, Send, Workload } from './scene.ts';
import { between, mean, type Tally } from './tally.ts';

/** One measured combination. Counts are of the whole machine: sender, receiver and kernel. */
export interface Row {
  workload: string;
  strategy: RowStrategy;
  send: Send;
  /** How the receiver finds room for a message; of sockets only. */
  receive?: Receive;
  /** Bytes that go from the sender to the receiver in one call; 0 of a script or journal. */
  payload: number;
  /** Of scripts and journals. */
  run?: 'script' | 'journal';
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
  /**
   * Not measured: what a call takes in the emulator depends on what the engine compiled before it, far more than on the
   * strategy. `bench --strategy` measures that, in processes of their own.
   */
  wallNs: null;
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
  machines: Machines;
  /** Warm calls of each row, at least 1. */
  calls: number;
  profile: CostProfile;
}

/** Runs one scene. @throws BinderlabError when the payload does not fit, or does not arrive as it was sent. */
export function measure({ workload, strategy, send, payload }: RowChoice, conditions: Conditions): Row {
  const { machines, calls, profile } = conditions;
  const machine = machines.fresh(strategy);
  const scene = workload.open(machine, { payload, send });
  const anonymous = anonymousFrames(machine);
  const start = machine.counters();
  scene.map();
  const mapped = machine.counters();
  round(scene);
  const first = machine.counters();
  for (let call = 0; call < calls; call++) round(scene);
  const perCall = mean(between(first, machine.counters()), calls);
  return {
    workload: workload.name,
    strategy,
    send,
    ...(workload.receive === undefined ? {} : { receive: workload.receive }),
    payload,
    calls,
    setup: between(start, mapped),
    firstCall: between(mapped, first),
    perCall,
    systemCalls: systemCallsOf(machine, () => round(scene)),
    framesResident: machine.framesResident() + anonymousFrames(machine) - anonymous,
    kernelBytesReserved: machine.kernelBytesReserved(),
    wallNs: null,
    modelNs: Math.round(modelNs(perCall, profile)),
  };
}

/** The model's time of the second call, whole ns: what a row has, without the rest of it. Who measures has checked what arrives. */
export function warmCallNs(
  { workload, strategy, send, payload }: RowChoice,
  { machines, profile }: Conditions,
): number {
  const machine = machines.fresh(strategy);
  const scene = workload.open(machine, { payload, send });
  scene.map();
  scene.write();
  scene.call();
  const first = machine.counters();
  scene.write();
  scene.call();
  return Math.round(modelNs(between(first, machine.counters()), profile));
}

function round(scene: Scene): void {
  scene.write();
  scene.call();
  scene.check();
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
