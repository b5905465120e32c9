/**
 * Workload `call`: a client calls a server with P page-aligned bytes that it has just written. The server reads every byte,
 * frees the buffer and replies without data. Both map as much as libbinder maps.
 *
 * Sent by memfd, the bytes are in a memory file that the client has mapped, and the message carries its descriptor. The server
 * maps the file, reads it, unmaps and closes it. The file exists from the start (`memfd`), or the client creates, maps, fills,
 * unmaps and closes it in every round (`new-memfd`).
 *
 * `pressure` is the same with the shrinker between the calls: it takes every unused page.
 */
import { MAP_SHARED, PROT_READ } from '../../assembly/abi/machine.ts';
import type { Machine } from '../machine.ts';
import type { Process } from '../os/process.ts';
import type { Command } from '../wire/command.ts';
import { bc } from '../wire/commands.ts';
import type { TransactionReturn } from '../wire/returns.ts';
import { memfdPayload, NewMemfdPayload, ScenePayload } from './payload.ts';
import { messageOf, Peers } from './peers.ts';
import { PAGES, type Scene, type SceneChoice, SENDS, type Send, type Workload } from './scene.ts';

export const CALL: Workload = {
  name: 'call',
  what: 'The client writes the payload and calls with it; the server reads every byte, frees the buffer and replies without data.',
  usesBinder: true,
  sends: SENDS,
  jumps: PAGES,
  open: (machine, choice) => new CallScene(machine, choice),
};

export const PRESSURE: Workload = {
  name: 'pressure',
  what: 'As call, and before every call the shrinker takes all unused pages of the mappings.',
  usesBinder: true,
  sends: SENDS,
  jumps: PAGES,
  open: (machine, choice) => new PressureScene(machine, choice),
};

/** More pages than any machine has. */
const ALL_PAGES = 0x7fffffff;

class CallScene implements Scene {
  readonly #peers: Peers;
  readonly #payload: ScenePayload;
  readonly #isFile: boolean;
  #received: Uint8Array = new Uint8Array(0);

  constructor(machine: Machine, { payload, send }: SceneChoice) {
    this.#peers = new Peers(machine);
    this.#isFile = send !== 'inline';
    this.#payload = payloadOf(this.#peers.client, payload, send);
  }

  map(): void {
    this.#peers.map(this.#isFile ? 0 : this.#payload.placed.length);
  }

  write(): void {
    this.#payload.write();
  }

  call(): void {
    const peers = this.#peers;
    const sent = peers.ask([this.#command()]);
    const message = peers.arrived();
    this.#received = this.#isFile ? this.#readFile(message) : peers.server.dataOf(message);
    peers.answer([bc.freeBuffer(message.buffer), bc.reply()]);
    peers.ask([bc.freeBuffer(messageOf(sent).buffer)], 0);
    this.#payload.giveUp();
  }

  check(): void {
    this.#payload.check(this.#received);
  }

  #command(): Command {
    const { placed, fd } = this.#payload;
    if (!this.#isFile) return bc.transaction({ handle: 0, data: placed });
    return bc.transaction({ handle: 0, objects: [{ type: 'fd', fd }] });
  }

  #readFile(message: TransactionReturn): Uint8Array {
    const { server } = this.#peers;
    const [object] = server.objectsOf(message);
    if (object?.type !== 'fd') return new Uint8Array(0);
    const { length } = this.#payload.placed;
    const at = server.main.mmap(object.fd, length, 0, { prot: PROT_READ, flags: MAP_SHARED });
    const bytes = server.read(at, length);
    server.main.munmap(at, length);
    server.main.close(object.fd);
    return bytes;
  }
}

function payloadOf(client: Process, length: number, send: Send): ScenePayload {
  if (send === 'memfd') return memfdPayload(client, length);
  return send === 'new-memfd' ? new NewMemfdPayload(client, length) : new ScenePayload(client, length);
}

class PressureScene extends CallScene {
  constructor(
    private readonly machine: Machine,
    choice: SceneChoice,
  ) {
    super(machine, choice);
  }

  override write(): void {
    super.write();
    this.machine.shrink(ALL_PAGES);
  }
}
