/**
 * Functions as numbers that records can hold: their places in the wasm table, for `call_indirect`. 0 is no function.
 *
 * A function's name stands for a record of AssemblyScript's that begins with that number. Calling through the record would
 * leave traces in wasm globals; calling by the number leaves none.
 */

/** The number of a function: `funcref(changetype<usize>(f))`. */
export function funcref(record: usize): u32 {
  return load<u32>(record);
}
