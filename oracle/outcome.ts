/** The result of a call for scenarios: the journal's output, decoded as far as scenarios need it. */

import type { Output } from '../host/trace/journal.ts';
import { bytesOfHex } from '../host/wire/hex.ts';
import { type Return, returnsOf, type TransactionReturn } from '../host/wire/returns.ts';

export interface Outcome {
  /** The call is parked: all other fields are still empty. */
  readonly parked: boolean;
  /** The return value, an address for mmap; -errno on failure. */
  readonly ret: number;
  readonly errno: string | null;
  /** The bytes read (`peek`, `ioctl`). */
  readonly bytes: Buffer;
  /** The returns of a BINDER_WRITE_READ; null for other calls. */
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

/** The call or reply in a read, if there is one. */
export function findMessage(outcome: Outcome): TransactionReturn | undefined {
  return outcome.returns?.find((one): one is TransactionReturn => 'buffer' in one);
}

/**
 * The call or reply in a read.
 *
 * @throws Error when there is none
 */
export function message(outcome: Outcome): TransactionReturn {
  const found = findMessage(outcome);
  if (found === undefined) throw new Error(`there is no message, but "${summary(outcome)}"`);
  return found;
}

/** A summary: "parked", or the error and the names of the returns without BR_. */
export function summary(outcome: Outcome): string {
  if (outcome.parked) return 'parked';
  const names = (outcome.returns ?? []).map(({ name }) => name.replace(/^BR_/, ''));
  return [...(outcome.errno === null ? [] : [outcome.errno]), ...names].join(' ');
}
