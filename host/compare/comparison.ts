/** The comparison: for each row a fresh machine, one scene on it, and the counts. */
import type { Machine } from '../machine.ts';
import { type CostProfile, modelNs } from './costs.ts';
import type { Machines } from './machines.ts';
import type { Receive, RowStrategy, Scene, Send, Workload } from './scene.ts';
import { between, mean, type Tally } from './tally.ts';

/** One measured combination. Counts are those of the whole machine: sender, receiver and kernel. */
export interface Row {
  workload: string;
  strategy: RowStrategy;
  send: Send;
  /** How the receiver allocates memory for a message; sockets only. */
  receive?: Receive;
  /** Bytes from the sender to the receiver in one call; 0 for a script or journal. */
  payload: number;
  /** For scripts and journals only. */
  run?: 'script' | 'journal';
  /** Number of warm calls; `perCall` is their mean. */
  calls: number;
  /** Counts of the mmaps of both sides. */
  setup: Tally;
  /** Counts of the first call, with all one-time work. */
  firstCall: Tally;
  perCall: Tally;
  /** System calls of both sides in a warm call. */
  systemCalls: number;
  /** Frames that hold messages after the last call: of mappings, of bounce buffers, and of the receiver's own buffers. */
  framesResident: number;
  /** Kernel address space reserved for mappings. */
  kernelBytesReserved: number;
  /**
   * Always null: the emulator's own time depends on what the engine compiled before, far more than on the strategy.
   * `bench --strategy` measures it, in processes of their own.
   */
  wallNs: null;
  /** Modelled time of a warm call's memory events, on the machine of the cost profile. */
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

/** The modelled time of the second call, in whole ns, without the rest of a row. The arriving bytes were checked before. */
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

/** Operations of journals that are not system calls. */
const NO_CALLS: ReadonlySet<string> = new Set(['poke', 'fill', 'peek', 'shrink', 'note', 'inject']);

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
