/** `--trace FILE`: a trace of the machine, in the form that the file's name asks for. */
import { FtraceFile } from '../ftrace/ftracefile.ts';
import { PerfettoFile } from '../ftrace/perfettofile.ts';
import { Tracer } from '../ftrace/tracer.ts';
import type { Machine } from '../machine.ts';
import type { Options } from './command.ts';
import { checkTarget, writeWhole } from './files.ts';
import { UsageError } from './usage.ts';

export const TRACE_OPTIONS = {
  trace: {
    type: 'string',
    hint: 'FILE',
    description: "trace the driver into a file: .ftrace is the kernel's text, .pftrace is for Perfetto",
  },
} as const satisfies Options;

const FORMS = { '.ftrace': FtraceFile, '.pftrace': PerfettoFile } as const;

/** @throws UsageError when no trace can be written there. */
export function checkTrace(path: string | undefined): void {
  if (path === undefined) return;
  formOf(path);
  checkTarget('--trace', path);
}

/** Traces the machine from its next step on. @returns Ends the trace and writes the file. Without a path there is none. */
export function traceTo(path: string | undefined, machine: Machine): () => void {
  if (path === undefined) return () => {};
  const tracer = new Tracer(machine, new (formOf(path))());
  return () => {
    const bytes = tracer.finish();
    if (tracer.lost > 0) {
      process.stderr.write(`${path}: ${tracer.lost} events are lost: a step had more than the guest's ring holds\n`);
    }
    writeWhole(path, bytes);
  };
}

function formOf(path: string): (typeof FORMS)[keyof typeof FORMS] {
  const found = Object.entries(FORMS).find(([ending]) => path.endsWith(ending));
  if (found === undefined) throw new UsageError(`--trace ${path}: the name of a trace ends in .ftrace or .pftrace`);
  return found[1];
}
