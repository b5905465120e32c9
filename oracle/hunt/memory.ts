/** Memory: mappings of every kind and what is done to parts of them, the shrinker, plain stores. */
import { hexOfAddress } from '../../host/wire/hex.ts';
import { Bytes } from './bytes.ts';
import { makeFile } from './descriptors.ts';
import { placeInMapping } from './looks.ts';
import { type Actor, ARENA, ARENA_END, MAPPING, type Scene, SHARED } from './scene.ts';

const PAGE = 4096;
/** MAP_SHARED, _PRIVATE, _SHARED_VALIDATE, and with _FIXED, _FIXED_NOREPLACE or _ANONYMOUS. */
const FLAGS = [0x100002, 0x100002, 0x100001, 0x100003, 0x12, 0x11, 0x100022, 0x32, 0x100000];
const PROTECTIONS = [0, 1, 1, 1, 2, 3, 4, 5, 7];
const SHRINK_ALL = 1048576;

/** Changes the mappings of a process. */
export function changeMapping(scene: Scene): boolean {
  const { dice } = scene;
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  return dice.weighted([
    [3, mapBinder],
    [4, mapAnything],
    [3, unmapPart],
    [4, protectPart],
    [0.7, unmapAll],
  ])(scene, actor);
}

/** A binder file: a mapping that is as it should be, or one thing about it is not. */
export function mapBinder(scene: Scene, actor: Actor): boolean {
  const { dice } = scene;
  const pages = dice.of([1, 2, 3, 4, 8, 16, 64, 254]);
  return map(scene, actor.thread, {
    addr: dice.chance(0.3) ? placeInMapping(scene, actor) & ~(PAGE - 1) : freePlace(scene, actor),
    len: dice.chance(0.85) ? pages * PAGE : dice.of([1, 4095, 4097, 12000, 5 << 20, 0]),
    prot: dice.chance(0.8) ? 1 : dice.of(PROTECTIONS),
    flags: dice.chance(0.8) ? 0x100002 : dice.of(FLAGS),
    fd: actor.fd,
    off: dice.chance(0.9) ? 0 : dice.of([4096, 8192, 1, 1 << 20]),
  });
}

/** Any file, in any way: two or three arguments may be wrong. */
export function mapAnything(scene: Scene, actor: Actor): boolean {
  const { dice } = scene;
  const plain = actor.process.descriptors.filter((one) => one.binder === null && one.fd > 2);
  if (plain.length < 2 && dice.chance(0.7)) return makeFile(scene, actor);
  const file = dice.maybeOf(dice.chance(0.7) ? plain : actor.process.descriptors);
  return map(scene, actor.thread, {
    addr: dice.weighted([
      [8, freePlace(scene, actor)],
      [2, placeInMapping(scene, actor) & ~(PAGE - 1)],
      [1, MAPPING + dice.of([1, 8, 2048])],
      [1, SHARED],
      [0.5, 0x6000_0000],
    ]),
    len: dice.of([0, 1, 4096, 4096, 8192, 12288, 65536, 5000]),
    prot: dice.of([...PROTECTIONS, 2, 3, 3, 3]),
    flags: dice.of([...FLAGS, 0, 3, 0x22, 0x21, 0x1, 0x1, 0x1]) | 0x100000,
    fd: dice.chance(0.92) ? (file?.fd ?? 0) : dice.of([-1, 99, 1023]),
    off: dice.chance(0.8) ? 0 : dice.of([1, 4096, 100]),
  });
}

function map(
  scene: Scene,
  by: string,
  { addr, flags, ...rest }: { addr: number; len: number; prot: number; flags: number; fd: number; off: number },
): boolean {
  // without a fixed address the kernel chooses one
  const fixed = (flags & 0x100010) === 0 ? flags | 0x100000 : flags;
  return (
    scene.perform({ op: 'mmap', by, in: { addr: hexOfAddress(addr), ...rest, flags: hexOfAddress(fixed) } }) !== null
  );
}

function freePlace({ dice }: Scene, { process }: Actor): number {
  const free = [MAPPING, 0x7100_0000, 0x7200_0000, 0x7300_0000, 0x7400_0000].filter((place) => {
    return !process.vmas.some(({ start, end }) => start < BigInt(place + 0x100_0000) && BigInt(place) < end);
  });
  return dice.maybeOf(free) ?? 0x7800_0000;
}

/** A range of pages of the actor's mapping. */
function stretch({ dice }: Scene, { proc }: Actor): { addr: string; len: number } | null {
  const { userBase = 0, size = 0 } = proc?.mapping ?? {};
  if (size === 0) return null;
  const pages = size / PAGE;
  const first = dice.below(Math.min(pages, dice.of([2, 4, pages])));
  const count = dice.weighted([
    [4, 1],
    [3, dice.between(1, Math.min(4, pages))],
    [1, pages - first],
  ]);
  const odd = dice.chance(0.05) ? dice.of([1, 8, 2048]) : 0;
  return { addr: hexOfAddress(userBase + first * PAGE + (dice.chance(0.3) ? odd : 0)), len: count * PAGE - odd };
}

function unmapPart(scene: Scene, actor: Actor): boolean {
  const place = stretch(scene, actor);
  return place !== null && scene.perform({ op: 'munmap', by: actor.thread, in: place }) !== null;
}

export function protectPart(scene: Scene, actor: Actor): boolean {
  const { dice } = scene;
  const place = stretch(scene, actor);
  if (place === null) return false;
  const prot = dice.weighted([
    [4, 0],
    [4, 1],
    [1, 5],
    [1, dice.of([2, 3, 4, 7])],
  ]);
  return scene.perform({ op: 'mprotect', by: actor.thread, in: { ...place, prot } }) !== null;
}

function unmapAll(scene: Scene, { thread, proc }: Actor): boolean {
  const { userBase = 0, size = 0 } = proc?.mapping ?? {};
  if (size === 0) return false;
  return scene.perform({ op: 'munmap', by: thread, in: { addr: hexOfAddress(userBase), len: size } }) !== null;
}

export function shrink(scene: Scene): boolean {
  return scene.perform({ op: 'shrink', in: { pages: SHRINK_ALL } }) !== null;
}

/** Stores bytes: in the arena, over its end, or where nothing may be stored. */
export function storeBytes(scene: Scene): boolean {
  const { dice } = scene;
  const actor = dice.maybeOf(scene.actors());
  if (actor === undefined) return false;
  const address = dice.weighted([
    [5, SHARED + 8 * dice.below(64)],
    [2, ARENA_END - dice.between(1, 64)],
    [2, placeInMapping(scene, actor)],
    [1, ARENA + dice.below(4096)],
    [0.5, 0x6000_0000],
  ]);
  const addr = hexOfAddress(address);
  if (dice.chance(0.6)) {
    const len = dice.of([8, 100, 4096, 9000, 20000]);
    return scene.perform({ op: 'fill', by: actor.thread, in: { addr, len, byte: 1 + dice.below(255) } }) !== null;
  }
  const bytes = new Bytes().counting(dice.of([4, 8, 40, 200]), dice.below(256)).toHex();
  return scene.perform({ op: 'poke', by: actor.thread, in: { addr, bytes } }) !== null;
}
