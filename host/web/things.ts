/** Which keys a thing has: a frame those of the messages in it, a message those of its frames, its step and its node. */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import { type AreaPicture, areaPictures } from '../picture/area.ts';
import type { StagePage } from '../picture/entries.ts';
import { messagesIn } from '../picture/subject.ts';
import type { Still } from './lane.ts';
import { frameKey, nodeKey, stepKey, transactionKey } from './light.ts';

type Message = Exclude<AreaPicture['parts'][number], { kind: 'hole' }>;

export function messageKeys(message: Message, area: AreaPicture): string {
  const { transaction, node, sent } = message;
  const frames = framesOf(message, area).map((frame) => frameKey(frame));
  const keys = [transactionKey(transaction), stepKey(sent?.step ?? null), node === 0 ? '' : nodeKey(node), ...frames];
  return keys.filter((key) => key !== '').join(' ');
}

/** Linear addresses of the frames that a message fills. */
function framesOf({ offset, size }: Message, { pages }: AreaPicture): number[] {
  const [first, last] = [Math.floor(offset / PAGE_SIZE), Math.floor((offset + size - 1) / PAGE_SIZE)];
  return pages.flatMap(({ index, frame }) => (frame !== null && index >= first && index <= last ? [frame] : []));
}

/** The keys of any frame of memory: its own, and those of the messages in it. */
export function frameKeys(still: Still, linear: number): string[] {
  const located = still.kept('messages by frame', () => {
    const byFrame = new Map<number, Message[]>();
    for (const { area, message } of messagesIn(still.picture('areas', areaPictures))) {
      for (const frame of framesOf(message, area)) byFrame.set(frame, [...(byFrame.get(frame) ?? []), message]);
    }
    return byFrame;
  });
  const messages = located.get(linear) ?? [];
  const own = messages.flatMap(({ transaction, sent }) => [transactionKey(transaction), stepKey(sent?.step ?? null)]);
  return [frameKey(linear), ...own.filter((key) => key !== '')];
}

/** The page-table entries of all processes and of the kernel that lead to a frame. */
export function entriesTo(still: Still, linear: number): readonly StagePage[] {
  const entries = still.kept('entries by frame', () => {
    const byFrame = new Map<number, StagePage[]>();
    for (const page of [...still.mapped.entries.values()].flatMap((pages) => [...pages.values()])) {
      const known = byFrame.get(page.frame);
      if (known === undefined) byFrame.set(page.frame, [page]);
      else known.push(page);
    }
    return byFrame;
  });
  return entries.get(linear) ?? [];
}
