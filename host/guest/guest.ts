/**
 * The guest: one instance of the wasm module with its own memory, and views on that memory. It knows neither processes
 * nor Binder. The memory never grows, so the views stay valid as long as the guest lives.
 */
import { instantiateSync } from '@assemblyscript/loader';
import { EBADF, EMFILE } from '../../assembly/abi/errno.ts';
import { EVENT_CAPACITY, EVENT_SIZE } from '../../assembly/abi/events.ts';
import { DIGEST, type GuestExports } from '../../build/layout.ts';
import { type CompiledWasm, compileGuest, formOf, isCompiled } from './code.ts';

const MIB = 1024 * 1024;
const WASM_PAGE = 64 * 1024;

/** The module's bytes, or the compiled module. Bytes are faster: while no listener wants events, their tracepoints are patched. */
export type WasmSource = ArrayBuffer | ArrayBufferView | CompiledWasm;

/** Programs outside of the machine, as the guest asks for them: assembly/mem/client.ts. */
export interface Clients {
  /** Copies to linear memory. @returns How many bytes it could not copy. */
  read(space: number, target: number, va: number, size: number): number;
  /** Copies from linear memory. @returns How many bytes it could not copy. */
  write(space: number, va: number, source: number, size: number): number;
  /** The bytes at `va` of a Binder mapping are those of linear memory from now on. */
  show(space: number, va: number, source: number, size: number): void;
  /** @returns The host's number for the file of a descriptor, or -EBADF. */
  take(space: number, fd: number): number;
  /** @returns The program's descriptor of the file, or -EMFILE. */
  give(space: number, file: number): number;
  /** Closes the program's descriptor. */
  shut(space: number, fd: number): void;
  drop(file: number): void;
}

const NO_CLIENTS: Clients = {
  read: (_space, _target, _va, size) => size,
  write: (_space, _va, _source, size) => size,
  show() {},
  take: () => -EBADF,
  give: () => -EMFILE,
  shut() {},
  drop() {},
};

export class Guest {
  /** Who answers for programs outside of the machine. */
  clients: Clients = NO_CLIENTS;
  /**
   * The module's functions, which the machine calls on every step. `record` exchanges them. The loader wraps them, and those of an
   * instance are slow to look up: both cost more than a small call.
   */
  readonly raw: GuestExports;
  readonly memory: { readonly buffer: ArrayBuffer };
  /** Compiled code, for further guests of the same build. */
  readonly module: CompiledWasm;
  /** All of linear memory, as bytes and as words. */
  readonly u8: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  /** The same, for words at addresses that are not multiples of 4. */
  readonly data: DataView;
  /** Functions of each form of the code that has been needed. */
  readonly #functions = new Map<CompiledWasm, GuestExports>();
  #form: CompiledWasm;
  /** Whether events are recorded, and whether page faults are. */
  #recording: [enabled: number, faults: number] = [0, 0];
  readonly #imports: Record<string, Record<string, unknown>>;

  /**
   * @param memoryMiB Size of linear memory: the machine's physical memory and what the module keeps below it.
   * @throws Error when the module is not binderlab's guest, or comes from a build with another layout.
   */
  constructor(wasm: WasmSource, memoryMiB: number) {
    const pages = (memoryMiB * MIB) / WASM_PAGE;
    const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.memory = memory;
    const module = isCompiled(wasm) ? wasm : compileGuest(wasm);
    checkLayout(module);
    const client: Clients = {
      read: (space, target, va, size) => this.clients.read(space, target, va, size),
      write: (space, va, source, size) => this.clients.write(space, va, source, size),
      show: (space, va, source, size) => this.clients.show(space, va, source, size),
      take: (space, fd) => this.clients.take(space, fd),
      give: (space, file) => this.clients.give(space, file),
      shut: (space, fd) => this.clients.shut(space, fd),
      drop: (file) => this.clients.drop(file),
    };
    this.module = module;
    this.#imports = { env: { memory }, client: { ...client } };
    this.#form = formOf(module, false);
    this.raw = { ...this.#functionsOf(this.#form) };
    const buffer = this.memory.buffer;
    this.u8 = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.data = new DataView(buffer);
  }

  /**
   * Starts or stops recording events: assembly/trace.ts. The functions of `raw` are those of another form then.
   *
   * @param faults Whether page faults are recorded, too.
   */
  record(enabled: boolean, faults = false): void {
    const form = formOf(this.module, enabled);
    if (form !== this.#form) {
      Object.assign(this.raw, this.#functionsOf(form));
      this.#form = form;
    }
    this.#recording = [enabled ? 1 : 0, faults ? 1 : 0];
    this.raw.traceEnable(...this.#recording);
  }

  /** Digest of the machine's whole state. What was recorded of it for listeners is no part of it. */
  stateHash(): bigint {
    const { raw, u8 } = this;
    const head = raw.traceHead();
    const base = raw.traceBase();
    const events = u8.slice(base, base + EVENT_CAPACITY * EVENT_SIZE);
    u8.fill(0, base, base + events.length);
    raw.traceRewind(0);
    raw.traceEnable(0, 0);
    const digest = raw.stateHash();
    raw.traceEnable(...this.#recording);
    raw.traceRewind(head);
    u8.set(events, base);
    return digest;
  }

  #functionsOf(form: CompiledWasm): GuestExports {
    const made = this.#functions.get(form);
    if (made !== undefined) return made;
    const functions = instantiateSync(form, this.#imports).instance.exports as unknown as GuestExports;
    this.#functions.set(form, functions);
    return functions;
  }
}

/** The host reads the guest's memory by its layout, so both must have the same layout. */
function checkLayout(module: CompiledWasm): void {
  const [section] = WebAssembly.Module.customSections(module, 'layout');
  if (section === undefined) throw new Error('this wasm module is no binderlab guest: it does not say its layout');
  const digest = new TextDecoder().decode(new Uint8Array(section));
  if (digest === DIGEST) return;
  const [theirs, ours] = [digest, DIGEST].map((whole) => whole.slice(0, 12));
  throw new Error(
    `this wasm module is of another build of binderlab: its layout is ${theirs}, and this host knows ${ours}; take the release.wasm or debug.wasm that came with the host`,
  );
}
