/** `--trace FILE`: a trace of the machine, in the form that the file's name asks for. */
import { FtraceFile } from '../ftrace/ftracefile.ts';
import { PerfettoFile } from '../ftrace/perfettofile.ts';
import { Tracer } from '../ftrace/tracer.ts';
import type { Machine } from '../machine.ts';
import type { Options } from './command.ts';
import { checkTarget } from './files.ts';
import { OutputFile } from './outputfile.ts';
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

/**
 * Traces the machine from its next step on; the file is written while it runs. Without a path there is none.
 *
 * @returns Ends the trace. It throws a UsageError when the file could not be written.
 */
export function traceTo(path: string | undefined, machine: Machine): () => void {
  if (path === undefined) return () => {};
  const file = new OutputFile(path);
  const tracer = new Tracer(machine, new (formOf(path))(file));
  return () => {
    tracer.finish();
    file.close();
    if (tracer.lost > 0) {
      process.stderr.write(`${path}: ${tracer.lost} events are lost: a step had more than the guest's ring holds\n`);
    }
    if (file.problem !== null) throw new UsageError(file.problem);
  };
}

function formOf(path: string): (typeof FORMS)[keyof typeof FORMS] {
  const found = Object.entries(FORMS).find(([ending]) => path.endsWith(ending));
  if (found === undefined) throw new UsageError(`--trace ${path}: the name of a trace ends in .ftrace or .pftrace`);
  return found[1];
}
