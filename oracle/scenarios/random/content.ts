/** The contents of random messages, and the commands that free them. */
import {
  BINDER_BUFFER_FLAG_HAS_PARENT,
  TF_ACCEPT_FDS,
  TF_CLEAR_BUF,
  TF_ONE_WAY,
  TF_UPDATE_TXN,
} from '../../../assembly/abi/protocol.ts';
import { u32 } from '../../bytes.ts';
import { DATA } from '../../calls.ts';
import { bc, type Command, type ScatterFields } from '../../commands.ts';
import { ObjectBytes, object, parcel } from '../../objects.ts';
import type { KnownProcess } from './known.ts';
import type { World } from './world.ts';

/** Address of each process's array of descriptors. */
export const FDS_AT = DATA + 0x400;
const FDS_SIZE = 16;
const SIZES = [100, 1000, 2000, 4096, 5000, 7000, 8000, 15000] as const;

/** A message, and whether it needs a scatter-gather command. */
export interface Content {
  fields: ScatterFields;
  isScattered: boolean;
}

export function randomContent(world: World, from: KnownProcess): Content {
  const { draws, profile, isSmall } = world;
  const isScattered = draws.chance(0.2);
  if (isSmall && draws.chance(profile === 'space' ? 0.5 : 0.3)) {
    return { fields: { buffer: DATA, data_size: draws.pick(SIZES) }, isScattered: false };
  }
  return { fields: randomObjects(world, from, isScattered), isScattered };
}

/** A call. @param flags TF_ONE_WAY or 0; others come by chance */
export function randomCall(world: World, from: KnownProcess, handle: number, flags: number): Command {
  const { draws, profile } = world;
  const { fields, isScattered } = randomContent(world, from);
  const accepted = draws.chance(0.3) ? TF_ACCEPT_FDS : 0;
  const cleared = draws.chance(0.08) ? TF_CLEAR_BUF : 0;
  const isOneway = (flags & TF_ONE_WAY) !== 0;
  const updated = isOneway && draws.chance(profile === 'freeze' ? 0.5 : 0.05) ? TF_UPDATE_TXN : 0;
  const make = isScattered ? bc.transactionSg : bc.transaction;
  return make({ handle, code: draws.below(4), flags: flags | accepted | cleared | updated, ...fields });
}

/** Up to three commands that free buffers; sometimes one that is free already. */
export function randomFrees({ draws }: World, of: KnownProcess): Command[] {
  const commands: Command[] = [];
  if (draws.chance(0.04) && of.freed.length > 0) commands.push(bc.freeBuffer(draws.pick(of.freed) as number));
  while (of.buffers.length > 0 && (commands.length === 0 || draws.chance(0.3)) && commands.length < 3) {
    const buffer = draws.take(of.buffers, 0.6);
    of.freed.push(buffer);
    of.lent.delete(buffer);
    commands.push(bc.freeBuffer(buffer));
  }
  return commands;
}

type Item = Uint8Array | ObjectBytes;

/** Data and objects as they are put together. */
class Draft {
  readonly items: Item[] = [];
  /** Length of each object's own buffer, by its index; 0 without one. */
  readonly lengths: number[] = [];
  /** Bytes of all buffers together. */
  size = 0;

  add(item: Item, length = 0): void {
    this.items.push(item);
    if (item instanceof ObjectBytes) this.lengths.push(length);
  }

  get objects(): number {
    return this.lengths.length;
  }
}

function randomObjects(world: World, from: KnownProcess, isScattered: boolean): ScatterFields {
  const { draws } = world;
  const draft = new Draft();
  if (draws.chance(0.6)) draft.add(Buffer.alloc(4 * draws.below(6), 0x30 + draws.below(40)));
  const count = draws.chance(0.45) ? 0 : 1 + draws.below(3);
  for (let i = 0; i < count; i++) addObject(world, from, isScattered, draft);
  if (draws.chance(0.3)) draft.add(Buffer.alloc(draws.below(9), 0x7a));
  const made = parcel(...draft.items);
  if (!isScattered) return made;
  return { ...made, buffers_size: draws.chance(0.92) ? draft.size : draft.size + 4 * draws.below(4) };
}

function addObject(world: World, from: KnownProcess, isScattered: boolean, draft: Draft): void {
  const { draws } = world;
  const kind = draws.fraction();
  if (kind < 0.3) {
    const isKnown = from.nodes.length > 0 && draws.chance(0.6);
    const node = (isKnown ? draws.pick(from.nodes) : undefined) ?? world.newNode(from);
    const make = draws.chance(0.85) ? object.binder : object.weakBinder;
    draft.add(make(node.ptr, draws.chance(0.97) ? node.cookie : node.cookie + 1, node.flags));
  } else if (kind < 0.62 && (from.handles().length > 0 || draws.chance(0.1))) {
    const make = draws.chance(0.88) ? object.handle : object.weakHandle;
    draft.add(make(world.someHandle(from)));
  } else if (kind < 0.78 && from.fds.length > 0) {
    const fd = draws.chance(0.93) ? (draws.pick(from.fds) as number) : 99;
    draft.add(object.fd(fd, draws.below(1000)));
  } else if (isScattered && kind < 0.95) {
    addBuffer(world, from, draft);
  } else {
    draft.add(u32(draws.below(1 << 30)));
  }
}

/** A buffer of its own; with descriptors in it, or perhaps inside of an earlier one. */
function addBuffer({ draws }: World, from: KnownProcess, draft: Draft): void {
  const parent = draft.lengths.findLastIndex((length) => length >= 16);
  if (from.fds.length > 0 && draws.chance(0.4)) {
    const index = draft.objects;
    draft.add(object.ptr({ buffer: FDS_AT, length: FDS_SIZE }), FDS_SIZE);
    const num = draws.below(4);
    draft.add(object.fda({ num, parent: draws.chance(0.95) ? index : index + 1, off: 4 * draws.below(2) }));
    draft.size += FDS_SIZE;
    return;
  }
  const length = 8 * (1 + draws.below(5));
  const isInside = parent >= 0 && draws.chance(0.6);
  const buffer = DATA + 64 * draws.below(8);
  const given = draws.chance(0.9) ? length : length - 3;
  const place = isInside ? { flags: BINDER_BUFFER_FLAG_HAS_PARENT, parent, off: 8 * draws.below(3) } : {};
  draft.add(object.ptr({ buffer, length: given, ...place }), length);
  draft.size += length;
}
