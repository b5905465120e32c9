/**
 * The payload of a scene: page-aligned bytes in the sender's memory that are new in every round, and the check that
 * exactly these arrived.
 */
import { MAP_SHARED, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import { BinderlabError } from '../kernel/error.ts';
import type { Placed } from '../kernel/objects.ts';
import type { Process } from '../kernel/process.ts';

export class Payload {
  readonly placed: Placed;
  readonly #bytes: Uint8Array;
  #round = 0;

  /**
   * @param address Where it lies in the sender's memory; in memory set aside for it when absent.
   * @param fd The memory file that is mapped there; -1 for none.
   */
  constructor(
    private readonly sender: Process,
    length: number,
    address = sender.alloc(length, PAGE_SIZE),
    readonly fd = -1,
  ) {
    this.#bytes = new Uint8Array(length);
    for (let i = 0; i < length; i++) this.#bytes[i] = (i * 31 + (i >> 8)) & 0xff;
    this.placed = { address, length };
    sender.write(address, this.#bytes);
  }

  /** The sender writes the next round's bytes: all of them, changed in every page. */
  write(): void {
    this.#round++;
    for (let at = 0; at < this.#bytes.length; at += PAGE_SIZE) this.#bytes[at] = this.#round & 0xff;
    this.sender.write(this.placed.address, this.#bytes);
  }

  /** @throws BinderlabError when these are not the bytes of this round. */
  check(received: Uint8Array): void {
    if (received.length !== this.#bytes.length) {
      throw new BinderlabError(`${received.length} bytes arrived of ${this.#bytes.length} that were sent`);
    }
    for (let i = 0; i < received.length; i++) {
      if (received[i] !== this.#bytes[i]) {
        throw new BinderlabError(`byte ${i} arrived as ${received[i]}, and was sent as ${this.#bytes[i]}`);
      }
    }
  }
}

/** A descriptor number that nothing else takes. */
const MEMFD = 100;

/** A payload in a memory file that the sender has mapped. */
export function memfdPayload(sender: Process, length: number): Payload {
  const { main } = sender;
  main.sys.makeFile('memfd', MEMFD, -1, new Uint8Array(0));
  main.sys.ftruncate(MEMFD, length);
  const address = main.mmap(MEMFD, length, 0, { prot: PROT_READ | PROT_WRITE, flags: MAP_SHARED });
  return new Payload(sender, length, address, MEMFD);
}
