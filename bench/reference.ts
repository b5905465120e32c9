/** The references for results: a nop call, and a plain copy of memory. Both inside of wasm. */

/** (module (memory 16) (func (export "nop")) (func (export "copy") i32 i32 i32: memory.copy)), by hand: their speed does not depend on a build. */
const WASM = new Uint8Array([
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x0a, 0x02, 0x60, 0x00, 0x00, 0x60, 0x03, 0x7f, 0x7f, 0x7f, 0x00], // types: () -> (), (i32 i32 i32) -> ()
  ...[0x03, 0x03, 0x02, 0x00, 0x01], // functions
  ...[0x05, 0x03, 0x01, 0x00, 0x20], // memory: 32 pages
  ...[0x07, 0x0e, 0x02, 0x03, 0x6e, 0x6f, 0x70, 0x00, 0x00, 0x04, 0x63, 0x6f, 0x70, 0x79, 0x00, 0x01], // exports
  ...[0x0a, 0x11, 0x02, 0x02, 0x00, 0x0b, 0x0c, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfc, 0x0a, 0x00, 0x00, 0x0b],
]);

const MIB = 1024 * 1024;

const { nop, copy } = new WebAssembly.Instance(new WebAssembly.Module(WASM)).exports as unknown as {
  nop(): void;
  copy(target: number, source: number, size: number): void;
};

// Pages that were never written to share one zero page, which stays in the nearest cache. So the source is written first.
copy(0, MIB, MIB);

const COPY_BYTES = 4096;

/** Nop calls. */
export function nopCalls(count: number): void {
  for (let i = 0; i < count; i++) nop();
}

/** Copies of the same 4 KiB. */
export function copies(count: number): void {
  for (let i = 0; i < count; i++) copy(MIB, 0, COPY_BYTES);
}

let turn = 0;

/** One copy of up to 512 KiB, to two places in turn, as with the messages of `oneway`: the load of the caches is the same. */
export function copyOnce(size: number): void {
  turn ^= MIB / 2;
  copy(MIB + turn, 0, size);
}
