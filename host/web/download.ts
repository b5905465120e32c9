/** What leaves the page, on a click only: the journal, a trace, and the trace for Perfetto's page. */
import { FtraceFile } from '../ftrace/ftracefile.ts';
import { PerfettoFile } from '../ftrace/perfettofile.ts';
import { Tracer } from '../ftrace/tracer.ts';
import { Machine } from '../machine.ts';
import { MemoryFile } from '../trace/memoryfile.ts';
import type { Store } from './store.ts';

const PERFETTO = 'https://ui.perfetto.dev';
const PING_MS = 100;
const PINGS_MAX = 300;

export function downloadJournal({ bytes, facts }: Store): void {
  save(bytes, `${nameOf(facts.source)}.journal`);
}

/** @param form Perfetto's, or the text of ftrace. */
export function downloadTrace(store: Store, form: 'pftrace' | 'ftrace'): void {
  const Form = form === 'pftrace' ? PerfettoFile : FtraceFile;
  save(traceOf(store, Form), `${nameOf(store.facts.source)}.${form}`);
}

/** Opens Perfetto's page, waits until it answers, and gives it the trace. */
export function openInPerfetto(store: Store): void {
  const trace = traceOf(store, PerfettoFile);
  const page = window.open(PERFETTO);
  if (page === null) return;
  let pings = 0;
  const timer = setInterval(() => {
    if (page.closed || ++pings > PINGS_MAX) clearInterval(timer);
    else page.postMessage('PING', PERFETTO);
  }, PING_MS);
  addEventListener('message', function answer({ data, origin }) {
    if (origin !== PERFETTO || data !== 'PONG') return;
    clearInterval(timer);
    removeEventListener('message', answer);
    const perfetto = { buffer: trace.buffer, title: store.facts.source };
    page.postMessage({ perfetto }, PERFETTO);
  });
}

/** The whole journal, performed once more by a machine that is traced. */
function traceOf(
  { journal, guest: wasm, strategy, facts: { memoryMiB } }: Store,
  Form: typeof PerfettoFile | typeof FtraceFile,
): Uint8Array<ArrayBuffer> {
  const options = { wasm, strategy: strategy.value, memoryMiB, journal: false } as const;
  const machine = Machine.fromHeader(journal.header, options);
  const file = new MemoryFile();
  const tracer = new Tracer(machine, new Form(file));
  for (const step of journal.eachStep()) machine.perform(step);
  tracer.finish();
  return new Uint8Array(file.read(0, file.size));
}

function save(bytes: Uint8Array, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([new Uint8Array(bytes)]));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function nameOf(source: string): string {
  return source.replace(/^.*[\\/]/, '').replace(/\.(ts|js|journal|jsonl|jsonl\.gz)$/, '');
}
