/**
 * The same in a browser, and in what a bundler makes for one: the file is fetched when the module is loaded, since a machine
 * boots at once. Bundlers know the form of the URL, and bring the file along; it starts at dist/bundle, where this code lies.
 */
let compiled: WebAssembly.Module | null = null;
let failure: unknown = null;

try {
  compiled = await WebAssembly.compileStreaming(fetch(new URL('../../build/release.wasm', import.meta.url)));
} catch (error) {
  failure = error; // who gives the wasm needs no file
}

/** @throws Error when the file could not be fetched. */
export function guestWasm(): WebAssembly.Module {
  if (compiled !== null) return compiled;
  throw new Error(`release.wasm could not be loaded (${String(failure)}): give its bytes to Machine.boot({ wasm })`);
}
