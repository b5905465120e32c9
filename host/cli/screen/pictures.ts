/** All that the panes show of a moment. */
import { type AreaPicture, areaPictures } from '../../picture/area.ts';
import { type NodePicture, nodePictures } from '../../picture/graph.ts';
import type { Moment } from '../../picture/moment.ts';
import { type SharedPages, sharedPages } from '../../picture/sharedpages.ts';
import { messagesIn, subjectOf } from '../../picture/subject.ts';
import { type ProcessPicture, processPictures } from '../../picture/tasks.ts';

export interface Pictures {
  readonly areas: readonly AreaPicture[];
  /** The message whose pages are shown, and its receiver's pid; null without one. */
  readonly shared: SharedPages | null;
  readonly receiver: number | null;
  readonly processes: readonly ProcessPicture[];
  readonly nodes: readonly NodePicture[];
}

/** @param transaction The message whose pages are shown; null for that of the step. */
export function picturesOf(moment: Moment, transaction: number | null): Pictures {
  const areas = areaPictures(moment);
  const chosen = messagesIn(areas).find(({ message }) => message.transaction === transaction);
  const shown = transaction === null ? subjectOf(moment, areas) : chosen;
  return {
    areas,
    shared: shown ? sharedPages(moment, shown.area, shown.message) : null,
    receiver: shown?.area.pid ?? null,
    processes: processPictures(moment),
    nodes: nodePictures(moment),
  };
}
