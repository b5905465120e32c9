/**
 * The payload of a scene: page-aligned bytes in the sender's memory that are new in every round, and the check that
 * exactly these arrived.
 */
import { MAP_SHARED, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import { BinderlabError } from '../kernel/error.ts';
import type { Placed } from '../kernel/objects.ts';
import type { Process } from '../kernel/process.ts';

/** The address of bytes that have none yet. */
const NOWHERE = 0;

export class Payload {
  placed: Placed;
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
    if (address !== NOWHERE) sender.write(address, this.#bytes);
  }

  /** The sender writes the next round's bytes: all of them, changed in every page. */
  write(): void {
    this.#round++;
    for (let at = 0; at < this.#bytes.length; at += PAGE_SIZE) this.#bytes[at] = this.#round & 0xff;
    this.sender.write(this.placed.address, this.#bytes);
  }

  /** The sender is done with the round's bytes. */
  giveUp(): void {}

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

/** A payload in a memory file that the sender has made and mapped before, and uses again and again. */
export function memfdPayload(sender: Process, length: number): Payload {
  return new Payload(sender, length, mappedFile(sender, length), MEMFD);
}

/** A payload in a memory file that the sender makes, maps and fills in every round, and gives up behind it. */
export class NewMemfdPayload extends Payload {
  constructor(
    private readonly owner: Process,
    length: number,
  ) {
    super(owner, length, NOWHERE, MEMFD);
  }

  override write(): void {
    const { length } = this.placed;
    this.placed = { address: mappedFile(this.owner, length), length };
    super.write();
  }

  override giveUp(): void {
    const { address, length } = this.placed;
    this.owner.main.munmap(address, length);
    this.owner.main.close(MEMFD);
  }
}

/** @returns Where the file is mapped. */
function mappedFile({ main }: Process, length: number): number {
  main.sys.makeFile('memfd', MEMFD, -1, new Uint8Array(0));
  main.sys.ftruncate(MEMFD, length);
  return main.mmap(MEMFD, length, 0, { prot: PROT_READ | PROT_WRITE, flags: MAP_SHARED });
}
