/** The result of the guest's invariant checker in words: a sentence for each VIOLATION_* of abi/check. */
import * as codes from '../../assembly/abi/check.ts';
import type { GuestExports } from '../../build/layout.ts';
import { BinderlabError } from '../wire/error.ts';
import { thrownText } from '../wire/thrown.ts';

/** The first violated invariant. */
export interface Violation {
  /** The number's name without its prefix, e.g. `NODE_LOCAL_STRONG`. */
  name: string;
  /** Linear address of the broken object. */
  address: number;
  /** Expected and actual number; the sentence says which. Zero when unused. */
  wanted: number;
  found: number;
  /** The whole as a sentence, without a full stop. */
  text: string;
}

const PREFIX = 'VIOLATION_';
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(codes).map(([name, code]) => [code, name.slice(PREFIX.length)]),
);

type Name = keyof typeof codes extends `VIOLATION_${infer Rest}` ? Exclude<Rest, 'TALLIES'> : never;

/** {at} is the address; {wanted} and {found} are the numbers, in hex with a leading x. */
const SENTENCES: Readonly<Record<Name, string>> = {
  FRAME_REFS: 'the frames at {at} count {wanted} references, but {found} holders were found',
  OWNER: 'the object at {at}: {wanted} in use there, {found} found to own it',
  LINK: 'the link at {at}: {wanted} by its own words, on {found} lists',
  SLAB_LIVE: 'the slab cache at {at} counts {wanted} objects, its pages {found}',
  PROCESS_REFS: 'the process at {at} counts {wanted} references, but {found} holders were found',
  SPACE_REFS: 'the address space at {at} counts {wanted} references, but {found} holders were found',
  FILE_REFS:
    'the open file at {at} counts {wanted} references, but {found} descriptors, mappings, parked calls and messages hold it',
  STREAM_READERS: 'the stream at {at} counts {wanted} readers, but {found} open files read it',
  STREAM_WRITERS: 'the stream at {at} counts {wanted} writers, but {found} open files write it',
  KERNEL_RANGE: 'the kernel area at {at}: {wanted} reserved, {found} binder areas have it',
  KERNEL_LEAF:
    'the frame at {at} is mapped {wanted} times for the kernel, but is the page of {found} areas with a twin',
  PROC_FILE: 'the binder_proc at {at} should have {wanted} open files, and has {found}',
  PROC_REFS: 'the binder_proc at {at} has tmp_ref {wanted}, but {found} holders were found',
  LOOPER_REFS: 'the binder_thread at {at} has tmp_ref {wanted}, but {found} holders were found',
  OUTSTANDING: 'the binder_proc at {at} counts {wanted} outstanding transactions, but {found} are queued or served',
  FREE_TREE: 'the buffer at {at}: {wanted} free in the list, {found} in the tree of free buffers',
  NODE_STRONG: 'the binder_node at {at} has internal_strong_refs {wanted}, but {found} refs to it are strong',
  NODE_LOCAL_STRONG:
    'the binder_node at {at} has local_strong_refs {wanted}, but {found} buffers, unanswered BR_ACQUIREs and managers hold it',
  NODE_LOCAL_WEAK:
    'the binder_node at {at} has local_weak_refs {wanted}, but {found} buffers, unanswered BR_INCREFSs and managers hold it',
  NODE_ONEWAY: 'the binder_node at {at} knows of {wanted} oneways, but {found} buffers hold one',
  REF_BY_NODE: 'the binder_ref at {at}: {wanted} by handle, {found} in the tree by node',
  STACK: 'the transaction at {at} should stand on {wanted} stacks, and stands on {found}',
  KEEPER: 'the frame at {at} names {wanted} page that keeps it for a message that was freed, and {found} does',
  LOOSE: 'the transaction at {at} ({wanted} without caller and receiver) is ended by {found} others',

  POISON: 'a null pointer was written through: the byte at {at} is {xfound}, and was filled with {xwanted}',
  FRAME_TABLE: 'the entry of the frame at {at} in the frame table is wrong',
  FRAME_LISTS: 'the lists of free frames and the frame table disagree',
  FRAME_KIND: 'the frames at {at} are not what their holder takes them for: {xwanted} expected, {xfound} found',
  SLAB_PAGE: 'the slab page at {at}: its free objects, its count and its place in the cache do not agree',
  POINTER: 'a pointer at or near {at} should lead to an object of cache {wanted}, and is {xfound}',
  LIST: 'the list at {at} does not close',
  TREE: 'the tree at {at} is no red-black tree',
  TREE_ORDER: 'the tree entry at {at} is out of order: {wanted} in front of it, its own key is {found}',

  AREA: 'the memory area at {at} is out of order, or does not map what its file has to map',
  TABLE: 'the page table entry at {at} on level {wanted} is neither table nor page',
  LEAF_STRAY: 'the page table entry at {at} maps page {xwanted}, where no area is',
  LEAF_FRAME: 'the page table entry at {at} maps frame {xfound}; it should map {xwanted}',
  LEAF_RIGHTS: 'the page table entry at {at} gives page {xwanted} other rights than its area has',
  RESIDENT: 'the address space at {at} counts {wanted} pages that are mapped, its page table {found}',
  TLB: 'the TLB of the address space at {at} keeps a translation that a walk would not come to',
  AREA_LEAVES: 'of the binder mapping at {at} {wanted} pages have frames, but {found} are mapped for the user',

  PROCESS: 'the process at {at} has not what a living one has, or still has something though it is dead',
  THREAD: 'the thread at {at} does not sleep as it says (call {wanted})',
  DESCRIPTOR: 'the descriptor table of the process at {at} is wrong at number {wanted} (file {xfound})',
  FILE: 'the open file at {at} waits to be closed, or is of no kind that there is ({found})',
  FILE_MAPPED: 'the open file at {at}: mapped by its own words {wanted}, by the areas of processes {found}',
  MEMFD: 'the memory file at {at} has {wanted} bytes in {found} pages',
  STREAM: 'the stream at {at} holds more than it can, or has no end left: {wanted} bytes read, {found} written',
  EPOLL: 'the epoll instance at {at} is not the one that its open file has',
  WATCH: 'the epoll watch at {at}, of descriptor {wanted}, is in no list of its file, or in a list of another',

  ALLOC: 'the allocator at {at} does not agree with its page array or its kernel twin',
  BUFFER_TILE:
    'the buffer at {at} begins at {found}, not where the one in front of it ends ({wanted}), or has an impossible size',
  BUFFER_NEIGHBOURS: 'the buffer at {at} is free, as the one in front of it: they should be one',
  BUFFER_TREE: 'the allocated buffer at {at} is not the next one in the tree ({xwanted})',
  BUFFER_SIZE: 'the buffer at {at} holds a message of {wanted} bytes in {found} bytes',
  ASYNC_SPACE: 'the allocator at {at} has {found} bytes left for oneways; the buffers leave {wanted}',
  PAGE_FRAME: 'the page record at {at} (page {wanted}) has no frame though a buffer touches it, or is not its area’s',
  PAGE_LRU: 'the page record at {at}: {wanted} to be on the LRU, {found} on it',
  PAGE_KERNEL: 'the page record at {at} has frame {xwanted}, and the kernel’s twin maps {xfound}',
  PAGES_HIGH: 'the allocator at {at} has used {wanted} pages by its own words, and page {found} has a frame',
  BUFFER_OBJECT: 'the buffer at {at} has an object at {wanted} whose node is not there',

  PROC: 'the binder_proc at {at} is on the wrong lists for being alive or dead, or counts threads that it did not ask for',
  MANAGER: 'the context manager of the device at {at} is {xfound}, a node without a proc, or of another device',
  LOOPER: 'the binder_thread at {at} is not its proc’s, or waits though no thread sleeps at it (flags {xfound})',
  WAITER:
    'the binder_thread at {at} thinks that thread {xwanted} sleeps there; that one sleeps elsewhere, or is {xfound}',
  WAITING: 'the binder_thread at {at}: {wanted} to be on the list of waiting ones, {found} on it',
  WORK: 'the work at {at} of type {found} has no business where it waits',
  NODE: 'the binder_node at {at} is not with the owner that it names, or still has counts of a dead one',
  NODE_FLAGS: 'the flags of the binder_node at {at} contradict each other',
  NODE_HELD_BY_NOBODY: 'the binder_node at {at} has no holder, and was not freed',
  REF: 'the binder_ref at {at} has no count left, or is not with its proc and node (strong {wanted}, weak {found})',
  HANDLES: 'the binder_proc at {at} has {wanted} handles marked as taken, and refs {found}',
  DEATH: 'the death notification at {at} is of type {found}; it should be {wanted}',
  FREEZE: 'the freeze notification at {at} is of type {found}, or it is queued while its acknowledgement is due',
  TRANSACTION: 'the transaction at {at} is neither queued nor served nor waits for a lost reply',
  TRANSACTION_BUFFER: 'a transaction and its buffer do not know each other, at {at} and {xwanted}',
  STACK_ORDER: 'the stack of the binder_thread at {at} has the transaction {xwanted}, which has no place there',
  USE_AFTER_FREE: 'use after free: {wanted} bytes are written at {at}, through a pointer of the object at {xfound}',
  UNVERIFIED_PARENT:
    'use of unverified memory: an object in the buffer at {at} has entry {wanted} of the offsets as its parent, and {found} were verified',
  OFFSETS_OVERWRITTEN:
    'out of bounds: the copy of what is between objects ends at {found} in the buffer at {at}, whose data end at {wanted}, where the offsets begin',
  LOST_WAKEUP:
    'lost wake-up: the binder_thread at {at} has work, and its thread {wanted} sleeps in epoll_wait for descriptor {found}',
  DEATH_LIST:
    'use after free: {wanted} bytes of the death notification at {at} are read, by the release of the binder_node at {xfound}, which had moved its deaths to a list of its own',
  STATS: 'of object kind {at} debugfs counts {wanted} that live, and there are {found}',
};

/** Runs the checker. null: no invariant is violated. */
export function findViolation(raw: GuestExports): Violation | null {
  let code: number;
  try {
    code = raw.check();
  } catch (error) {
    throw new BinderlabError(`the machine's memory is so broken that the checker itself failed: ${thrownText(error)}.`);
  }
  if (code === 0) return null;
  const name = NAMES.get(code) ?? `${code}`;
  const [address, wanted, found] = [raw.checkAddress(), raw.checkWanted(), raw.checkFound()];
  return { name, address, wanted, found, text: sentence(name, address, wanted, found) };
}

function sentence(name: string, address: number, wanted: number, found: number): string {
  const template = (SENTENCES as Readonly<Record<string, string>>)[name] ?? 'an invariant without a name does not hold';
  const values: Readonly<Record<string, string>> = {
    at: name === 'STATS' ? `${address}` : hex(address),
    wanted: `${wanted}`,
    found: `${found}`,
    xwanted: hex(wanted),
    xfound: hex(found),
  };
  return template.replace(/\{(\w+)\}/g, (_, key: string) => values[key] ?? '');
}

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}
