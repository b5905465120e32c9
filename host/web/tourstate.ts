/** The tour: its eight steps, and whether it was seen. */
import type { Store } from './store.ts';
import { remember, remembered } from './theme.ts';

interface TourStep {
  /** Selects the element that it points at. */
  readonly at: string;
  readonly title: string;
  readonly text: string;
  /** What the page shows then. */
  readonly enter?: (store: Store) => void;
}

const KEY = 'binderlab-tour';

const toMessage = (store: Store) => store.go(store.facts.at ?? store.firstMessage());

export const TOUR: readonly TourStep[] = [
  {
    at: '.space.sender',
    title: 'The sender has bytes in a page of its own',
    text: 'This is its address space. Each box is a page that it has mapped. It wrote the message here, and asks the driver to send it.',
    enter: toMessage,
  },
  {
    at: '.frames',
    title: 'Memory is frames of 4 KiB',
    text: 'A page is only a name for a frame. Each line is an entry of a page table in the emulated machine: point at one to read it.',
    enter: toMessage,
  },
  {
    at: '.frame.shared, .frame.target',
    title: 'This is the shared frame',
    text: 'The kernel writes here, and the receiver sees the same frame in its own mapping. mmap made that possible before the call.',
    enter: toMessage,
  },
  {
    at: '.journey-label',
    title: 'So one copy is enough',
    text: 'The driver copies the bytes once, from the sender’s frame to the frame that the receiver sees already.',
    enter: toMessage,
  },
  {
    at: '.space.receiver',
    title: 'The receiver reads without a copy',
    text: 'Its entry is read-only. It gets the address of the message, reads it in place, and frees the buffer later.',
    enter: toMessage,
  },
  {
    at: '.strategy',
    title: 'Try it with two copies',
    text: 'Choose two-copy here: the kernel has a frame between them, and the bytes travel twice. The same journal runs anew.',
    enter: toMessage,
  },
  {
    at: '.timeline',
    title: 'Time',
    text: 'A row for each thread: solid while it acts, hatched while it sleeps. Arrows are messages. Click to go there; ← and → make one step.',
  },
  {
    at: '.tabs',
    title: 'And everything else',
    text: 'The call byte by byte, the receiver’s buffers, the driver’s objects, the counters. Under Change you make a branch: kill, freeze, let an allocation fail.',
  },
];

export function isFirstVisit(store: Store): boolean {
  return /first-call/.test(store.facts.source) && remembered(KEY) === null;
}

export function beginTour(store: Store): void {
  enter(store, 0);
}

export function endTour(store: Store): void {
  if (store.tour.value === null) return;
  store.tour.value = null;
  remember(KEY, 'seen');
}

/** Shows a step of the tour; after the last it ends. */
export function enter(store: Store, number: number): void {
  const step = TOUR[number];
  if (step === undefined) {
    endTour(store);
    return;
  }
  store.playing.value = false;
  step.enter?.(store);
  store.tour.value = number;
}
