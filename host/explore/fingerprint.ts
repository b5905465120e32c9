/**
 * A digest of a machine's state that does not depend on places. Two orders of independent system calls give the same objects
 * at other addresses, with other debug ids: `machine.hash()` differs, and the fingerprint is equal.
 *
 * The walk begins at the processes and at the context managers, and follows every pointer. A pointer counts as the number of
 * its target in the order of discovery. Every field of every class counts, unless a table below names it. So a new field
 * costs an equality at worst, and never hides a difference. What follows the fields of an object does not count, except for the
 * call frame of a sleeping thread: that is the TLB, and statistics.
 */
import {
  DEVICE_COUNT,
  FRAME_RESERVED,
  FRAME_SLAB,
  FRAME_TABLE_ENTRY,
  PAGE_SHIFT,
  PAGE_SIZE,
} from '../../assembly/abi/machine.ts';
import { CONSTANTS } from '../../build/layout.ts';
import type { Guest } from '../guest/guest.ts';
import { bytesOf, type ClassName, fieldsOf, KernelMemory, sizeOf } from '../inspect/kernelmemory.ts';
import { classOfCache } from '../inspect/raw.ts';
import type { Digest } from './digest.ts';

/** Fields that no system call's result depends on. */
const IGNORED: ReadonlySet<string> = new Set([
  // numbers that are given out machine-wide; debugfs and extended errors show them
  ...['Node', 'Ref', 'Transaction', 'Buffer'].map((name) => `${name}.debugId`),
  'BinderThread.errorId',
  'OpenFile.inode',
  // lists of the whole machine, in the order in which their members came
  ...['Process.next', 'Process.prev', 'Proc.procsNext', 'Proc.procsPrev'],
  // the shape of trees in which objects are only looked up, by fields that count; dead nodes use it as a list
  ...['Node', 'BinderThread'].flatMap((name) => ['rbParent', 'rbLeft', 'rbRight'].map((field) => `${name}.${field}`)),
  ...['descParent', 'descLeft', 'descRight', 'nodeParent', 'nodeLeft', 'nodeRight'].map((field) => `Ref.${field}`),
  // the same refs as in the tree by handle
  'Proc.refsByNode',
  // the same watches as in the lists of their files, in an order of addresses
  ...['Epoll.watches', 'Watch.rbParent', 'Watch.rbLeft', 'Watch.rbRight'],
  // what the last walk over instances counted; each walk counts anew
  ...['Epoll.walk', 'Epoll.links'],
  // a cache of the last area that was looked up
  'Space.recent',
  'Space.counters',
]);

/** Roots of such trees: the members' class and their link. */
const TREES: Readonly<Record<string, readonly [ClassName, link: string]>> = {
  'Proc.threads': ['BinderThread', 'rbParent'],
  'Proc.nodes': ['Node', 'rbParent'],
  'Proc.refsByDesc': ['Ref', 'descParent'],
};

/** Arrays in frames of their own: the members' class, and the field with their number or the order of the block. */
const ARRAYS: Readonly<Record<string, readonly [ClassName, size: string, 'count' | 'order']>> = {
  'BinderAlloc.pages': ['LruPage', 'pageCount', 'count'],
  'Process.files': ['fdtable/Entry', 'filesOrder', 'order'],
  'Memfd.base': ['memfd/Entry', 'count', 'count'],
};

/** What a sleeping thread's call goes on with, by CALL_*: the class that its call frame begins with. */
const FRAMES: Readonly<Record<number, ClassName>> = {
  [CONSTANTS.CALL_READ]: 'WriteRead',
  [CONSTANTS.CALL_POLL]: 'Poll',
  [CONSTANTS.CALL_FREEZE]: 'Freezing',
  [CONSTANTS.CALL_GRACE]: 'Exit',
  [CONSTANTS.CALL_STREAM_READ]: 'Transfer',
  [CONSTANTS.CALL_STREAM_WRITE]: 'Transfer',
  [CONSTANTS.CALL_EPOLL]: 'EpollWait',
};

/** The page array of a mapping has the pages themselves: its owner shows them. */
const PAGE_ARRAYS: ReadonlySet<string> = new Set(['PageArray.base']);

const SLAB_OBJECTS = 24;
const TREE_LEFT = 1;
const TREE_RIGHT = 2;
const TABLE_ENTRIES = 512;
const LEAF_LEVEL = 3;
/** Bits 12 to 47 of a descriptor are the frame; linear memory has 31 bits of them. */
const FRAME_MASK = 0xfffff000;
const TABLE_BITS = 3;

/** Guests are few, and each is explored many times. */
const known = new WeakMap<Guest, Fingerprint>();

export function fingerprintOf(guest: Guest): Fingerprint {
  const fingerprint = known.get(guest) ?? new Fingerprint(guest);
  known.set(guest, fingerprint);
  return fingerprint;
}

type Action = (digest: Digest, at: number) => void;

class Fingerprint {
  readonly #kernel: KernelMemory;
  readonly #plans = new Map<ClassName, readonly Action[]>();
  readonly #frames: number;
  readonly #contexts: number;
  #numbers = new Map<number, number>();
  #objects: number[] = [];
  #types: ClassName[] = [];

  constructor(private readonly guest: Guest) {
    this.#kernel = new KernelMemory(guest);
    const { roots } = this.#kernel;
    this.#frames = roots.frames;
    this.#contexts = roots.contexts;
  }

  /** Adds the machine's state to a digest. @param processes The living processes, as the guest knows them. */
  add(digest: Digest, processes: Iterable<number>): void {
    this.#numbers = new Map();
    this.#objects = [];
    this.#types = [];
    for (const process of processes) this.#pointer(digest, process);
    for (let device = 0; device < DEVICE_COUNT; device++) {
      this.#object(digest, 'BinderContext', this.#contexts + device * sizeOf('BinderContext'));
    }
    for (let next = 0; next < this.#objects.length; next++) {
      this.#object(digest, this.#types[next] as ClassName, this.#objects[next] as number);
    }
  }

  #object(digest: Digest, type: ClassName, at: number): void {
    for (const action of this.#planOf(type)) action(digest, at);
  }

  /** Adds a pointer: the number of its target, which is visited later. */
  #pointer(digest: Digest, pointer: number): void {
    const { u8, u32 } = this.guest;
    const frame = this.#frames + (pointer >>> PAGE_SHIFT) * FRAME_TABLE_ENTRY;
    const kind = pointer === 0 || pointer >= u8.length ? FRAME_RESERVED : (u8[frame] as number);
    if (kind === FRAME_RESERVED) {
      digest.word(pointer); // null, or an object of which the machine has one
      return;
    }
    if (kind !== FRAME_SLAB) {
      this.#block(digest, pointer);
      return;
    }
    const cache = u32[(frame + 8) >> 2] as number;
    const size = this.guest.raw.inspectObjectSize(cache);
    const page = pointer & ~(PAGE_SIZE - 1);
    const offset = pointer - page - SLAB_OBJECTS;
    const object = pointer - (offset % size);
    digest.word(this.#numberOf(object, classOfCache(cache)));
    digest.word(offset % size);
  }

  #numberOf(object: number, type: ClassName): number {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    const number = this.#numbers.size + 1;
    this.#numbers.set(object, number);
    this.#objects.push(object);
    this.#types.push(type);
    return number;
  }

  /** Adds a pointer into frames that hold no objects: their number, and the first time what is in them. */
  #block(digest: Digest, pointer: number): void {
    const start = pointer & ~(PAGE_SIZE - 1);
    digest.word(pointer - start);
    if (!this.#isNew(digest, start)) return;
    const { u8, i32 } = this.guest;
    const order = u8[this.#frames + (start >>> PAGE_SHIFT) * FRAME_TABLE_ENTRY + 1] as number;
    digest.words(i32, start >> 2, (start + (PAGE_SIZE << order)) >> 2);
  }

  /** Adds the number of a frame. @returns Whether the walk meets it for the first time. */
  #isNew(digest: Digest, frame: number): boolean {
    const known = this.#numbers.get(frame);
    digest.word(known ?? 0);
    if (known === undefined) this.#numbers.set(frame, this.#numbers.size + 1);
    return known === undefined;
  }

  /** Adds a page table: which addresses lead where, and what is there. */
  #table(digest: Digest, table: number, level: number): void {
    const { u32 } = this.guest;
    const first = table >> 2;
    for (let index = 0; index < TABLE_ENTRIES; index++) {
      const low = u32[first + 2 * index] as number;
      const high = u32[first + 2 * index + 1] as number;
      if ((low | high) === 0) continue;
      digest.word(index);
      digest.word(low & ~FRAME_MASK);
      digest.word(high);
      const target = (low & FRAME_MASK) >>> 0;
      if (level < LEAF_LEVEL && (low & TABLE_BITS) === TABLE_BITS) this.#table(digest, target, level + 1);
      else this.#block(digest, target);
    }
    digest.word(-1);
  }

  #tree(digest: Digest, node: number, type: ClassName, link: number): void {
    if (node === 0) return;
    const { u32 } = this.guest;
    this.#tree(digest, u32[(node >> 2) + TREE_LEFT] as number, type, link);
    digest.word(this.#numberOf(node - link, type));
    this.#tree(digest, u32[(node >> 2) + TREE_RIGHT] as number, type, link);
  }

  #planOf(type: ClassName): readonly Action[] {
    let plan = this.#plans.get(type);
    if (plan === undefined) {
      plan = this.#planFor(type);
      this.#plans.set(type, plan);
    }
    return plan;
  }

  #planFor(type: ClassName): Action[] {
    const actions: Action[] = [];
    for (const [name, [offset, fieldType]] of Object.entries(fieldsOf(type))) {
      const action = this.#actionFor(type, name, offset, fieldType);
      if (action !== null) actions.push(action);
    }
    if (type === 'Thread') actions.push((digest, at) => this.#callFrame(digest, at));
    return actions;
  }

  #actionFor(type: ClassName, field: string, offset: number, fieldType: string): Action | null {
    const name = `${type}.${field}`;
    const { u8, u32 } = this.guest;
    if (IGNORED.has(name) || PAGE_ARRAYS.has(name)) return null;
    if (name === 'LruPage.lruNext') return (digest, at) => digest.word(u32[(at + offset) >> 2] === 0 ? 0 : 1);
    if (name === 'LruPage.lruPrev') return null;
    if (name === 'Space.root') return (digest, at) => this.#table(digest, u32[(at + offset) >> 2] as number, 1);
    const tree = TREES[name];
    if (tree !== undefined) {
      const link = (fieldsOf(tree[0])[tree[1]] as readonly [number, string])[0];
      return (digest, at) => {
        this.#tree(digest, u32[(at + offset) >> 2] as number, tree[0], link);
        digest.word(-1);
      };
    }
    const array = ARRAYS[name];
    if (array !== undefined) return this.#arrayAction(type, offset, array);
    const size = bytesOf(fieldType);
    if (size === 1) return (digest, at) => digest.word(u8[at + offset] as number);
    if (size === 8) {
      return (digest, at) => {
        digest.word(u32[(at + offset) >> 2] as number);
        digest.word(u32[(at + offset + 4) >> 2] as number);
      };
    }
    if (fieldType === 'u32' || fieldType === 'i32')
      return (digest, at) => digest.word(u32[(at + offset) >> 2] as number);
    if (size === 2) return (digest, at) => digest.word(this.guest.data.getUint16(at + offset, true));
    return (digest, at) => this.#pointer(digest, u32[(at + offset) >> 2] as number);
  }

  #arrayAction(type: ClassName, offset: number, [member, sizeField, unit]: (typeof ARRAYS)[string]): Action {
    const { u32 } = this.guest;
    const [sizeAt] = fieldsOf(type)[sizeField] as readonly [number, string];
    const size = sizeOf(member);
    return (digest, at) => {
      const base = u32[(at + offset) >> 2] as number;
      if (base === 0) return;
      const given = u32[(at + sizeAt) >> 2] as number;
      const count = unit === 'count' ? given : (PAGE_SIZE << given) / size;
      for (let index = 0; index < count; index++) {
        const one = base + index * size;
        if (u32[one >> 2] === 0 && u32[(one + 4) >> 2] === 0) continue; // unused
        digest.word(index);
        this.#object(digest, member, one);
      }
    };
  }

  /** What a sleeping thread's call goes on with; what an earlier call has left after its fields does not count. */
  #callFrame(digest: Digest, thread: number): void {
    const { parked, call } = this.#kernel.object('Thread', thread);
    if (parked) this.#object(digest, FRAMES[call] as ClassName, thread + ((sizeOf('Thread') + 7) & ~7));
  }
}
