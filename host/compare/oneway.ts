/**
 * Workloads of oneway calls, which have no reply.
 *
 *     oneway   P bytes in one message, which the server reads and frees
 *     stream   P bytes in many small messages; up to 16 wait at the server's node, then it reads and frees each
 */
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import type { Machine } from '../machine.ts';
import { bc } from '../wire/commands.ts';
import { ScenePayload } from './payload.ts';
import { Peers } from './peers.ts';
import { PAGES, type Scene, type SceneChoice, type Workload } from './scene.ts';

/** Bytes of each message of a stream. */
const SMALL = 512;
/** Messages that wait at the same time. */
const WAITING = 16;

export const ONEWAY: Workload = {
  name: 'oneway',
  what: 'The client sends the payload in one oneway call; the server reads every byte and frees the buffer. There is no reply.',
  usesBinder: true,
  sends: ['inline'],
  jumps: PAGES,
  open: (machine, choice) => new OnewayScene(machine, choice, choice.payload),
};

export const STREAM: Workload = {
  name: 'stream',
  what: `The client sends the payload as oneway calls of ${SMALL} bytes, ${WAITING} at a time; the server reads and frees them one by one.`,
  usesBinder: true,
  sends: ['inline'],
  jumps: { every: SMALL, header: 0 },
  open: (machine, choice) => new OnewayScene(machine, choice, SMALL),
};

class OnewayScene implements Scene {
  readonly #peers: Peers;
  readonly #payload: ScenePayload;
  readonly #received: Uint8Array;

  /** @param piece Greatest number of bytes of a message. */
  constructor(
    machine: Machine,
    { payload }: SceneChoice,
    private readonly piece: number,
  ) {
    this.#peers = new Peers(machine);
    this.#payload = new ScenePayload(this.#peers.client, payload);
    this.#received = new Uint8Array(payload);
  }

  /** Oneways may use half of a mapping. */
  map(): void {
    this.#peers.map(2 * Math.min(this.#payload.placed.length, WAITING * this.piece));
  }

  write(): void {
    this.#payload.write();
  }

  call(): void {
    const { length } = this.#payload.placed;
    const batch = WAITING * this.piece;
    for (let at = 0; at < length; at += batch) this.#sendBatch(at, Math.min(length, at + batch));
  }

  check(): void {
    this.#payload.check(this.#received);
  }

  /** The server wakes at the first message, and reads the others after the last one is sent. */
  #sendBatch(from: number, to: number): void {
    const peers = this.#peers;
    const { address } = this.#payload.placed;
    for (let at = from; at < to; at += this.piece) {
      const data = { address: address + at, length: Math.min(this.piece, to - at) };
      peers.ask([bc.transaction({ handle: 0, flags: TF_ONE_WAY, data })]);
    }
    for (let at = from; at < to; at += this.piece) {
      const message = peers.arrived();
      this.#received.set(peers.server.dataOf(message), at);
      peers.answer([bc.freeBuffer(message.buffer)]);
    }
  }
}
