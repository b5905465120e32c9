/** Failures of the allocator's exhaustive test, as data and as text. */
import {
  ALIGN_NEXT_BUT_ONE_PAGE,
  ALIGN_NEXT_PAGE,
  ALIGN_NEXT_PAGE_END,
  ALIGN_SAME_PAGE,
  ALIGN_SAME_PAGE_END,
  ALIGNMENT_COUNT,
  BUFFER_COUNT,
  STEP_FREE,
  STEP_FREE_AGAIN,
  STEP_REFILL,
  STEP_RESERVE_AGAIN,
  STEP_SHRINK,
  SUBJECT_DELIVER,
  SUBJECT_FRAMES,
  SUBJECT_LRU,
  SUBJECT_MAPPED,
  SUBJECT_NULL,
  SUBJECT_OFFSET,
  SUBJECT_PAGE,
  SUBJECT_RESERVE,
  SUBJECT_SHRUNK,
} from './guest/exhaustcases.ts';

/** The exports of bench/guest/exhaust.ts. */
export interface ExhaustExports {
  exhaustStart(strategy: number): number;
  exhaustPlan(alignments: number, atEnd: number, order: number): void;
  exhaustOrders(alignments: number, atEnd: number, order: number): number;
  exhaustStep(): number;
  exhaustOrder(): number;
  exhaustFailed(): number;
  exhaustSubject(): number;
  exhaustPage(): number;
  exhaustWanted(): number;
  exhaustFound(): number;
  exhaustOffset(buffer: number): number;
  exhaustSize(buffer: number): number;
  exhaustFreed(turn: number): number;
}

/** The places of the buffers. All orders of freeing share a layout. */
export interface Layout {
  /** Base-5 digits, 0 to 3124. */
  readonly alignments: number;
  readonly atEnd: boolean;
}

export interface ExhaustFailure {
  /** The end of each buffer in relation to the one before it; at the end of the area, the start of its mirror image. */
  alignments: string[];
  end: 'front' | 'back';
  buffers: { offset: number; size: number }[];
  /** Numbers of the buffers, in the order of freeing. */
  order: number[];
  /** The last step: "reserving buffer 3 again". */
  step: string;
  /** Number of the page; null when the failure concerns no page. */
  page: number | null;
  /** The difference from the expected state. */
  finding: string;
}

const ALIGNMENTS: Readonly<Record<number, string>> = {
  [ALIGN_SAME_PAGE]: 'same page, unaligned',
  [ALIGN_SAME_PAGE_END]: 'same page, aligned',
  [ALIGN_NEXT_PAGE]: 'next page, unaligned',
  [ALIGN_NEXT_PAGE_END]: 'next page, aligned',
  [ALIGN_NEXT_BUT_ONE_PAGE]: 'next but one page, unaligned',
};

/** By PAGE_HAS_FRAME + PAGE_ON_LRU. */
const PAGE_STATES = [
  'has no frame',
  'has a frame and is off the LRU',
  'is on the LRU without a frame',
  'is on the LRU',
];

const FIRST_TO_LAST = Array.from({ length: BUFFER_COUNT }, (_, index) => index);

/** Describes the guest's current run. @param trap The error with which the guest stopped, if it did. */
export function failureOf(guest: ExhaustExports, { alignments, atEnd }: Layout, trap?: Error): ExhaustFailure {
  const order = FIRST_TO_LAST.map((turn) => guest.exhaustFreed(turn));
  const page = guest.exhaustPage();
  return {
    alignments: FIRST_TO_LAST.map((buffer) => alignmentName(alignments, buffer)),
    end: atEnd ? 'back' : 'front',
    buffers: FIRST_TO_LAST.map((buffer) => ({ offset: guest.exhaustOffset(buffer), size: guest.exhaustSize(buffer) })),
    order,
    step: stepName(guest.exhaustFailed(), order),
    page: trap === undefined && page >= 0 ? page : null,
    finding: trap === undefined ? finding(guest) : `the guest stopped: ${trap.message}`,
  };
}

/** The failure as lines of text. */
export function failureText({ alignments, end, buffers, order, step, page, finding }: ExhaustFailure): string {
  return [
    `${page === null ? '' : `page ${page}: `}${finding}`,
    `  after ${step}; buffers are freed in the order ${order.join(' ')}`,
    `  at the ${end} of the area${end === 'back' ? ', the mirror image of' : ''}: ${alignments.join('; ')}`,
    ...buffers.map(({ offset, size }, index) => `  buffer ${index} at 0x${offset.toString(16)}, ${size} bytes`),
  ].join('\n');
}

function alignmentName(alignments: number, buffer: number): string {
  return ALIGNMENTS[Math.floor(alignments / ALIGNMENT_COUNT ** buffer) % ALIGNMENT_COUNT] as string;
}

function stepName(step: number, order: readonly number[]): string {
  if (step < STEP_FREE) return `reserving buffer ${step}`;
  if (step < STEP_RESERVE_AGAIN) return `freeing buffer ${order[step - STEP_FREE]}`;
  if (step < STEP_REFILL) return `reserving buffer ${step - STEP_RESERVE_AGAIN} again`;
  if (step < STEP_FREE_AGAIN) {
    const [turn, reserves] = [(step - STEP_REFILL) >> 1, (step - STEP_REFILL) & 1];
    return `${reserves ? 'reserving' : 'freeing'} buffer ${order[turn]} between the others`;
  }
  return step < STEP_SHRINK ? `freeing buffer ${order[step - STEP_FREE_AGAIN]} again` : 'the shrinker ran';
}

function finding(guest: ExhaustExports): string {
  const [wanted, found] = [guest.exhaustWanted(), guest.exhaustFound()];
  switch (guest.exhaustSubject()) {
    case SUBJECT_PAGE:
      return `${PAGE_STATES[found]}, but should be one that ${PAGE_STATES[wanted]}`;
    case SUBJECT_RESERVE:
      return `the reservation failed with ${found}`;
    case SUBJECT_OFFSET:
      return `the buffer is at 0x${found.toString(16)}, and should be at 0x${wanted.toString(16)}`;
    case SUBJECT_DELIVER:
      return `the delivery failed with ${found}`;
    case SUBJECT_LRU:
      return `${found} pages are listed on the LRU, and should be ${wanted}`;
    case SUBJECT_MAPPED:
      return `${found} pages are mapped for the user, and should be ${wanted}`;
    case SUBJECT_SHRUNK:
      return `the shrinker took ${found} pages, and should have taken ${wanted}`;
    case SUBJECT_FRAMES:
      return `${found} frames are free, and should be ${wanted}`;
    case SUBJECT_NULL:
      return 'something was stored through a null pointer';
    default:
      throw new Error('the guest has found nothing wrong');
  }
}
