/**
 * Finds the tracepoints of a wasm file: where its code asks whether events are recorded. They are what Linux calls a static
 * key. The host patches them, so a machine whose events nobody reads does not even ask.
 *
 *     i32.const FLAG, i32.load8_u     41 FLAG 2d 00 00     FLAG: the flag's address, signed LEB128
 */

/**
 * @param wasm The whole file.
 * @param flag Linear address of the flag.
 * @returns A custom section's contents, words of 32 bits: the length of a tracepoint's code, then the offset of each in the file.
 */
export function tracepoints(wasm, flag) {
  const file = Buffer.from(wasm.buffer, wasm.byteOffset, wasm.length);
  const code = Buffer.from([0x41, ...signedLeb128(flag), 0x2d, 0, 0]);
  const words = [code.length];
  for (let at = file.indexOf(code); at >= 0; at = file.indexOf(code, at + code.length)) words.push(at);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

/** An address below 2^31. Its last byte has bit 6 clear, which is the sign. */
function signedLeb128(address) {
  const bytes = [];
  let rest = address;
  for (; rest > 0x3f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}
