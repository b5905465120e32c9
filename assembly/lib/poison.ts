/**
 * Poison for records that exist once. The function that owns such a record poisons it when it is done, in debug builds.
 * A later read of a stale field then computes with nonsense, which tests see.
 * Objects and frames get the same treatment from slab and frames when they are freed.
 */
import { POISON_BYTE } from '../abi/machine';

/** Makes all fields of a record meaningless. */
export function poison<T>(record: T): void {
  if (!ASC_NO_ASSERT) memory.fill(changetype<usize>(record), <u8>POISON_BYTE, offsetof<T>());
}

/** The same for `size` bytes at a linear address. */
export function poisonBytes(address: usize, size: usize): void {
  if (!ASC_NO_ASSERT) memory.fill(address, <u8>POISON_BYTE, size);
}
