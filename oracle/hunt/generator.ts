/** Programs that the hunt makes up: a cast of processes, then a walk that goes where the machine's state lets it. */
import { abort, call, commands, free, reply } from './calls.ts';
import { comb } from './comb.ts';
import { changeDescriptors, makeFile, open } from './descriptors.ts';
import { introduce } from './introductions.ts';
import { ask, freeze, goWrong } from './ioctls.ts';
import { becomeManager, fork, live, mappingBytes, mapUsual, spawn, start } from './lives.ts';
import { conclude, dump, fileInfo, peek } from './looks.ts';
import { changeMapping, shrink, storeBytes } from './memory.ts';
import { KINDS, type Kind, type Profile } from './profiles.ts';
import { oddRead, poll, read, signal } from './reads.ts';
import type { Actor, Scene } from './scene.ts';
import { holes, leftover, orphan, overlap, readInPlace, starve } from './sequences.ts';

/** Address of the second mapping of a process. */
const SECOND = 0x7100_0000;
/** Kinds of steps that may be tried in vain before the walk ends. */
const TRIES_MAX = 60;

/** Tries to make steps of a kind. @returns Whether it made any. */
const MAKERS: Readonly<Record<Kind, (scene: Scene, profile: Profile) => boolean>> = {
  call: (scene, profile) => call(scene, profile, false),
  oneway: (scene, profile) => call(scene, profile, true),
  reply,
  read,
  oddRead,
  commands,
  free,
  abort,
  leftover,
  holes,
  comb,
  overlap,
  readInPlace,
  mapping: changeMapping,
  shrink,
  descriptor: changeDescriptors,
  starve,
  life: live,
  fork,
  orphan,
  signal,
  poll,
  freeze,
  ioctl: ask,
  wrong: goWrong,
  peek: (scene) => (scene.dice.chance(0.85) ? peek(scene) : fileInfo(scene)),
  dump,
  rawMemory: storeBytes,
};

/** Makes a whole program: the cast, up to `length` steps more, and the end. */
export function makeUp(scene: Scene, profile: Profile, length: number): void {
  const { dice } = scene;
  const actors: Actor[] = [];
  for (let count = dice.between(2, 4); count > 0; count--) {
    const actor = start(scene, profile);
    if (actor !== undefined) actors.push(actor);
  }
  const [manager, ...others] = actors;
  if (manager !== undefined && dice.chance(0.97)) becomeManager(scene, manager);
  for (const actor of others) furnish(scene, profile, actor);
  const nodes = profile.weights.holes > 1 ? dice.between(3, 6) : dice.of([1, 1, 2]);
  introduce(
    scene,
    others.flatMap((actor) => scene.actorsOf(actor.thread)),
    nodes,
  );
  walk(scene, profile, length);
  conclude(scene);
}

/** Things that a process may have from the start: a second file, threads, files to send. */
function furnish(scene: Scene, profile: Profile, actor: Actor): void {
  const { dice } = scene;
  if (dice.chance(profile.weights.overlap > 1 ? 0.7 : 0.12)) {
    open(scene, actor);
    const second = scene.actorsOf(actor.thread).find((one) => one.fd === 4);
    if (second?.proc?.context === 'binder') mapUsual(scene, actor.thread, 4, SECOND, mappingBytes(scene, profile));
  }
  if (dice.chance(0.45)) spawn(scene, actor);
  if (dice.chance(0.4)) makeFile(scene, actor);
}

/** Makes about `length` steps, of kinds weighted by the profile. */
export function walk(scene: Scene, profile: Profile, length: number): void {
  const { dice } = scene;
  const choices = KINDS.map((kind) => [profile.weights[kind], kind] as const);
  const end = scene.steps.length + length;
  for (let vain = 0; scene.steps.length < end && vain < TRIES_MAX; ) {
    if (MAKERS[dice.weighted(choices)](scene, profile)) vain = 0;
    else if (scene.cast.awake.length === 0 && signal(scene)) vain = 0;
    else vain++;
  }
}
