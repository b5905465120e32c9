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
  if (section !== undefined) FORMS.set(module, new Forms(bytes.slice(), new Uint32Array(section)));
  return module;
}

/** The silent or the recording form; the code as built when it is no build for speed, or was compiled elsewhere. */
export function formOf(module: CompiledWasm, recording: boolean): CompiledWasm {
  return FORMS.get(module)?.get(recording ? 1 : 0) ?? module;
}
