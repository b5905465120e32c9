/** The message that a step is about. */
import { eventsNamed } from '../trace/events.ts';
import type { AreaMessage, AreaPicture } from './area.ts';
import type { Moment } from './moment.ts';

/** A message, and the area that it is in. */
interface Located {
  readonly area: AreaPicture;
  readonly message: AreaMessage;
}

/**
 * The message that the last step sent, received or read; otherwise the newest one in the area of the process that made the
 * step, or in any area. One with data goes before one without.
 *
 * @returns null when no area has a message.
 */
export function subjectOf(moment: Moment, areas: readonly AreaPicture[]): Located | null {
  const { events, step } = moment;
  const all = messagesIn(areas).sort((one, other) => one.message.transaction - other.message.transaction);
  const actor = actorOf(moment);
  const own = all.filter(({ area }) => area.pid === actor);
  const numbered = (number: number) => all.filter(({ message }) => message.transaction === number);
  const at = step?.op === 'peek' ? Number(step.in.addr) : -1;
  const ranked = [
    ...all,
    ...own,
    ...own.filter(({ message: { address, size } }) => at >= address && at < address + size),
    ...eventsNamed(events, 'transaction_received').flatMap(({ args }) => numbered(args.transaction)),
    ...eventsNamed(events, 'transaction_alloc_buf').flatMap(({ args }) => numbered(args.transaction)),
  ];
  return ranked.filter(({ message }) => message.dataSize > 0).at(-1) ?? ranked.at(-1) ?? null;
}

/** All messages with their areas. */
export function messagesIn(areas: readonly AreaPicture[]): Located[] {
  return areas.flatMap((area) => area.parts.flatMap((message) => (message.kind === 'hole' ? [] : [{ area, message }])));
}

/** Pid of the process that made the last step; null without one. */
function actorOf({ inspect, names, step }: Moment): number | null {
  const made = ({ tid }: { tid: number }) => names.thread(tid) === step?.by;
  return inspect.processes().find(({ threads }) => threads.some(made))?.pid ?? null;
}
