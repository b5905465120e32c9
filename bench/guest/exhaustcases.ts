/** Numbers of the allocator's exhaustive test. Like assembly/abi they are compiled for the guest, and imported by the host. */

export const BUFFER_COUNT = 5;
/** Orders in which five buffers can be freed. */
export const ORDER_COUNT = 120;
/** Number of alignments of a buffer's end, in relation to the end of the one before it. */
export const ALIGNMENT_COUNT = 5;
/** The same for all five: ALIGNMENT_COUNT to the power of BUFFER_COUNT. Base-5 digits, the first buffer's is the lowest. */
export const ALIGNMENTS_COUNT = 3125;

/** The "same" page is the one in which the buffer before ends; after an aligned end, the next page. */
export const ALIGN_SAME_PAGE = 0;
export const ALIGN_SAME_PAGE_END = 1;
export const ALIGN_NEXT_PAGE = 2;
export const ALIGN_NEXT_PAGE_END = 3;
export const ALIGN_NEXT_BUT_ONE_PAGE = 4;

/**
 * The first step of each part of a run. All buffers are reserved, freed in the run's order, and reserved again (on pages
 * of the LRU). In that order each one is freed and reserved again between its neighbours. All are freed. The shrinker
 * runs.
 */
export const STEP_FREE = 5;
export const STEP_RESERVE_AGAIN = 10;
export const STEP_REFILL = 15;
export const STEP_FREE_AGAIN = 25;
export const STEP_SHRINK = 30;
export const STEP_COUNT = 31;

/** Kinds of failures. A page's state is the sum of PAGE_*. */
export const SUBJECT_NONE = 0;
export const SUBJECT_PAGE = 1;
export const SUBJECT_RESERVE = 2;
export const SUBJECT_OFFSET = 3;
export const SUBJECT_DELIVER = 4;
export const SUBJECT_LRU = 5;
export const SUBJECT_MAPPED = 6;
export const SUBJECT_SHRUNK = 7;
export const SUBJECT_FRAMES = 8;
export const SUBJECT_NULL = 9;

export const PAGE_HAS_FRAME = 1;
export const PAGE_ON_LRU = 2;
