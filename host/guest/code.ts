/**
 * The guest's code in its forms. A tracepoint asks whether events are recorded: a load and a branch, in many places. Linux makes
 * that a static key, whose jumps are patched when the first listener comes. The host does the same to the wasm file:
 *
 *     as built     i32.const FLAG, i32.load8_u     asks
 *     silent       i32.const 0, nop...             the engine drops the branch
 *     recording    i32.const 1, nop...             the engine drops the question
 *
 * All forms have the same data and the same function table, so their instances can take turns with one memory.
 */

/** A WebAssembly.Module. Spelled out, since a program that imports this may lack the declarations of WebAssembly. */
export interface CompiledWasm {
  readonly [Symbol.toStringTag]?: string;
}

/** Whether a value is compiled code. That of another realm is not: it cannot be instantiated here. */
export function isCompiled(value: unknown): value is CompiledWasm {
  return value instanceof WebAssembly.Module;
}

/** A build's tracepoints, made by keys.js: words of 32 bits, the length of one, then the offset of each in the file. */
const SECTION = 'tracepoints';
const I32_CONST = 0x41;
/** `i32.load8_u` without alignment and offset, the end of a tracepoint. */
const LOAD = [0x2d, 0, 0];
const NOP = 0x01;

/** By the code as built. A module does not give its bytes back, so they are kept here. */
const FORMS = new WeakMap<CompiledWasm, Forms>();

class Forms {
  readonly #made = new Map<number, CompiledWasm>();

  constructor(
    private readonly wasm: Uint8Array,
    private readonly tracepoints: Uint32Array,
  ) {}

  /** @param value What every tracepoint hears: 0 or 1. */
  get(value: number): CompiledWasm {
    const made = this.#made.get(value) ?? new WebAssembly.Module(this.#patched(value));
    this.#made.set(value, made);
    return made;
  }

  #patched(value: number): Uint8Array {
    const bytes = this.wasm.slice();
    const [length = 0, ...places] = this.tracepoints;
    for (const at of places) {
      bytes.fill(NOP, at, at + length);
      bytes.set([I32_CONST, value], at);
    }
    return bytes;
  }
}

/** Compiles a guest as it was built, and keeps its bytes for the other forms. */
export function compileGuest(wasm: ArrayBuffer | ArrayBufferView): CompiledWasm {
  const bytes = ArrayBuffer.isView(wasm)
    ? new Uint8Array(wasm.buffer, wasm.byteOffset, wasm.byteLength)
    : new Uint8Array(wasm);
  const module = new WebAssembly.Module(bytes);
  const [section] = WebAssembly.Module.customSections(module, SECTION);
  const tracepoints = new Uint32Array(section ?? []);
  if (tracepoints.length > 0 && areThere(tracepoints, bytes)) FORMS.set(module, new Forms(bytes.slice(), tracepoints));
  return module;
}

/** Whether the tracepoints are where the build had them: a tool may have changed the file since. */
function areThere([length = 0, ...places]: Uint32Array, wasm: Uint8Array): boolean {
  return places.every((at) => {
    const end = at + length - LOAD.length;
    return wasm[at] === I32_CONST && LOAD.every((byte, index) => wasm[end + index] === byte);
  });
}

/** The silent or the recording form; the code as built when it is no build for speed, was changed, or was compiled elsewhere. */
export function formOf(module: CompiledWasm, recording: boolean): CompiledWasm {
  return FORMS.get(module)?.get(recording ? 1 : 0) ?? module;
}
