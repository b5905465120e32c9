/** What a scenario is told of a call: the journal's output, decoded as far as scenarios look at it. */
import { bytesOfHex } from '../host/kernel/hex.ts';
import { type Return, returnsOf, type TransactionReturn } from '../host/kernel/returns.ts';
import type { Output } from '../host/trace/journal.ts';

export interface Outcome {
  /** The call sleeps: everything else is still to come. */
  readonly parked: boolean;
  /** The result, an address for mmap; -errno on failure. */
  readonly ret: number;
  readonly errno: string | null;
  /** Memory that was read (`peek`, `ioctl`). */
  readonly bytes: Buffer;
  /** What a BINDER_WRITE_READ returned; null of other calls. */
  readonly returns: readonly Return[] | null;
}

const NOTHING = Buffer.alloc(0);

export const PARKED: Outcome = { parked: true, ret: 0, errno: null, bytes: NOTHING, returns: null };

export function outcomeOf(output: Output): Outcome {
  const fields = output as { ret?: number | string; errno?: string; bytes?: string; read?: string };
  const isWriteRead = 'read_consumed' in output;
  return {
    parked: false,
    ret: Number(fields.ret ?? 0),
    errno: fields.errno ?? null,
    bytes: fields.bytes === undefined ? NOTHING : Buffer.from(fields.bytes, 'hex'),
    returns: isWriteRead ? returnsOf(bytesOfHex(fields.read ?? '')) : null,
  };
}

/** The call or reply that a read brought, if it did. */
export function findMessage(outcome: Outcome): TransactionReturn | undefined {
  return outcome.returns?.find((one): one is TransactionReturn => 'buffer' in one);
}

/**
 * The same, for a scenario that counts on it.
 *
 * @throws Error when the read brought no message
 */
export function message(outcome: Outcome): TransactionReturn {
  const found = findMessage(outcome);
  if (found === undefined) throw new Error(`there is no message, but "${summary(outcome)}"`);
  return found;
}

/** In short: "parked", or the error and the names of the returns without BR_. */
export function summary(outcome: Outcome): string {
  if (outcome.parked) return 'parked';
  const names = (outcome.returns ?? []).map(({ name }) => name.replace(/^BR_/, ''));
  return [...(outcome.errno === null ? [] : [outcome.errno]), ...names].join(' ');
}
