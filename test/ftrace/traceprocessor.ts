/** Perfetto's trace processor, as `.ci/trace-processor` has fetched it: loads a trace, answers SQL. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { runInThisContext } from 'node:vm';
import { MessageChannel, type MessagePort } from 'node:worker_threads';

const CACHE = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
const FOLDER = join(CACHE, 'binderlab', 'trace-processor-0.25.2');

/** Why there is none; null when there is one. */
export const MISSING = existsSync(join(FOLDER, 'trace_processor.wasm'))
  ? null
  : `${FOLDER} does not exist: .ci/trace-processor fetches it`;

export type Row = Readonly<Record<string, string | number | null>>;

interface Rows {
  columns(): string[];
  iter(spec: object): { valid(): boolean; next(): void; get(column: string): string | number | bigint | null };
}

/** The part of the package's engine that is used. */
interface Engine {
  onRpcResponseBytes(bytes: Uint8Array): void;
  resetTraceProcessor(config: object): Promise<void>;
  parse(bytes: Uint8Array): Promise<void>;
  notifyEof(): Promise<void>;
  query(sql: string): Promise<Rows>;
}

interface Bridge {
  reqBufferAddr: number;
  initialize(port: MessagePort): void;
}

/** The glue is made for a browser's worker. It gets the wasm's bytes, uses 32-bit memory, and shows its bridge. */
const EDITS = [
  ['this.useMemory64 = hasMemory64Support();', 'this.useMemory64 = false;'],
  ['locateFile: (s) => s,', 'locateFile: (s) => s, wasmBinary: globalThis.traceProcessorWasm,'],
  ['const wasmBridge = new wasm_bridge_1.WasmBridge();', '$& globalThis.traceProcessorBridge = wasmBridge;'],
] as const;
const POLL_MS = 20;
const CONFIG = {
  cropTrackEvents: false,
  ingestFtraceInRawTable: true,
  analyzeTraceProtoContent: false,
  ftraceDropUntilAllCpusValid: false,
};

export class TraceProcessor {
  private constructor(
    private readonly engine: Engine,
    private readonly port: MessagePort,
  ) {}

  static async open(): Promise<TraceProcessor> {
    const scope = globalThis as unknown as Record<string, unknown>;
    scope.self = globalThis;
    scope.WorkerGlobalScope = class {};
    scope.location = { href: pathToFileURL(`${FOLDER}/`).href };
    scope.traceProcessorWasm = readFileSync(join(FOLDER, 'trace_processor.wasm'));
    console.warn = () => {}; // The engine knows fewer fields of answers than its wasm.
    let glue = readFileSync(join(FOLDER, 'engine_bundle.node.js'), 'utf8');
    for (const [before, after] of EDITS) glue = glue.replace(before, after);
    runInThisContext(glue);
    const bridge = scope.traceProcessorBridge as Bridge;
    while (!bridge.reqBufferAddr) await setTimeout(POLL_MS);

    const { EngineBase } = (await import(pathToFileURL(join(FOLDER, 'engine.mjs')).href)) as {
      EngineBase: new () => Engine;
    };
    const { port1, port2 } = new MessageChannel();
    class PortEngine extends EngineBase {
      rpcSendRequestBytes(bytes: Uint8Array): void {
        port2.postMessage(bytes);
      }
    }
    const engine = new PortEngine();
    port2.on('message', (bytes: Uint8Array) => engine.onRpcResponseBytes(bytes));
    bridge.initialize(port1);
    return new TraceProcessor(engine, port2);
  }

  /** Forgets the trace before, and loads this one. */
  async load(trace: Uint8Array): Promise<void> {
    await this.engine.resetTraceProcessor(CONFIG);
    await this.engine.parse(trace);
    await this.engine.notifyEof();
  }

  async rows(sql: string): Promise<Row[]> {
    const result = await this.engine.query(sql);
    const rows: Row[] = [];
    for (const at = result.iter({}); at.valid(); at.next()) {
      const cells = result.columns().map((column) => {
        const value = at.get(column);
        return [column, typeof value === 'bigint' ? Number(value) : value];
      });
      rows.push(Object.fromEntries(cells) as Row);
    }
    return rows;
  }

  close(): void {
    this.port.close();
  }
}
