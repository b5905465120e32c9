/** Two processes on a machine that checks itself: a server that messages go to, and a client that sends them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../../host/compare/peers.ts';
import { bc, Machine, type Process, type Strategy, type TransactionReturn } from '../../host/index.ts';

const debugModule = new WebAssembly.Module(readFileSync(join(import.meta.dirname, '../../../build/debug.wasm')));

export const PAGE = 4096;
export const MAPPED = 0x70000000;
/** Pages of the mapping that libbinder makes. */
export const MAPPED_PAGES = 254;
/** What the sender's memory is full of, where it is no message. */
export const SECRET = 0x5e;
const TF_ONE_WAY = 1;

export class Pair {
  readonly machine: Machine;
  readonly server: Process;
  readonly client: Process;
  readonly serverFd: number;
  readonly clientFd: number;
  /** Where the client keeps what it sends, in the midst of secrets. */
  readonly room: number;

  constructor(strategy: Strategy, { length = MAPPED_PAGES * PAGE, memoryMiB = 16 } = {}) {
    this.machine = Machine.boot({ wasm: debugModule, strategy, memoryMiB, journal: true });
    this.server = this.machine.spawn('server');
    this.serverFd = this.server.main.open();
    this.server.main.mmap(this.serverFd, length);
    this.server.main.becomeContextManager(this.serverFd);
    this.server.main.writeRead(this.serverFd, [bc.enterLooper()], { readSize: 0 });
    this.client = this.machine.spawn('client');
    this.clientFd = this.client.main.open();
    this.client.main.mmap(this.clientFd, length);
    this.room = this.client.alloc(64 * PAGE, PAGE);
    this.client.main.sys.fill(this.room, 64 * PAGE, SECRET);
  }

  /** Puts bytes into the client's room. @param at From its start. @returns where they lie, for a message. */
  place(bytes: Uint8Array, at = 0): { address: number; length: number } {
    this.client.write(this.room + at, bytes);
    return { address: this.room + at, length: bytes.length };
  }

  /** Sends a oneway, which waits until the server reads. */
  send(data: { address: number; length: number }): void {
    this.client.main.writeRead(this.clientFd, [bc.transaction({ handle: 0, flags: TF_ONE_WAY, data })], {
      readSize: 256,
    });
  }

  receive(): TransactionReturn {
    return messageOf(this.server.main.writeRead(this.serverFd, []));
  }

  free(message: TransactionReturn): void {
    this.server.main.writeRead(this.serverFd, [bc.freeBuffer(message.buffer)], { readSize: 0 });
  }

  /** Every byte that the server can read in its mapping, page by page; pages that it cannot read are left out. */
  readable(): Map<number, Uint8Array> {
    const found = new Map<number, Uint8Array>();
    for (let page = 0; page < MAPPED_PAGES; page++) {
      const { bytes } = this.server.main.sys.peek(MAPPED + page * PAGE, PAGE);
      if (bytes.length > 0) found.set(page, bytes);
    }
    return found;
  }
}

/** Bytes of a message: none of them is 0, the secret, or the poison of free frames. */
export function messageBytes(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 1 + ((i * 7 + seed * 13) % 80));
}
