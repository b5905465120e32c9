/**
 * A comb: equal holes between buffers that stay. The choice of a hole for the next message depends on the shape of the
 * allocator's tree of free buffers, which is visible in no other way.
 *
 *     tooth │ hole │ tooth │ hole │ tooth ...        messages to one node stay, those to another are freed
 */
import { BC_TRANSACTION, TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import type { UsedBufferView } from '../../host/inspect/buffers.ts';
import type { ProcView } from '../../host/inspect/procs.ts';
import { addMessage } from './messages.ts';
import type { Profile } from './profiles.ts';
import type { Actor, Scene } from './scene.ts';
import { Stream } from './stream.ts';

/** Steps that one emptying may take. */
const STEPS_MAX = 24;
/** Bytes of the command stream that one step may take. */
const STREAM_MAX = 900;

/** A sender with handles to two nodes of one process, and a thread there. */
interface Pair {
  readonly sender: Actor;
  readonly receiver: Actor;
  readonly holes: number;
  readonly teeth: number;
  /** Number of the node whose messages stay. */
  readonly teethNode: number;
}

/** Sends, frees, and sends again, with a look at the buffers each time. */
export function comb(scene: Scene, profile: Profile): boolean {
  const { dice } = scene;
  const pair = dice.maybeOf(pairs(scene));
  if (pair === undefined) return false;
  const size = 8 * dice.between(2, 60);
  const tooth = 8 * dice.between(1, 4);
  const count = dice.between(5, 8);
  const pattern = Array.from({ length: 2 * count }, (_, at) =>
    at % 2 === 0 ? [pair.holes, size] : [pair.teeth, tooth],
  );
  send(scene, pair.sender, profile, pattern);
  for (let round = dice.between(2, 3); round > 0; round--) {
    drain(scene, pair, dice.between(2, 2 * count));
    look(scene, pair.receiver);
    const sizes = [size, size, size - 8, 8 * dice.between(1, 60), tooth];
    const again = Array.from({ length: dice.between(4, 9) }, () => [pair.holes, Math.max(8, dice.of(sizes))]);
    send(scene, pair.sender, profile, again);
    look(scene, pair.receiver);
  }
  return true;
}

function pairs(scene: Scene): Pair[] {
  const found: Pair[] = [];
  for (const sender of scene.actors()) {
    const byOwner = new Map<number, { desc: number; node: number }[]>();
    for (const { desc, strong, node } of sender.proc?.refs ?? []) {
      const owner = strong > 0 && !node.dead ? scene.ownerOf(node.handle)?.handle : undefined;
      if (owner === undefined || owner === sender.proc?.handle) continue;
      byOwner.set(owner, [...(byOwner.get(owner) ?? []), { desc, node: node.id }]);
    }
    for (const [owner, descs] of byOwner) {
      const [holes, teeth] = scene.dice.shuffled(descs);
      const proc = scene.procOf(owner);
      const receiver = proc === undefined ? undefined : scene.actorsIn(proc)[0];
      if (holes !== undefined && teeth !== undefined && receiver?.proc?.mapping.mapped === true) {
        found.push({ sender, receiver, holes: holes.desc, teeth: teeth.desc, teethNode: teeth.node });
      }
    }
  }
  return found;
}

/** Oneway messages of plain data, as many as a stream takes. */
function send(scene: Scene, actor: Actor, profile: Profile, messages: readonly (readonly number[])[]): void {
  const sender = scene.again(actor);
  if (sender === undefined) return;
  const stream = new Stream(sender.wbuf);
  for (const [target = 0, size = 8] of messages) {
    if (stream.size > STREAM_MAX) break;
    const message = { word: BC_TRANSACTION, target, flags: TF_ONE_WAY, size, spoiled: false };
    addMessage(scene, sender, stream, profile, message);
  }
  scene.perform(stream.step(sender, 0));
}

/** Reads message after message, and frees at most `most` of those that are no teeth. */
function drain(scene: Scene, { receiver, teethNode }: Pair, most: number): void {
  for (let left = most, steps = 0; left > 0 && steps < STEPS_MAX; steps++) {
    const reader = scene.again(receiver);
    if (reader?.proc === undefined) return;
    const { proc } = reader;
    const due = buffersOf(scene, proc).filter(({ node }) => node !== teethNode);
    if (due.length > 0) {
      const stream = new Stream(reader.wbuf);
      for (const { offset } of due.slice(0, left)) stream.freeBuffer(proc.mapping.userBase + offset);
      left -= due.length;
      scene.perform(stream.step(reader, 0));
    } else if (proc.todo.length > 0) {
      if (scene.perform(new Stream(reader.wbuf).step(reader, 256)) === null) return;
    } else {
      return;
    }
  }
}

/** Buffers that the process may free. */
function buffersOf(scene: Scene, proc: ProcView): UsedBufferView[] {
  return scene.buffersOf(proc).filter((buffer): buffer is UsedBufferView => !buffer.free && buffer.allowUserFree);
}

function look(scene: Scene, { process }: Actor): void {
  scene.perform({ op: 'dump', in: { file: `proc/${process.pid}` } });
}
