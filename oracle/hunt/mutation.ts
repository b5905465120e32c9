/** Programs from recordings: the steps of one; some are left out, moved, changed or repeated, and new ones are inserted. */

import type { Dice } from '../../host/fuzz/dice.ts';
import type { Journal, StepInput } from '../../host/trace/journal.ts';
import { bytesOfHex } from '../../host/wire/hex.ts';
import { inputOf } from './cast.ts';
import { walk } from './generator.ts';
import { conclude } from './looks.ts';
import { scramble } from './messages.ts';
import type { Profile } from './profiles.ts';
import { ARENA_END, type Scene } from './scene.ts';

const PAGE = 4096;
/** Where payloads begin in the stream of a recording, at the latest. */
const STREAM_BYTES = 76;

/** Makes a program of some steps of a recording, up to `length`. */
export function mutate(scene: Scene, profile: Profile, source: Journal, length: number): void {
  const { dice } = scene;
  const inputs = structuredClone(source.steps.map(inputOf)).filter((step) => !isForeign(step));
  const last = Math.min(inputs.length, length);
  const rate = dice.of([0.01, 0.03, 0.08, 0.15]);
  const early = dice.chance(0.6) ? Math.floor(last * 0.3) : 0;
  for (let at = 0; at < last; at++) {
    const step = inputs[at] as StepInput;
    const change = at >= early && dice.chance(rate);
    for (const one of change ? changed(dice, step, inputs[at + 1]) : [step]) scene.perform(one);
    if (change && dice.chance(0.4)) walk(scene, profile, dice.between(1, 4));
  }
  walk(scene, profile, dice.between(0, Math.max(4, length - last)));
  conclude(scene);
}

/** Operations that take real time, or only add a remark. */
function isForeign(step: StepInput): boolean {
  return step.op === 'note';
}

/** The replacement of a step. */
function changed(dice: Dice, step: StepInput, next: StepInput | undefined): StepInput[] {
  return dice.weighted<() => StepInput[]>([
    [2, () => []],
    [1.5, () => [step, structuredClone(step)]],
    [1, () => (next === undefined ? [step] : [structuredClone(next), step])],
    [6, () => [withFieldChanged(dice, structuredClone(step))]],
    [1.5, () => [step, withFieldChanged(dice, structuredClone(step))]],
  ])();
}

function withFieldChanged(dice: Dice, step: StepInput): StepInput {
  switch (step.op) {
    case 'wr':
      changeWriteRead(dice, step.in);
      break;
    case 'ioctl':
      if (dice.chance(0.5)) step.in.poke = scramble(dice, step.in.poke, 0);
      else step.in.arg = nearby(dice, step.in.arg);
      break;
    case 'mmap':
      dice.of([
        () => (step.in.len += dice.of([-1, 1, PAGE, -PAGE, 100])),
        () => (step.in.prot = dice.below(8)),
        () => (step.in.off = dice.of([0, 1, PAGE])),
        () => (step.in.fd = dice.below(6)),
        () => (step.in.flags = dice.of(['0x100001', '0x100003', '0x12', '0x100022', '0x100000'])),
      ])();
      step.in.len = Math.max(0, step.in.len);
      break;
    case 'munmap':
    case 'mprotect':
      if (dice.chance(0.5)) step.in.len = Math.max(0, dice.of([PAGE, step.in.len - PAGE, step.in.len + PAGE, 1]));
      else step.in.addr = `0x${(Number(step.in.addr) + PAGE * dice.below(4)).toString(16)}`;
      break;
    case 'peek':
      step.in.len += dice.below(64);
      break;
    case 'close':
    case 'fdinfo':
      step.in.fd = 3 + dice.below(6);
      break;
    case 'rlimit':
      step.in.nofile = dice.of([0, 3, 4, 5, 1024]);
      break;
  }
  return step;
}

function changeWriteRead(dice: Dice, input: Extract<StepInput, { op: 'wr' }>['in']): void {
  const size = input.write_size;
  dice.weighted<() => unknown>([
    [3, () => (input.read_size = input.read_size === 0 ? 0 : dice.below(101))],
    [1, () => (input.write_size = Math.max(0, size + dice.of([-8, -4, -1, 1, 4])))],
    [0.7, () => (input.write_consumed = dice.below(size + 4))],
    [0.7, () => (input.read_consumed = dice.below(80))],
    [2, () => (input.poke = scramble(dice, input.poke, Math.min(size, STREAM_BYTES)))],
    [4, () => (input.poke = withTransactionChanged(dice, input.poke, size))],
    [0.5, () => (input.rbuf = nearby(dice, input.rbuf))],
    [0.5, () => (input.arg = nearby(dice, input.arg))],
    [1, () => (input.poke = scramble(dice, input.poke, 0))],
  ])();
}

/** Changes a size, a pointer or the flags of the transaction that a stream begins with. */
function withTransactionChanged(dice: Dice, poke: string, size: number): string {
  const bytes = Buffer.from(bytesOfHex(poke));
  if (size < 68 || bytes.length < 68) return poke;
  const at = 4 + dice.of([0, 20, 32, 32, 40, 40, 48, 56]);
  const old = bytes.readUInt32LE(at);
  const next = at === 24 ? old ^ dice.of([1, 0x10, 0x20, 0x40]) : old + dice.of([-24, -8, -4, 1, 4, 8, 24, PAGE]);
  bytes.writeUInt32LE((dice.chance(0.1) ? 0x6000_0000 : next) >>> 0, at);
  return bytes.toString('hex');
}

function nearby(dice: Dice, address: string): string {
  const moved = Number(address) + dice.of([-8, 1, 4, 8, 40]);
  return `0x${(dice.chance(0.5) ? Math.max(0, moved) : ARENA_END - dice.below(60)).toString(16)}`;
}
