/**
 * Workload `call`: a client calls a server with P page-aligned bytes that it has just written; the server reads every
 * byte, gives the buffer back and replies with nothing. Both map what libbinder maps.
 */

import type { WriteReadCall } from '../kernel/call.ts';
import { bc } from '../kernel/commands.ts';
import { BinderlabError } from '../kernel/error.ts';
import type { Process } from '../kernel/process.ts';
import { TransactionReturn } from '../kernel/returns.ts';
import type { Machine } from '../machine.ts';
import { Payload } from './payload.ts';
import type { Scene, SceneChoice, Workload } from './scene.ts';

export const CALL: Workload = {
  name: 'call',
  usesBinder: true,
  sends: ['inline'],
  open: (machine, choice) => new CallScene(machine, choice),
};

/** Reads that fit BR_NOOP, the words before a message, and the message. */
const READ_SIZE = 256;

/** @returns The message that a read brought. @throws BinderlabError when it brought none. */
export function messageOf(call: WriteReadCall): TransactionReturn {
  const message = call.done ? call.returns.find((one) => one instanceof TransactionReturn) : undefined;
  if (message === undefined) {
    const got = call.done ? call.returns.map(({ name }) => name).join(' ') : 'nothing: it still waits';
    throw new BinderlabError(`a message was to arrive, and there came ${got}`);
  }
  return message;
}

/** Brings the pages in that a process's ioctls point at, so that no round has to. */
export function warm(process: Process): void {
  const { wbuf, rbuf, arg } = process.arena.window(0);
  for (const address of [wbuf, rbuf, arg]) process.write(address, new Uint8Array(1));
}

class CallScene implements Scene {
  readonly #client: Process;
  readonly #server: Process;
  readonly #clientFd: number;
  readonly #serverFd: number;
  readonly #payload: Payload;
  /** The read in which the server waits. */
  #waiting: WriteReadCall | null = null;
  #received: Uint8Array = new Uint8Array(0);

  constructor(machine: Machine, { payload }: SceneChoice) {
    this.#server = machine.spawn('server');
    this.#client = machine.spawn('client');
    this.#serverFd = this.#server.main.open();
    this.#clientFd = this.#client.main.open();
    warm(this.#server);
    warm(this.#client);
    this.#payload = new Payload(this.#client, payload);
  }

  map(): void {
    this.#server.main.mmap(this.#serverFd);
    this.#client.main.mmap(this.#clientFd);
  }

  write(): void {
    this.#payload.write();
  }

  call(): void {
    const waiting = this.#waiting ?? this.#start();
    const { main: client } = this.#client;
    const { main: server } = this.#server;
    const sent = client.writeRead(this.#clientFd, [bc.transaction({ handle: 0, data: this.#payload.placed })], {
      readSize: READ_SIZE,
    });
    const { buffer, dataSize } = messageOf(waiting);
    this.#received = dataSize === 0 ? new Uint8Array(0) : this.#server.read(buffer, dataSize);
    server.writeRead(this.#serverFd, [bc.freeBuffer(buffer), bc.reply()], { readSize: READ_SIZE });
    this.#waiting = server.writeRead(this.#serverFd, [], { readSize: READ_SIZE });
    client.writeRead(this.#clientFd, [bc.freeBuffer(messageOf(sent).buffer)], { readSize: 0 });
  }

  check(): void {
    this.#payload.check(this.#received);
  }

  /** Both sides as they are between calls: the server waits, and the client's first ioctl is over. */
  #start(): WriteReadCall {
    const { main: server } = this.#server;
    server.becomeContextManager(this.#serverFd);
    server.writeRead(this.#serverFd, [bc.enterLooper()], { readSize: 0 });
    this.#client.main.version(this.#clientFd);
    return server.writeRead(this.#serverFd, [], { readSize: READ_SIZE });
  }
}
