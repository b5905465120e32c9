/** Names of events for people; descriptions of the ways to send and of the strategies. */
import type { Strategy } from '../wire/strategy.ts';
import type { Send } from './scene.ts';
import type { Event } from './tally.ts';

export const EVENT_WORDS: Readonly<Record<Event, string>> = {
  copies: 'beginning a copy',
  bytesCopied: 'copying bytes',
  commandBytes: 'copying commands',
  framesAllocated: 'allocating frames',
  framesZeroed: 'zeroing frames',
  'pteWrites.user': 'page-table entries, user',
  'pteWrites.kernel': 'page-table entries, kernel',
  tlbFlushes: 'TLB flushes',
  faults: 'page faults',
  kmaps: 'direct-map accesses',
  walks: 'page-table walks',
};

export const SEND_WHAT: Readonly<Record<Send, string>> = {
  inline: 'The payload is the message.',
  memfd:
    'The message carries a descriptor of a memory file with the payload; the server maps, reads and unmaps it. The client created, grew and mapped the file before; warm calls do not count that.',
  'new-memfd': 'The same with a file that the client creates, grows, maps, fills, unmaps and closes in every call.',
};

export const STRATEGY_WHAT: Readonly<Record<Strategy, string>> = {
  kmap: 'Pages are mapped for the receiver when a buffer first covers them; the driver reaches one at a time (Linux 5.1 and later).',
  vmalloc: 'Each page also has a kernel address, and the driver copies through that (Linux 4.14 to 5.0).',
  'two-copy': 'Staged in kernel memory when sent, copied into the receiver’s own pages when delivered.',
  prefault: 'All pages are mapped at mmap time, and stay.',
  huge: 'As prefault, in contiguous runs of up to 2 MiB; a run is one copy.',
  remap: 'Whole pages of private memory are lent, read-only on both sides; the rest is copied.',
  fault: 'As kmap, but a page is mapped for the receiver when it first touches it.',
};
