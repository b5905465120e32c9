/** What a branch can do differently: freeze a process, let another thread run, send other bytes. */
import { BINDER_FREEZE } from '../../assembly/abi/protocol.ts';
import type { History } from '../history.ts';
import type { Machine } from '../machine.ts';
import type { StepInput, StepOf } from '../trace/journal.ts';
import { bytesOfHex, hexOfAddress, hexOfBytes } from '../wire/hex.ts';
import { ioctlBytes } from '../wire/ioctls.ts';
import { streamFields } from '../wire/words.ts';
import type { BranchPlan } from './branch.ts';

/** Steps in which the next one of a thread is looked for. */
const READY_AHEAD = 200;

/** A freeze of a process by an awake thread of another that has the device open; null without one. */
export function freezeInput(machine: Machine, pid: number): StepInput | null {
  for (const process of machine.inspect.processes()) {
    const fd = process.descriptors.find(({ kind }) => kind === 'binder')?.fd;
    const awake = process.threads.find(({ parked }) => parked === null);
    const name = machine.processes.flatMap(({ threads }) => threads).find(({ tid }) => tid === awake?.tid)?.name;
    if (process.pid === pid || fd === undefined || name === undefined) continue;
    const arg = hexOfAddress(Number(process.vmas.find(({ backing }) => backing === 'anonymous')?.start ?? 0n));
    const poke = hexOfBytes(ioctlBytes('BINDER_FREEZE', { pid, enable: true }));
    return {
      op: 'ioctl',
      by: name,
      in: { fd, cmd: hexOfAddress(BINDER_FREEZE), name: 'BINDER_FREEZE', arg, poke, out_len: 0 },
    };
  }
  return null;
}

export function signalInput(machine: Machine, thread: string): StepInput {
  return { op: 'signal', in: { thread, tid: machine.thread(thread).tid } };
}

/** Threads alive that sleep in a call, or do not, by name. */
export function threadsThat(machine: Machine, state: 'sleep' | 'wake'): string[] {
  const all = machine.inspect.processes().flatMap(({ threads }) => threads);
  const tids = new Set(all.filter(({ parked }) => (parked === null) === (state === 'wake')).map(({ tid }) => tid));
  const threads = machine.processes.flatMap((process) => process.threads);
  return threads.filter(({ tid }) => tids.has(tid)).map(({ name }) => name);
}

/** Threads that are awake and have a step to come, by name; the one that comes next anyway is the last. */
export function readyThreads(machine: Machine, { recorded }: History, at: number): string[] {
  const names = threadsThat(machine, 'wake');
  const sorted = new Set<string>();
  for (let position = at + 1; position < Math.min(recorded.count, at + READY_AHEAD); position++) {
    const { by } = recorded.at(position);
    if (by !== undefined && names.includes(by)) sorted.add(by);
    if (sorted.size === names.length) break;
  }
  const [next, ...others] = sorted;
  return next === undefined ? [] : [...others, next];
}

/** The next step of a thread comes first; null when it has none. */
export function turnPlan({ recorded }: History, at: number, thread: string): BranchPlan | null {
  for (let position = at + 1; position < recorded.count; position++) {
    const step = recorded.at(position);
    if (step.by !== thread) continue;
    return { title: `${thread} runs next`, at, insert: [step], change: new Map([[position, null]]) };
  }
  return null;
}

/** The call of a position, or the next one, that sends bytes which it stores itself. */
export function editable(
  { recorded }: History,
  from: number,
): { position: number; step: StepOf<'wr'>; data: Uint8Array } | null {
  for (let position = Math.max(0, from); position < Math.min(recorded.count, from + 200); position++) {
    const step = recorded.at(position);
    if (step.op !== 'wr' || !step.bc?.some((word) => /^BC_(TRANSACTION|REPLY)/.test(word))) continue;
    const poke = bytesOfHex(step.in.poke);
    const begin = dataBegin(step, poke);
    if (begin < poke.length) return { position, step, data: poke.subarray(begin) };
  }
  return null;
}

/** The same call, with other bytes after its commands; what is missing stays. */
export function bytesOfText(step: StepOf<'wr'>, data: Uint8Array, text: string): string {
  const poke = bytesOfHex(step.in.poke).slice();
  const hex = text.replace(/[^0-9a-fA-F]/g, '');
  const bytes = bytesOfHex(hex.slice(0, 2 * Math.min(data.length, hex.length >> 1)));
  poke.set(bytes, poke.length - data.length);
  return hexOfBytes(poke);
}

export function textOfBytes(data: Uint8Array): string {
  return hexOfBytes(data).replace(/(..)(?=.)/g, '$1 ');
}

function dataBegin({ in: { write_size, write_consumed } }: StepOf<'wr'>, poke: Uint8Array): number {
  const last = streamFields(poke, write_consumed, write_size).at(-1);
  return (Math.max(write_size, last?.end ?? 0) + 7) & ~7;
}
