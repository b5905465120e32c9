/** Data of messages: objects of every type of the protocol, in any place, and bytes between them. */
import * as protocol from '../../assembly/abi/protocol.ts';
import type { Thread } from '../os/thread.ts';
import type { Bytes } from './bytes.ts';
import { someInt, someSize } from './values.ts';
import { type FuzzWorld, SHARED } from './world.ts';

const NODES = 6;
const OBJECTS_MAX = 6;
/** A buffer that an object points at has this many bytes at most. */
const POINTED_MAX = 72;

/** A message in the making. */
export interface DrawnMessage {
  readonly data: Bytes;
  readonly offsets: number[];
  /** Bytes that the buffers of its objects need. */
  extra: number;
}

/** A node of the thread's process: each has a few. */
export function someNode({ dice }: FuzzWorld, thread: Thread): { ptr: number; cookie: number } {
  const ptr = 0x10_0000 * (1 + (thread.home.pid % 97)) + 0x1000 * dice.below(NODES);
  return { ptr, cookie: ptr + (dice.below(40) === 0 ? 2 : 1) };
}

/** A handle: numbers are given out from the lowest, so a small one is often right. */
export function someHandle(world: FuzzWorld): number {
  const { dice } = world;
  return dice.below(24) === 0 ? someInt(world) : dice.below(5);
}

/** Puts objects into a message; `place` stores bytes that an object points at, and says where. */
export function addObjects(
  world: FuzzWorld,
  thread: Thread,
  message: DrawnMessage,
  place: (size: number, first: number) => number,
): void {
  const { dice } = world;
  for (let count = 1 + dice.below(dice.below(OBJECTS_MAX) + 1); count > 0; count--) {
    const { data, offsets } = message;
    if (dice.below(6) === 0) data.counting(dice.below(24), dice.below(256));
    data.upTo((data.length + 7) & -8);
    offsets.push(data.length);
    dice.of(OBJECTS)(world, thread, message, place);
    if (dice.below(60) === 0) offsets.push(offsets[0] ?? 0);
  }
}

type ObjectMaker = (
  world: FuzzWorld,
  thread: Thread,
  message: DrawnMessage,
  place: (size: number, first: number) => number,
) => void;

const addNode: (type: number) => ObjectMaker = (type) => (world, thread, message) => {
  const { ptr, cookie } = someNode(world, thread);
  message.data.u32(type).u32(world.dice.of(NODE_FLAGS)).u64(ptr).u64(cookie);
};

const addHandle: (type: number) => ObjectMaker = (type) => (world, _, message) => {
  message.data.u32(type).u32(0).u64(someHandle(world)).u64(world.dice.below(3));
};

const addBuffer: ObjectMaker = (world, _, message, place) => {
  const { dice } = world;
  const length = dice.below(10) === 0 ? someSize(world) : dice.below(POINTED_MAX);
  const hasParent = message.offsets.length > 1 && dice.below(3) === 0;
  const address = dice.below(12) === 0 ? world.address() : place(Math.min(length, POINTED_MAX), dice.below(256));
  const parent = hasParent ? dice.below(message.offsets.length) : dice.below(12) === 0 ? someInt(world) : 0;
  const offset = hasParent ? 8 * dice.below(4) : dice.below(20) === 0 ? someSize(world) : 0;
  message.data
    .u32(protocol.BINDER_TYPE_PTR)
    .u32(hasParent ? protocol.BINDER_BUFFER_FLAG_HAS_PARENT : dice.below(30) === 0 ? 2 : 0)
    .u64(address)
    .u64(length)
    .u64(parent)
    .u64(offset);
  message.extra += (length + 7) & -8;
};

const addDescriptor: ObjectMaker = (world, thread, message) => {
  const { dice } = world;
  const usual = world.fileOf(thread) ?? 3 + dice.below(6);
  message.data
    .u32(protocol.BINDER_TYPE_FD)
    .u32(0)
    .u64(dice.below(12) === 0 ? someInt(world) : usual)
    .u64(0);
};

const addDescriptors: ObjectMaker = (world, _, message) => {
  const { dice } = world;
  const count = dice.below(8) === 0 ? someSize(world) : dice.below(5);
  const parent = dice.below(8) === 0 ? someInt(world) : Math.max(0, message.offsets.length - 2);
  const offset = dice.below(6) === 0 ? someSize(world) : 0;
  message.data.u32(protocol.BINDER_TYPE_FDA).u32(0).u64(count).u64(parent).u64(offset);
};

/** Bytes that look like no object, or like one that ends too early. */
const addNonsense: ObjectMaker = (world, _, message) => {
  const { dice } = world;
  message.data.u32(dice.of(NONSENSE)).u32(dice.below(4)).u64(SHARED).u64(dice.below(9));
};

const NODE_FLAGS: readonly number[] = [0, 0x100, 0x100, 0x17f, 0x1000, 0xff];
const NONSENSE: readonly number[] = [0, 0x85, 0x7362_2a86, 0xffff_ffff, protocol.BINDER_TYPE_PTR];

const OBJECTS: readonly ObjectMaker[] = [
  addNode(protocol.BINDER_TYPE_BINDER),
  addNode(protocol.BINDER_TYPE_BINDER),
  addNode(protocol.BINDER_TYPE_WEAK_BINDER),
  addHandle(protocol.BINDER_TYPE_HANDLE),
  addHandle(protocol.BINDER_TYPE_HANDLE),
  addHandle(protocol.BINDER_TYPE_WEAK_HANDLE),
  addDescriptor,
  addDescriptor,
  addBuffer,
  addBuffer,
  addDescriptors,
  addNonsense,
];
