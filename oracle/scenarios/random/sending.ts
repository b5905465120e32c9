/** How a thread of a random program writes commands: with or without a read in the same ioctl. */
import { BC_REPLY, BC_REPLY_SG, BC_TRANSACTION, BC_TRANSACTION_SG } from '../../../assembly/abi/protocol.ts';
import type { Command } from '../../commands.ts';
import type { Outcome } from '../../outcome.ts';
import type { KnownProcess, KnownThread } from './known.ts';
import type { World } from './world.ts';

/** The acting thread. */
export interface Acting {
  world: World;
  known: KnownThread;
  process: KnownProcess;
  /** Threads that could have acted. */
  idle: number;
}

const MESSAGES = [BC_TRANSACTION, BC_REPLY, BC_TRANSACTION_SG, BC_REPLY_SG];
const READ_SIZE = 256;
const ODD_READ_SIZES = [4, 40, 79, 80, 84, 120, 1024] as const;

export function readSize({ draws }: World): number {
  return draws.chance(0.9) ? READ_SIZE : draws.pick(ODD_READ_SIZES);
}

/** @param reads Probability of a read. */
export async function send({ world, known }: Acting, write: readonly Command[], reads = 0.55): Promise<Outcome> {
  const isReading = world.draws.chance(reads);
  const outcome = await known.thread.wr({ write, read: isReading ? readSize(world) : 0 });
  if (!isReading && write.some(({ word }) => MESSAGES.includes(word))) known.expected++;
  return outcome;
}
