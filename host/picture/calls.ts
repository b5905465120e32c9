/** Steps for a list of calls: who called what, and which threads it woke. */
import { answersOf, callBegin, callEnd, commandsOf, injectionText } from '../trace/call.ts';
import type { Output, Step, StepInput, WriteReadInput, WriteReadOutput } from '../trace/journal.ts';
import { ioctlText } from '../trace/readablestrace.ts';
import { isNews } from '../trace/strace.ts';
import { type WordText, wordText } from '../trace/wordtext.ts';

export interface CallPicture {
  /** Number of the step. */
  readonly step: number;
  /** The thread; null for a step without one. */
  readonly by: string | null;
  /** The call with its result; of a BINDER_WRITE_READ only "BINDER_WRITE_READ". */
  readonly call: string;
  /** The commands of a BINDER_WRITE_READ, and its returns. */
  readonly commands: readonly WordText[];
  readonly returns: readonly WordText[];
  /** The caller sleeps in it. */
  readonly sleeps: boolean;
  /** Name of the error with which it failed; null when it did not. */
  readonly errno: string | null;
  /** Calls of other threads, or of the same one, that this step finished. */
  readonly woken: readonly {
    readonly by: string;
    /** Number of the step in which it fell asleep. */
    readonly since: number;
    readonly returns: readonly WordText[];
  }[];
  /** Lines of the kernel log that the driver printed in this step. */
  readonly kernelLog: readonly string[];
}

export function callPicture(step: Step): CallPicture {
  const woken = [...(step.woken ?? [])].sort((one, other) => one.order - other.order);
  return {
    step: step.i,
    by: step.by ?? null,
    call: step.op === 'wr' ? 'BINDER_WRITE_READ' : wholeText(step),
    commands: step.op === 'wr' && step.in.write_size > 0 ? (step.bc ?? commandsOf(step.in)).map(wordText) : [],
    returns: step.op === 'wr' && step.out !== undefined ? returnsOf(step.in, step.out, step.br) : [],
    sleeps: step.parked === true,
    errno: errnoOf(step.out),
    woken: woken.map(({ by, i, out, br }) => ({ by, since: i, returns: returnsOf(null, out as WriteReadOutput, br) })),
    kernelLog: (step.klog ?? []).filter(isNews),
  };
}

/** The thread and the operation of a step that is to come. */
export function stepText(step: Step): string {
  const text = operationText(step);
  return step.by === undefined ? text : `${step.by}: ${text} ...`;
}

function operationText(step: Step): string {
  switch (step.op) {
    case 'proc':
      return `process ${step.in.name} is made`;
    case 'kill':
      return `process ${step.in.proc} is killed`;
    case 'signal':
    case 'await':
      return `${step.op} of ${step.in.thread}`;
    case 'dump':
      return `dump of ${step.in.file}`;
    case 'shrink':
      return 'the shrinker';
    case 'note':
      return 'a note';
    case 'inject':
      return injectionText(step.in);
    default:
      return callBegin(step, step.bc).begin;
  }
}

function wholeText(step: Step): string {
  if (step.op === 'ioctl') return ioctlText(step.in, step.out);
  const text = operationText(step);
  if (step.by === undefined) return text;
  return step.out === undefined ? `${text})` : `${text}${callEnd(step as StepInput, step.out, step.br)}`;
}

/** @param input Null where only the text is known. */
function returnsOf(input: WriteReadInput | null, out: WriteReadOutput, br: string[] | undefined): WordText[] {
  if (!out.read) return [];
  return (br ?? (input === null ? [] : answersOf(input, out))).map(wordText);
}

function errnoOf(out: Output | undefined): string | null {
  return out !== undefined && 'errno' in out && typeof out.errno === 'string' ? out.errno : null;
}
