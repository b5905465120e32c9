/** Sequences of several steps: each leads to a state that single steps rarely reach. */
import {
  BC_ACQUIRE_DONE,
  BC_DECREFS,
  BC_INCREFS_DONE,
  BC_RELEASE,
  BC_TRANSACTION,
  TF_ACCEPT_FDS,
  TF_ONE_WAY,
} from '../../assembly/abi/protocol.ts';
import type { ProcView } from '../../host/inspect/procs.ts';
import { hexOfAddress } from '../../host/wire/hex.ts';
import { Bytes } from './bytes.ts';
import { freeable, sendPlain, someActor, someTarget } from './calls.ts';
import { lowestFree, makeFile, setLimit } from './descriptors.ts';
import { introduce, plainData, type Twin, twins } from './introductions.ts';
import { forkOf, kill, mapUsual } from './lives.ts';
import { dump, peekAt } from './looks.ts';
import { addMessage, messageSize } from './messages.ts';
import { fdBytes, nodeBytes } from './objects.ts';
import type { Profile } from './profiles.ts';
import { type Actor, O_NONBLOCK, type Scene, SHARED } from './scene.ts';
import { Stream, transactionBytes } from './stream.ts';

const PAGE = 4096;
const DEFAULT_LIMIT = 1024;
/** Address of the second mapping of a process. */
const TWIN = 0x7100_0000;

/** The former contents of a refused message's buffer: objects of a message that was delivered and freed. */
export function leftover(scene: Scene, profile: Profile): boolean {
  const { dice } = scene;
  const actor = someActor(scene, scene.actors());
  if (actor === undefined) return false;
  const target = someTarget(scene, actor);
  const message = { word: BC_TRANSACTION, target, flags: TF_ONE_WAY, objects: true };
  const good = new Stream(actor.wbuf);
  addMessage(scene, actor, good, profile, { ...message, spoiled: false });
  const sent = good.step(actor, 0);
  if (scene.perform(sent) === null) return false;
  const receiver = receiverOf(scene, actor, target);
  if (receiver !== undefined) takeAll(scene, receiver, true);
  const again = scene.again(actor);
  if (again === undefined) return true;
  if (dice.chance(0.5)) resend(scene, again, sent.in.poke);
  else {
    const bad = new Stream(actor.wbuf);
    addMessage(scene, again, bad, profile, { ...message, spoiled: true });
    scene.perform(bad.step(again, 0));
  }
  if (dice.chance(0.6)) dump(scene);
  return true;
}

/** Repeats a transaction with one changed size or pointer. */
function resend(scene: Scene, actor: Actor, poke: string): void {
  const { dice } = scene;
  const bytes = Buffer.from(poke, 'hex');
  const sized = bytes.length >= 76;
  const at = 4 + dice.of(sized ? [32, 40, 48, 56, 64] : [32, 40]);
  const old = bytes.readUInt32LE(at);
  bytes.writeUInt32LE((dice.of([old + 1, old + 4, old + 8, 0x6000_0000, old - 4]) >>> 0) % 0x7fff_ffff, at);
  const stream = new Stream(actor.wbuf);
  scene.perform(stream.step(actor, 0, { poke: bytes.toString('hex'), write_size: bytes.readUInt8(2) + 4 }));
}

/** Threads of the process that owns the node of a handle. */
function receiverOf(scene: Scene, actor: Actor, handle: number): Actor | undefined {
  const owner = ownerOf(scene, actor, handle);
  if (owner === undefined) return undefined;
  const actors = scene.actorsIn(owner);
  return actors.find((one) => one.nonblocking) ?? actors[0];
}

function ownerOf(scene: Scene, { proc }: Actor, handle: number): ProcView | undefined {
  const ref = proc?.refs.find((one) => one.desc === handle);
  const manager = scene.machine.inspect.contexts().find((context) => context.name === proc?.context)?.manager;
  const node = ref?.node.handle ?? (handle === 0 ? manager?.handle : undefined);
  return node === undefined ? undefined : scene.ownerOf(node);
}

/** Reads everything, and frees the messages. */
function takeAll(scene: Scene, actor: Actor, frees: boolean): void {
  const reader = scene.again(actor);
  if (reader === undefined) return;
  if (reader.nonblocking || (reader.proc?.todo.length ?? 0) > 0) {
    scene.perform(new Stream(reader.wbuf).step(reader, 256));
  }
  const holder = scene.again(actor);
  if (holder === undefined || !frees) return;
  const buffers = freeable(scene, holder);
  if (buffers.length === 0) return;
  const stream = new Stream(holder.wbuf);
  for (const buffer of scene.dice.shuffled(buffers).slice(0, 20)) stream.freeBuffer(buffer);
  scene.perform(stream.step(holder, 0));
}

/** Many messages of equal and different sizes to one process, freed in any order: shapes its free space. */
export function holes(scene: Scene, profile: Profile): boolean {
  const { dice } = scene;
  const actor = someActor(scene, scene.actors());
  if (actor === undefined) return false;
  const sizes = [messageSize(dice), 8 * dice.between(1, 30), 8 * dice.between(1, 400), PAGE * dice.between(1, 3)];
  for (let count = dice.between(4, 10); count > 0; count--) {
    const sender = scene.again(actor);
    if (sender === undefined) return true;
    sendPlain(scene, sender, profile, sizes);
    if (dice.chance(0.35)) freeSome(scene, sender);
  }
  for (const proc of scene.procs) {
    const receiver = dice.maybeOf(scene.actorsIn(proc));
    if (receiver !== undefined && dice.chance(0.7)) freeSome(scene, receiver);
  }
  return true;
}

/** A process reads its queue, and frees some of its buffers. */
function freeSome(scene: Scene, actor: Actor): void {
  const { dice } = scene;
  const receiver = dice.maybeOf(scene.actors().filter((one) => (one.proc?.todo.length ?? 0) > 0)) ?? actor;
  takeAll(scene, receiver, false);
  const holder = dice.maybeOf(scene.actors().filter((one) => freeable(scene, one).length > 0));
  if (holder === undefined) return;
  const stream = new Stream(holder.wbuf);
  const buffers = dice.shuffled(freeable(scene, holder));
  for (const buffer of buffers.slice(0, dice.between(1, Math.max(1, buffers.length)))) {
    if (stream.size < 480) stream.freeBuffer(buffer);
  }
  scene.perform(stream.step(holder, 0));
}

/** A caller that can read the mapping of its callee; opens the device once more in a process when there is none. */
function twinOf(scene: Scene): Twin | undefined {
  const known = twins(scene);
  if (known.length > 0) return scene.dice.of(known);
  const { dice } = scene;
  const managers = scene.machine.inspect.contexts().flatMap((context) => context.manager?.pid ?? []);
  const actors = scene.actors().filter(({ process }) => !managers.includes(process.pid) && process.nofile > 64);
  const actor = dice.maybeOf(actors.filter(({ proc }) => proc?.mapping.mapped));
  if (actor === undefined) return undefined;
  const opened = scene.perform({ op: 'open', by: actor.thread, in: { flags: O_NONBLOCK } });
  const fd = opened?.op === 'open' ? (opened.out?.ret ?? -1) : -1;
  if (fd < 0) return undefined;
  mapUsual(scene, actor.thread, fd, TWIN, dice.of([2, 4, 16]) * PAGE);
  const both = scene.actorsOf(actor.thread).filter((one) => one.fd === fd || one.fd === actor.fd);
  introduce(scene, both.reverse());
  return dice.maybeOf(twins(scene));
}

/** A message whose data is in or beside the buffer that it goes to. */
export function overlap(scene: Scene): boolean {
  const { dice } = scene;
  const twin = twinOf(scene);
  if (twin === undefined) return false;
  const { sender, receiver, handle } = twin;
  const size = dice.chance(0.5) ? 8 * dice.between(1, 40) : messageSize(dice) % (receiver.mapping.size >> 1);
  for (const byte of [65, 66]) {
    const addr = hexOfAddress(SHARED + (byte - 65) * PAGE);
    scene.perform({ op: 'fill', by: sender.thread, in: { addr, len: PAGE, byte: byte + dice.below(40) } });
  }
  sendAt(scene, sender, handle, size, SHARED + 8 * dice.below(8));
  if (dice.chance(0.6)) takeAll(scene, scene.actorsIn(receiver)[0] ?? sender, true);
  const place = scene.nextBuffer(receiver, size) ?? receiver.mapping.userBase;
  const shift = dice.of([-PAGE, -64, -24, -8, -4, 0, 4, 8, 16, 64, PAGE, PAGE + 8]);
  sendAt(scene, sender, handle, size, Math.max(receiver.mapping.userBase, place + shift));
  for (let page = 0; page * PAGE <= size && page < 4; page++) {
    peekAt(scene, sender.thread, place + page * PAGE, dice.of([8, 32, 200]));
  }
  return true;
}

function sendAt(scene: Scene, actor: Actor, target: number, size: number, address: number): void {
  const sender = scene.again(actor);
  if (sender === undefined) return;
  const data = plainData(target, Math.max(1, size), address);
  const objects = scene.dice.chance(0.3) && size >= 32;
  const stream = new Stream(sender.wbuf);
  const offsets = objects ? { offsetsSize: 8, offsets: address + (scene.dice.chance(0.5) ? 24 : size & ~7) } : {};
  scene.perform(stream.transaction(BC_TRANSACTION, { ...data, ...offsets }).step(sender, 0));
}

/** A command stream in the mapping of the receiver of its message. */
export function readInPlace(scene: Scene): boolean {
  const { dice } = scene;
  const twin = twinOf(scene);
  if (twin === undefined) return false;
  const { sender, receiver, handle } = twin;
  const source = SHARED + 0x2000;
  const node = nodeBytes(scene, sender, true);
  const payload = new Bytes().u64(0x1111).raw(node).u64(0x2222).u64(8);
  scene.perform({ op: 'poke', by: sender.thread, in: { addr: hexOfAddress(source), bytes: payload.toHex() } });
  const inner = { ...plainData(handle, 40, source), code: 7, offsetsSize: 8, offsets: source + 40 };
  const words = transactionBytes(BC_TRANSACTION, inner);
  const stream = new Stream(sender.wbuf);
  stream.transaction(BC_TRANSACTION, plainData(handle, words.length, stream.place(words)));
  const place = scene.nextBuffer(receiver, words.length);
  scene.perform(stream.step(sender, 0));
  takeAll(scene, scene.actorsIn(receiver)[0] ?? sender, dice.chance(0.8));
  const again = scene.again(sender);
  if (again === undefined || place === null) return true;
  const changes = { wbuf: hexOfAddress(place), poke: '', write_size: words.length };
  scene.perform(new Stream(again.wbuf).step(again, again.nonblocking ? 256 : 0, changes));
  takeAll(scene, scene.actorsIn(receiver)[0] ?? sender, false);
  return true;
}

/** Descriptors for a receiver whose table is full, followed by other work. */
export function starve(scene: Scene, profile: Profile): boolean {
  const { dice } = scene;
  const able = scene.actors().filter(({ proc }) => (proc?.refs ?? []).some((ref) => ref.strong > 0));
  const actor = someActor(scene, able);
  if (actor === undefined) return false;
  makeFile(scene, actor);
  const sender = scene.again(actor);
  if (sender === undefined) return false;
  const target = someTarget(scene, sender);
  const receiver = receiverOf(scene, sender, target);
  if (receiver !== undefined) {
    acknowledge(scene, receiver);
    if (dice.chance(0.85)) setLimit(scene, receiver, lowestFree(receiver.process) + dice.of([0, 0, 1]));
  }
  for (let count = dice.between(1, 2); count > 0; count--) {
    const stream = new Stream(sender.wbuf);
    const flags = TF_ONE_WAY | TF_ACCEPT_FDS;
    if (dice.chance(0.7)) addFile(scene, sender, stream, target);
    else addMessage(scene, sender, stream, profile, { word: BC_TRANSACTION, target, flags, objects: true });
    scene.perform(stream.step(sender, 0));
  }
  if (receiver === undefined) return true;
  if (dice.chance(0.6)) forget(scene, receiver, target);
  takeAll(scene, receiver, dice.chance(0.5));
  takeAll(scene, receiver, dice.chance(0.5));
  if (dice.chance(0.4)) setLimit(scene, receiver, DEFAULT_LIMIT);
  return true;
}

/** A oneway message that carries a descriptor, and nothing else. */
function addFile(scene: Scene, actor: Actor, stream: Stream, target: number): void {
  const data = fdBytes(scene.dice, actor);
  const address = stream.place(data);
  const offsets = { offsetsSize: 8, offsets: stream.place(new Bytes().u64(0).toBytes()) };
  stream.transaction(BC_TRANSACTION, { ...plainData(target, data.length, address), ...offsets });
}

/** Acknowledges every node that waits for BC_INCREFS_DONE or BC_ACQUIRE_DONE. */
function acknowledge(scene: Scene, actor: Actor): void {
  takeAll(scene, actor, true);
  const owner = scene.again(actor);
  const stream = new Stream(actor.wbuf);
  for (const node of (owner?.proc?.nodes ?? []).slice(0, 8)) {
    if (node.pendingWeakRef) stream.command(BC_INCREFS_DONE, node.ptr, node.cookie);
    if (node.pendingStrongRef) stream.command(BC_ACQUIRE_DONE, node.ptr, node.cookie);
  }
  if (owner !== undefined && stream.size > 0) scene.perform(stream.step(owner, 0));
}

/** Every process drops its references to a node, usually another one than the message's target. */
function forget(scene: Scene, actor: Actor, target: number): void {
  const { dice } = scene;
  const nodes = scene.again(actor)?.proc?.nodes ?? [];
  const node = dice.maybeOf(nodes.filter((one) => one.refs.length > 0 && !one.refs.some((ref) => ref.desc === target)));
  for (const ref of (node ?? dice.maybeOf(nodes))?.refs ?? []) {
    const holder = scene.actors().find((one) => one.proc?.handle === ref.proc);
    if (holder === undefined) continue;
    const stream = new Stream(holder.wbuf);
    for (let count = Math.min(ref.strong, 8); count > 0; count--) stream.command(BC_RELEASE, ref.desc);
    for (let count = Math.min(ref.weak, 8); count > 0; count--) stream.command(BC_DECREFS, ref.desc);
    if (stream.size > 0) scene.perform(stream.step(holder, 0));
  }
}

/** A child that continues with the file of its dead parent. */
export function orphan(scene: Scene, profile: Profile): boolean {
  const { dice, cast } = scene;
  const parents = scene.actors().filter(({ thread, proc }) => thread.endsWith('.0') && (proc?.mapping.size ?? 0) > 0);
  const parent = dice.maybeOf(parents);
  if (parent === undefined || cast.processes.length > 6) return false;
  const child = forkOf(scene, profile, parent);
  if (child === undefined) return false;
  if (dice.chance(0.7)) kill(scene, cast.processOf(parent.thread));
  for (let count = dice.between(1, 3); count > 0; count--) {
    const heir = scene.actorsOf(child).find((one) => one.fd === parent.fd);
    if (heir === undefined || !cast.awake.includes(child)) return true;
    const stream = new Stream(heir.wbuf);
    const flags = dice.chance(0.7) ? TF_ONE_WAY : 0;
    addMessage(scene, heir, stream, profile, { word: BC_TRANSACTION, target: someTarget(scene, heir), flags });
    scene.perform(stream.step(heir, 0));
  }
  return true;
}
