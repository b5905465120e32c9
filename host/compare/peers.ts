/** Two processes that communicate over Binder: a client, and a server that is the context manager and waits in a read. */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Machine } from '../machine.ts';
import type { Process } from '../os/process.ts';
import { MAP_LENGTH } from '../os/thread.ts';
import type { WriteReadCall } from '../os/writeread.ts';
import type { Command } from '../wire/command.ts';
import { bc } from '../wire/commands.ts';
import { BinderlabError } from '../wire/error.ts';
import { align } from '../wire/payload.ts';
import { TransactionReturn } from '../wire/returns.ts';

/** Size of a read: BR_NOOP, the words before a message, and the message. */
const READ_SIZE = 256;
/** The server's node accepts descriptors. */
const ACCEPTS_FDS = 0x100;

export class Peers {
  readonly client: Process;
  readonly server: Process;
  readonly clientFd: number;
  readonly serverFd: number;
  /** The read in which the server waits. */
  #waiting: WriteReadCall | null = null;

  constructor(machine: Machine) {
    this.server = machine.spawn('server');
    this.client = machine.spawn('client');
    this.serverFd = this.server.main.open();
    this.clientFd = this.client.main.open();
    warm(this.server);
    warm(this.client);
  }

  /** Both map as much as libbinder maps, or `room` bytes if that is more. */
  map(room = 0): void {
    const length = Math.max(MAP_LENGTH, align(room, PAGE_SIZE));
    this.server.main.mmap(this.serverFd, length);
    this.client.main.mmap(this.clientFd, length);
  }

  /** The client writes commands and reads. @throws BinderlabError when the driver refuses a message. */
  ask(commands: readonly Command[], readSize = READ_SIZE): WriteReadCall {
    if (this.#waiting === null) this.#start();
    const call = this.client.main.writeRead(this.clientFd, commands, { readSize });
    if (call.done && call.returns.some(({ name }) => name === 'BR_FAILED_REPLY')) {
      throw new BinderlabError(
        'the driver refuses the message (BR_FAILED_REPLY). A mapping has at most 4 MiB, and oneways get half of it',
      );
    }
    return call;
  }

  /** The message that woke the server. */
  arrived(): TransactionReturn {
    return messageOf(this.#waiting as WriteReadCall);
  }

  /** The server writes commands, then waits for the next message. */
  answer(commands: readonly Command[]): void {
    const call = this.server.main.writeRead(this.serverFd, commands, { readSize: READ_SIZE });
    // The first read after a reply returns BR_TRANSACTION_COMPLETE only.
    const isOver = call.done && !call.returns.some((one) => one instanceof TransactionReturn);
    this.#waiting = isOver ? this.server.main.writeRead(this.serverFd, [], { readSize: READ_SIZE }) : call;
  }

  #start(): void {
    const { main } = this.server;
    main.becomeContextManager(this.serverFd, { flags: ACCEPTS_FDS });
    main.writeRead(this.serverFd, [bc.enterLooper()], { readSize: 0 });
    this.client.main.version(this.clientFd);
    this.#waiting = main.writeRead(this.serverFd, [], { readSize: READ_SIZE });
  }
}

/** @returns The message of a read. @throws BinderlabError when the read has none. */
export function messageOf(call: WriteReadCall): TransactionReturn {
  const message = call.done ? call.returns.find((one) => one instanceof TransactionReturn) : undefined;
  if (message === undefined) {
    const got = call.done ? call.returns.map(({ name }) => name).join(' ') : 'nothing: it still waits';
    throw new BinderlabError(`a message was to arrive, and there came ${got}`);
  }
  return message;
}

/** Faults in the pages of a process's ioctl buffers, so that no round does. */
function warm(process: Process): void {
  const { wbuf, rbuf, arg } = process.arena.window(0);
  for (const address of [wbuf, rbuf, arg]) process.write(address, new Uint8Array(1));
}
