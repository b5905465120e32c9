/** Workload `echo`: the server replies to a call of P bytes with P bytes of its own, and the client reads them. */

import type { Machine } from '../machine.ts';
import { bc } from '../wire/commands.ts';
import { ScenePayload } from './payload.ts';
import { messageOf, Peers } from './peers.ts';
import { PAGES, type Scene, type SceneChoice, type Workload } from './scene.ts';

export const ECHO: Workload = {
  name: 'echo',
  what: 'As call, and the server replies with the same number of bytes, which the client reads.',
  usesBinder: true,
  sends: ['inline'],
  jumps: PAGES,
  open: (machine, choice) => new EchoScene(machine, choice),
};

class EchoScene implements Scene {
  readonly #peers: Peers;
  readonly #asked: ScenePayload;
  readonly #answered: ScenePayload;
  #received: readonly [server: Uint8Array, client: Uint8Array] = [new Uint8Array(0), new Uint8Array(0)];

  constructor(machine: Machine, { payload }: SceneChoice) {
    this.#peers = new Peers(machine);
    this.#peers.server.thread(); // it writes the reply's bytes while the server's main thread waits
    this.#asked = new ScenePayload(this.#peers.client, payload);
    this.#answered = new ScenePayload(this.#peers.server, payload);
  }

  map(): void {
    this.#peers.map(this.#asked.placed.length);
  }

  write(): void {
    this.#asked.write();
    this.#answered.write();
  }

  call(): void {
    const peers = this.#peers;
    const sent = peers.ask([bc.transaction({ handle: 0, data: this.#asked.placed })]);
    const message = peers.arrived();
    const asked = peers.server.dataOf(message);
    peers.answer([bc.freeBuffer(message.buffer), bc.reply({ data: this.#answered.placed })]);
    const reply = messageOf(sent);
    this.#received = [asked, peers.client.dataOf(reply)];
    peers.ask([bc.freeBuffer(reply.buffer)], 0);
  }

  check(): void {
    this.#asked.check(this.#received[0]);
    this.#answered.check(this.#received[1]);
  }
}
