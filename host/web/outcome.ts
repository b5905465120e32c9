/** What a failure by request comes to in a branch: the first step that ends otherwise than the journal's, and its error. */
import type { Step, StepOf } from '../trace/journal.ts';

/** What fails, in the words of the page. */
export const FAILURES = {
  object: 'kernel object',
  frame: 'frame of memory',
  buffer: 'Binder buffer',
  copy: 'copy',
} as const;

export type FailureKind = keyof typeof FAILURES;

export interface Outcome {
  /** The journal's position; null when nothing has failed. */
  readonly position: number | null;
  /** "app.0 gets BR_FAILED_REPLY". */
  readonly says: string;
}

/** Returns that report an error. */
const BAD_WORDS = /^BR_(ERROR|\w+_REPLY)\b/;

/** "kernel object number 2 fails". */
export function failureTitle({ what, nth, bytes }: StepOf<'inject'>['in']): string {
  const name = FAILURES[what as FailureKind];
  return `${nth === 1 ? `the next ${name}` : `${name} number ${nth}`} fails${bytes > 0 ? ` after ${bytes} bytes` : ''}`;
}

/** The errors of a step that the journal's does not have; null without one. */
export function newErrors(step: Step, usual: Step): string | null {
  const known = new Set(errorsOf(usual));
  const errors = errorsOf(step).filter((error) => !known.has(error));
  return errors.length === 0 ? null : errors.join(', and ');
}

function errorsOf({ by = 'the step', out, br, woken = [] }: Step): string[] {
  const ends = [{ by, out, br }, ...woken];
  return ends.flatMap((end) => [
    ...errnoOf(end.by, end.out),
    ...(end.br ?? []).flatMap((word) => badWord(end.by, word)),
  ]);
}

function errnoOf(by: string, out: Step['out'] | null): string[] {
  return out && 'errno' in out && typeof out.errno === 'string' ? [`the call of ${by} fails with ${out.errno}`] : [];
}

function badWord(by: string, word: string): string[] {
  return BAD_WORDS.test(word) ? [`${by} gets ${word.split(' ', 1)[0]}`] : [];
}
