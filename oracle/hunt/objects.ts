/** The objects that a generated message carries: nodes, handles, descriptors, buffers, arrays of descriptors. */
import {
  BINDER_BUFFER_FLAG_HAS_PARENT,
  BINDER_TYPE_BINDER,
  BINDER_TYPE_FD,
  BINDER_TYPE_FDA,
  BINDER_TYPE_HANDLE,
  BINDER_TYPE_PTR,
  BINDER_TYPE_WEAK_BINDER,
  BINDER_TYPE_WEAK_HANDLE,
  FLAT_BINDER_FLAG_ACCEPTS_FDS,
  FLAT_BINDER_FLAG_TXN_SECURITY_CTX,
} from '../../assembly/abi/protocol.ts';
import type { Dice } from '../../host/fuzz/dice.ts';
import { Bytes } from './bytes.ts';
import { type Actor, type Scene, SHARED } from './scene.ts';
import type { Stream } from './stream.ts';

/** Number of the descriptor tables that generated processes keep at SHARED: u32 each. */
const FD_TABLE = SHARED + 0x400;
const FD_TABLE_BYTES = 32;

/** A message's data under construction. */
export class Parts {
  readonly data = new Bytes();
  readonly offsets: number[] = [];
  /** Bytes that the buffers of PTR objects take. */
  buffersSize = 0;
  /** Bytes of the buffer of each object; 0 for other objects. */
  readonly lengths: number[] = [];

  /** An object's bytes, at a multiple of 8. */
  add(bytes: Uint8Array, length = 0): void {
    this.data.align(8);
    this.offsets.push(this.data.length);
    this.lengths.push(length);
    this.data.raw(bytes);
  }
}

/** Puts a few objects into a message. `stream` is where buffers of PTR objects are placed. */
export function addObjects(scene: Scene, actor: Actor, parts: Parts, stream: Stream, sg: boolean): void {
  const { dice } = scene;
  const count = dice.weighted([
    [5, 1],
    [4, 2],
    [2, 3],
    [1, dice.between(4, 9)],
  ]);
  for (let done = 0; done < count; done++) {
    if (dice.chance(0.2)) parts.data.counting(dice.of([1, 4, 8, 12, 40]), dice.below(256));
    addObject(scene, actor, parts, stream, sg);
  }
}

function addObject(scene: Scene, actor: Actor, parts: Parts, stream: Stream, sg: boolean): void {
  const { dice } = scene;
  const kind = dice.weighted([
    [6, 'binder'],
    [6, 'handle'],
    [actor.process.descriptors.length > 4 ? 4 : 1, 'fd'],
    [sg ? 8 : 0.3, 'ptr'],
    [sg ? 4 : 0.2, 'fda'],
  ] as const);
  if (kind === 'binder') parts.add(nodeBytes(scene, actor));
  else if (kind === 'handle') parts.add(handleBytes(scene, actor));
  else if (kind === 'fd') parts.add(fdBytes(dice, actor));
  else if (kind === 'ptr') addBuffer(scene, parts, stream);
  else addDescriptors(scene, actor, parts, stream);
}

/** A node of the sender's own: one that it has, or a new one. */
export function nodeBytes(scene: Scene, actor: Actor, isNew = false): Uint8Array {
  const { dice } = scene;
  const type = dice.chance(0.85) ? BINDER_TYPE_BINDER : BINDER_TYPE_WEAK_BINDER;
  const known = isNew || dice.chance(0.3) ? undefined : dice.maybeOf(actor.proc?.nodes ?? []);
  const fresh = 0x1000 * (1 + dice.below(15)) + 0x10_0000 * (actor.process.pid / 1000);
  const ptr = known?.ptr ?? BigInt(fresh);
  const cookie = (known?.cookie ?? BigInt(fresh + 1)) + (dice.chance(0.02) ? 1n : 0n);
  const accepts = dice.chance(0.8) ? FLAT_BINDER_FLAG_ACCEPTS_FDS : 0;
  const secctx = dice.chance(scene.named ? 0.3 : 0.03) ? FLAT_BINDER_FLAG_TXN_SECURITY_CTX : 0;
  const priority = dice.chance(0.1) ? dice.of([0, 10, 19, 0x7f, 0x80, 0xff]) : 0;
  return flat(type, accepts | secctx | priority, ptr, cookie);
}

function handleBytes(scene: Scene, actor: Actor): Uint8Array {
  const { dice } = scene;
  const type = dice.chance(0.85) ? BINDER_TYPE_HANDLE : BINDER_TYPE_WEAK_HANDLE;
  return flat(type, dice.chance(0.1) ? 0x17f : 0, BigInt(someHandle(dice, actor)), dice.chance(0.1) ? 77n : 0n);
}

/** A handle of the actor's proc, as a rule. */
export function someHandle(dice: Dice, actor: Actor): number {
  const ref = dice.maybeOf(actor.proc?.refs ?? []);
  return ref === undefined || dice.chance(0.04) ? dice.below(6) : ref.desc;
}

/** A descriptor as an object. */
export function fdBytes(dice: Dice, actor: Actor): Uint8Array {
  return new Bytes()
    .u32(BINDER_TYPE_FD)
    .u32(dice.chance(0.2) ? dice.below(1000) : 0)
    .u64(someDescriptor(dice, actor))
    .u64(dice.below(1000))
    .toBytes();
}

/**
 * A descriptor of the process, usually not a binder file: one in flight may keep its proc alive. Never 0, 1 or 2: those are
 * other files on the emulator than on the recording kernel.
 */
export function someDescriptor(dice: Dice, actor: Actor): number {
  const { descriptors } = actor.process;
  const plain = descriptors.filter((one) => one.binder === null && one.fd > 2);
  if (dice.chance(0.05)) return dice.of([99, 1023, 1024, 0x7fffffff, 0xffffffff]);
  const binders = descriptors.filter((one) => one.binder !== null);
  if (dice.chance(0.015)) return dice.maybeOf(binders)?.fd ?? 3;
  return dice.maybeOf(plain)?.fd ?? 99;
}

function addBuffer({ dice }: Scene, parts: Parts, stream: Stream): void {
  const length = dice.weighted([
    [6, 8 * dice.between(1, 6)],
    [2, dice.between(1, 40)],
    [1, 0],
    [0.5, dice.of([4088, 4096, 4104])],
  ]);
  const parent = parts.lengths.findLastIndex((bytes) => bytes >= 8);
  const isChild = parent >= 0 && dice.chance(0.5);
  const address = dice.chance(0.95)
    ? stream.place(new Bytes().counting(length, dice.below(256)).toBytes())
    : dice.of([0, 0x60000000, SHARED, stream.wbuf]);
  const index = isChild ? parent : dice.chance(0.05) ? dice.below(4) : 0;
  const offset = isChild ? 8 * dice.below(Math.max(1, (parts.lengths[parent] ?? 8) >> 3)) : 0;
  parts.add(bufferBytes(address, length, isChild ? BINDER_BUFFER_FLAG_HAS_PARENT : 0, index, offset), length);
  parts.buffersSize += (length + 7) & ~7;
}

function bufferBytes(address: number, length: number, flags: number, parent: number, offset: number): Uint8Array {
  return new Bytes().u32(BINDER_TYPE_PTR).u32(flags).u64(address).u64(length).u64(parent).u64(offset).toBytes();
}

/** An array of descriptors, usually in a buffer of its own. */
function addDescriptors({ dice }: Scene, actor: Actor, parts: Parts, stream: Stream): void {
  if (dice.chance(0.85)) {
    const table = new Bytes();
    while (table.length < FD_TABLE_BYTES) table.u32(someDescriptor(dice, actor));
    const address = dice.chance(0.9) ? stream.place(table.toBytes()) : FD_TABLE;
    parts.add(bufferBytes(address, FD_TABLE_BYTES, 0, 0, 0), FD_TABLE_BYTES);
    parts.buffersSize += FD_TABLE_BYTES;
  }
  const parent = dice.chance(0.9) ? Math.max(0, parts.offsets.length - 1) : dice.of([0, 1, 7, parts.offsets.length]);
  const count = dice.weighted<bigint | number>([
    [8, dice.between(1, 5)],
    [1, 0],
    [0.5, dice.of([8, 9, 64])],
    [0.3, dice.of([0x4000_0000, 0x4000_0000_0000_0000n, 0xffff_ffff_ffff_ffffn])],
  ]);
  const offset = dice.weighted([
    [6, 0],
    [2, 4 * dice.below(6)],
    [0.5, dice.of([1, 2, 30, 32, 4096])],
  ]);
  parts.add(new Bytes().u32(BINDER_TYPE_FDA).u32(0).u64(count).u64(parent).u64(offset).toBytes());
}

/** A flat_binder_object. */
export function flat(type: number, flags: number, value: bigint, cookie: bigint): Uint8Array {
  return new Bytes().u32(type).u32(flags).u64(value).u64(cookie).toBytes();
}

/** A handle as an object. */
export function strongHandle(desc: number): Uint8Array {
  return flat(BINDER_TYPE_HANDLE, 0, BigInt(desc), 0n);
}
