/** Positions in a history, as users name them: the number of the last performed step. */
import { type History, START } from '../../history.ts';
import { UsageError } from '../usage.ts';

/** @param text A step's number, `start` or `end`. @throws UsageError when the journal has no such step. */
export function positionOf(text: string, history: History): number {
  if (text === 'start') return START;
  if (text === 'end') return history.last;
  const position = /^\d+$/.test(text) ? history.find(Number(text)) : null;
  if (position !== null) return position;
  const { recorded, last } = history;
  const steps = last < 0 ? 'no steps, only' : `steps ${recorded.numberAt(0)} to ${recorded.numberAt(last)},`;
  const wanted = text === '' ? 'to which step? There' : `there is no step "${text}"; there`;
  throw new UsageError(`${wanted} are ${steps} start and end`);
}

/** "step 13 of 41" by the steps' own numbers, or "start". */
export function headingOf({ step, recorded, last }: History): string {
  return step === null ? 'start' : `step ${step.i} of ${recorded.numberAt(last)}`;
}
