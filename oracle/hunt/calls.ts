/** Calls, replies, and all other commands of a generated thread. */
import * as protocol from '../../assembly/abi/protocol.ts';
import type { Step } from '../../host/trace/journal.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';
import { words } from '../../host/wire/words.ts';
import { addMessage, scramble } from './messages.ts';
import { someHandle } from './objects.ts';
import type { Profile } from './profiles.ts';
import { type Actor, ARENA_END, type Scene } from './scene.ts';
import { Stream } from './stream.ts';

const STREAM_BYTES = 512;
const NEVER_WORKED = [protocol.BC_ATTEMPT_ACQUIRE, protocol.BC_ACQUIRE_RESULT];
const ALL_WORDS = words('BC_').map(([word]) => word);

/** A thread that can send: one with a mapping, as a rule. */
export function someActor({ dice }: Scene, actors: readonly Actor[]): Actor | undefined {
  const able = actors.filter((actor) => actor.proc !== undefined && actor.proc.mapping.size > 0);
  return dice.maybeOf(able.length > 0 && dice.chance(0.97) ? able : actors);
}

/** A handle to call: one that the actor holds strongly, or the context manager's. */
export function someTarget(scene: Scene, actor: Actor): number {
  const { dice } = scene;
  const refs = actor.proc?.refs ?? [];
  const strong = refs.filter((ref) => ref.strong > 0 && (!ref.node.dead || dice.chance(0.1)));
  if (dice.chance(0.03)) return someHandle(dice, actor);
  return dice.maybeOf(strong)?.desc ?? 0;
}

/** Writes a stream, with or without a read. */
export function send(scene: Scene, actor: Actor, stream: Stream, reads: number): boolean {
  const { dice } = scene;
  return scene.perform(stream.step(actor, dice.chance(reads) ? 256 : 0)) !== null;
}

/** A call that waits for its reply, or a oneway one; with other commands around it. */
export function call(scene: Scene, profile: Profile, oneway: boolean): boolean {
  const { dice } = scene;
  const actor = someActor(scene, scene.actors());
  if (actor === undefined) return false;
  const stream = new Stream(streamPlace(scene, actor));
  if (dice.chance(0.15)) addCommand(scene, actor, stream);
  do {
    const flags = oneway ? protocol.TF_ONE_WAY : 0;
    addMessage(scene, actor, stream, profile, {
      word: protocol.BC_TRANSACTION,
      target: someTarget(scene, actor),
      flags,
    });
  } while (oneway && dice.chance(0.25) && stream.hasRoom);
  if (dice.chance(0.1)) addCommand(scene, actor, stream);
  return sendOddly(scene, actor, stream, oneway ? 0.3 : 0.6);
}

/** Replies of threads that serve a call; now and then of one that does not. */
export function reply(scene: Scene, profile: Profile): boolean {
  const { dice } = scene;
  const actors = scene.actors();
  const serving = actors.filter((actor) => actor.looper?.stack[0]?.role === 'incoming');
  const actor = dice.maybeOf(serving.length > 0 && dice.chance(0.97) ? serving : dice.chance(0.05) ? actors : []);
  if (actor === undefined) return false;
  const stream = new Stream(streamPlace(scene, actor));
  if (dice.chance(0.4)) addFree(scene, actor, stream);
  addMessage(scene, actor, stream, profile, { word: protocol.BC_REPLY, target: 0 });
  return sendOddly(scene, actor, stream, 0.5);
}

/** A single message that fails. */
export function abort(scene: Scene, profile: Profile): boolean {
  const { dice } = scene;
  const actor = someActor(scene, scene.actors());
  if (actor === undefined) return false;
  const stream = new Stream(actor.wbuf);
  const target = someTarget(scene, actor);
  const isReply = actor.looper?.stack[0]?.role === 'incoming' && dice.chance(0.4);
  const word = isReply ? protocol.BC_REPLY : protocol.BC_TRANSACTION;
  const flags = !isReply && dice.chance(0.6) ? protocol.TF_ONE_WAY : 0;
  addMessage(scene, actor, stream, profile, { word, target, flags, spoiled: true, objects: dice.chance(0.8) });
  return send(scene, actor, stream, 0.5);
}

/** Address of a stream: the thread's buffer, or one that runs over the arena's end. */
function streamPlace({ dice }: Scene, actor: Actor): number {
  return dice.chance(0.02) ? ARENA_END - 4 * dice.between(1, 40) : actor.wbuf;
}

/** Sends a stream: unchanged, cut, begun in the middle, or with changed payload bytes. */
function sendOddly(scene: Scene, actor: Actor, stream: Stream, reads: number): boolean {
  const { dice } = scene;
  const step = stream.step(actor, dice.chance(reads) ? 256 : 0);
  if (dice.chance(0.04)) step.in.write_size = dice.below(stream.size + 8);
  if (dice.chance(0.02)) step.in.write_consumed = 4 * dice.below((stream.size >> 2) + 2);
  if (dice.chance(0.05)) step.in.poke = scramble(dice, step.in.poke, STREAM_BYTES);
  if (dice.chance(0.015)) step.in.poke = scramble(dice, step.in.poke, 0);
  if (dice.chance(0.01)) step.in.arg = hexOfAddress(stream.wbuf + 8 * dice.below(20));
  return scene.perform(step) !== null;
}

/** Several commands other than transactions. */
export function commands(scene: Scene): boolean {
  const { dice } = scene;
  const actor = someActor(scene, scene.actors());
  if (actor === undefined) return false;
  const stream = new Stream(actor.wbuf);
  do addCommand(scene, actor, stream);
  while (dice.chance(0.5) && stream.size < 200);
  return sendOddly(scene, actor, stream, 0.3);
}

/** Frees some or all buffers. */
export function free(scene: Scene): boolean {
  const { dice } = scene;
  const holders = scene.actors().filter((actor) => freeable(scene, actor).length > 0);
  const actor = dice.maybeOf(holders);
  if (actor === undefined) return false;
  const stream = new Stream(actor.wbuf);
  const buffers = dice.shuffled(freeable(scene, actor)).slice(0, dice.of([1, 1, 2, 3, 20]));
  for (const buffer of buffers) stream.freeBuffer(buffer);
  return send(scene, actor, stream, 0.15);
}

/** Addresses of delivered buffers of the actor's proc. */
export function freeable(scene: Scene, { proc }: Actor): number[] {
  if (proc === undefined || proc.mapping.size === 0) return [];
  return scene.buffersOf(proc).flatMap((buffer) => {
    return buffer.free || !buffer.allowUserFree ? [] : [proc.mapping.userBase + buffer.offset];
  });
}

function addFree(scene: Scene, actor: Actor, stream: Stream): void {
  const { dice } = scene;
  const base = actor.proc?.mapping.userBase ?? 0;
  const wrong = dice.of([0, base, base + 8 * dice.below(600), base + 4, 0x60000000]);
  stream.freeBuffer(dice.chance(0.94) ? (dice.maybeOf(freeable(scene, actor)) ?? wrong) : wrong);
}

/** One command other than a transaction; usually one that has an effect now. */
export function addCommand(scene: Scene, actor: Actor, stream: Stream): void {
  const { dice } = scene;
  dice.weighted<(scene: Scene, actor: Actor, stream: Stream) => void>([
    [3, addFree],
    [6, addCount],
    [5, addAcknowledgement],
    [3, addDeath],
    [2.5, addFreezeNotice],
    [1.5, addLooper],
    [1, addNonsense],
  ])(scene, actor, stream);
}

function addCount({ dice }: Scene, actor: Actor, stream: Stream): void {
  const word = dice.weighted([
    [4, protocol.BC_ACQUIRE],
    [3, protocol.BC_INCREFS],
    [4, protocol.BC_RELEASE],
    [3, protocol.BC_DECREFS],
  ]);
  stream.command(word, dice.chance(0.05) ? 0 : someHandle(dice, actor));
}

/** BC_INCREFS_DONE or BC_ACQUIRE_DONE, usually of a node that waits for it. */
function addAcknowledgement({ dice }: Scene, actor: Actor, stream: Stream): void {
  const nodes = actor.proc?.nodes ?? [];
  const weak = nodes.filter((node) => node.pendingWeakRef);
  const strong = nodes.filter((node) => node.pendingStrongRef);
  const isStrong = strong.length > 0 && (weak.length === 0 || dice.chance(0.5));
  const waiting = isStrong ? strong : weak;
  const node = dice.maybeOf(waiting.length > 0 && dice.chance(0.92) ? waiting : nodes);
  const ptr = node?.ptr ?? 0x9999n;
  const cookie = (node?.cookie ?? 1n) + (dice.chance(0.03) ? 1n : 0n);
  stream.command(isStrong || dice.chance(0.1) ? protocol.BC_ACQUIRE_DONE : protocol.BC_INCREFS_DONE, ptr, cookie);
}

function addDeath({ dice }: Scene, actor: Actor, stream: Stream): void {
  const refs = actor.proc?.refs ?? [];
  const told = (actor.proc?.deliveredDeaths ?? []).flatMap((work) => ('cookie' in work ? [work.cookie] : []));
  const watched = refs.filter((ref) => ref.death !== null);
  const ref = dice.maybeOf(watched);
  if (told.length > 0 && dice.chance(0.6)) {
    stream.command(protocol.BC_DEAD_BINDER_DONE, dice.chance(0.95) ? dice.of(told) : 0x5555);
  } else if (ref !== undefined && dice.chance(0.4)) {
    const cookie = (ref.death ?? 0n) + (dice.chance(0.05) ? 1n : 0n);
    stream.command(protocol.BC_CLEAR_DEATH_NOTIFICATION, ref.desc, cookie);
  } else {
    stream.command(protocol.BC_REQUEST_DEATH_NOTIFICATION, someHandle(dice, actor), 0xd0000 + dice.below(1000));
  }
}

function addFreezeNotice({ dice }: Scene, actor: Actor, stream: Stream): void {
  const refs = actor.proc?.refs ?? [];
  const told = (actor.proc?.deliveredFreezes ?? []).flatMap((work) => ('cookie' in work ? [work.cookie] : []));
  const ref = dice.maybeOf(refs.filter((one) => one.freeze !== null));
  if (told.length > 0 && dice.chance(0.6)) {
    stream.command(protocol.BC_FREEZE_NOTIFICATION_DONE, dice.chance(0.95) ? dice.of(told) : 0x6666);
  } else if (ref !== undefined && dice.chance(0.4)) {
    const cookie = (ref.freeze ?? 0n) + (dice.chance(0.05) ? 1n : 0n);
    stream.command(protocol.BC_CLEAR_FREEZE_NOTIFICATION, ref.desc, cookie);
  } else {
    const cookie = dice.chance(0.1) ? 0xf0000 : 0xf0000 + dice.below(1000);
    stream.command(protocol.BC_REQUEST_FREEZE_NOTIFICATION, someHandle(dice, actor), cookie);
  }
}

function addLooper({ dice }: Scene, _actor: Actor, stream: Stream): void {
  const word = dice.weighted([
    [5, protocol.BC_ENTER_LOOPER],
    [3, protocol.BC_REGISTER_LOOPER],
    [2, protocol.BC_EXIT_LOOPER],
  ]);
  stream.command(word);
}

/** A word that never worked, that does not exist, or that is cut. */
function addNonsense({ dice }: Scene, _actor: Actor, stream: Stream): void {
  if (dice.chance(0.4)) stream.command(dice.of(NEVER_WORKED), 0, 0);
  else if (dice.chance(0.5)) stream.command(dice.of([0, 0x630c + 20, 0x4004_6316, 0xffff_ffff, 0x7211, 0x4044_6301]));
  else stream.command(dice.of(ALL_WORDS));
}

/** A few messages of plain data to one process, usually oneway, each of one of the sizes. */
export function sendPlain(scene: Scene, actor: Actor, profile: Profile, sizes: readonly number[]): Step | null {
  const { dice } = scene;
  const stream = new Stream(actor.wbuf);
  const flags = dice.chance(0.9) ? protocol.TF_ONE_WAY : 0;
  do {
    const target = someTarget(scene, actor);
    const message = { word: protocol.BC_TRANSACTION, target, flags, size: dice.of(sizes), spoiled: false };
    addMessage(scene, actor, stream, profile, message);
  } while (flags !== 0 && stream.hasRoom && dice.chance(0.6));
  return scene.perform(stream.step(actor, 0));
}
