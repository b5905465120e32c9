/** A machine with a service manager, and programs that use it. */
import { ServiceManager, type ServiceManagerOptions } from '../../host/binder/servicemanager.ts';
import type { BootOptions, Machine } from '../../host/machine.ts';
import type { Act } from '../../host/sim/request.ts';
import type { Simulation, SimulationOptions } from '../../host/sim/simulation.ts';
import type { Step } from '../../host/trace/journal.ts';
import { bootMachine } from '../sim/boot.ts';

export interface World {
  machine: Machine;
  sim: Simulation;
}

export function worldWithManager(
  boot: Partial<BootOptions> = {},
  options: SimulationOptions = {},
  manager: ServiceManagerOptions = {},
): World {
  const machine = bootMachine(boot);
  const sim = machine.simulate(options);
  ServiceManager.start(sim, manager);
  return { machine, sim };
}

/** Runs a program in a process of its own, to its end. @returns What it returns. */
export function runIn<T>({ sim }: World, name: string, program: () => Act<T>, uid = 0): T {
  let result: { value: T } | null = null;
  sim.process(
    name,
    function* () {
      result = { value: yield* program() };
    },
    { uid },
  );
  sim.run();
  if (result === null) throw new Error(`${name} did not come to its end`);
  return (result as { value: T }).value;
}

/** A message as a thread sent it. */
export interface Sent {
  by: string;
  word: 'BC_TRANSACTION' | 'BC_REPLY';
  handle: number;
  code: number;
  flags: number;
  /** The data in hex, and the places of the objects in it. */
  data: string;
  offsets: number[];
}

const WORDS: Readonly<Record<number, Sent['word']>> = { 1077961472: 'BC_TRANSACTION', 1077961473: 'BC_REPLY' };

/** All calls and replies of a journal, read from the bytes that the threads stored. */
export function messagesOf(steps: readonly Step[]): Sent[] {
  return steps.flatMap((step) => {
    if (step.op !== 'wr') return [];
    const bytes = Buffer.from(step.in.poke, 'hex');
    const base = Number(step.in.wbuf);
    const messages: Sent[] = [];
    for (let at = 0; at < step.in.write_size; ) {
      const command = bytes.readUInt32LE(at);
      const body = at + 4;
      const word = WORDS[command];
      at = body + ((command >>> 16) & 0x3fff);
      if (word === undefined) continue;
      const piece = (sizeAt: number, addressAt: number) => {
        const start = Number(bytes.readBigUInt64LE(body + addressAt)) - base;
        return bytes.subarray(start, start + Number(bytes.readBigUInt64LE(body + sizeAt)));
      };
      const offsets = piece(40, 56);
      messages.push({
        by: step.by,
        word,
        handle: bytes.readUInt32LE(body),
        code: bytes.readUInt32LE(body + 16),
        flags: bytes.readUInt32LE(body + 20),
        data: piece(32, 48).toString('hex'),
        offsets: Array.from({ length: offsets.length / 8 }, (_, i) => Number(offsets.readBigUInt64LE(8 * i))),
      });
    }
    return messages;
  });
}
