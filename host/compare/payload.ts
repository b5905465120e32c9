/**
 * The payload of a scene: page-aligned bytes in the sender's memory that change in every round, and the check that exactly
 * these arrived.
 */
import { MAP_SHARED, PAGE_SIZE, PROT_READ, PROT_WRITE } from '../../assembly/abi/machine.ts';
import type { Process } from '../os/process.ts';
import { BinderlabError } from '../wire/error.ts';
import type { Placed } from '../wire/objects.ts';

/** The address of bytes that are not placed yet. */
const NOWHERE = 0;

/** The pattern of all payloads; it grows to the longest. */
let pattern = new Uint8Array(0);

/** @returns That many bytes of the pattern; the first one of each page is the number of the round. */
function bytesOf(length: number, round: number): Uint8Array {
  if (pattern.length < length) pattern = Uint8Array.from({ length: 2 * length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
  for (let at = 0; at < length; at += PAGE_SIZE) pattern[at] = round & 0xff;
  return pattern.subarray(0, length);
}

export class ScenePayload {
  placed: Placed;
  #round = 0;

  /**
   * @param address User address in the sender's memory; default: newly allocated memory.
   * @param fd The memory file that is mapped there; -1 for none.
   */
  constructor(
    private readonly sender: Process,
    length: number,
    address = sender.alloc(length, PAGE_SIZE),
    readonly fd = -1,
  ) {
    this.placed = { address, length };
    if (address !== NOWHERE) sender.write(address, bytesOf(length, 0));
  }

  /** The sender writes the next round's bytes: all of them, with a change in every page. */
  write(): void {
    this.#round++;
    this.sender.write(this.placed.address, bytesOf(this.placed.length, this.#round));
  }

  /** The sender has finished with the round's bytes. */
  giveUp(): void {}

  /** @throws BinderlabError when these are not the round's bytes. */
  check(received: Uint8Array): void {
    const sent = bytesOf(this.placed.length, this.#round);
    if (received.length !== sent.length) {
      throw new BinderlabError(`${received.length} bytes arrived of ${sent.length} that were sent`);
    }
    for (let i = 0; i < received.length; i++) {
      if (received[i] !== sent[i]) {
        throw new BinderlabError(`byte ${i} arrived as ${received[i]}, and was sent as ${sent[i]}`);
      }
    }
  }
}

/** A descriptor number that is free. */
const MEMFD = 100;

/** A payload in a memory file that the sender created and mapped before; it is used again in each round. */
export function memfdPayload(sender: Process, length: number): ScenePayload {
  return new ScenePayload(sender, length, mappedFile(sender, length), MEMFD);
}

/** A payload in a memory file that the sender creates, maps and fills in every round, and closes after it. */
export class NewMemfdPayload extends ScenePayload {
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

/** @returns User address of the mapped file. */
function mappedFile({ main }: Process, length: number): number {
  if (length === 0) throw new BinderlabError('a memory file of 0 bytes cannot be mapped');
  main.sys.makeFile('memfd', MEMFD, -1, new Uint8Array(0));
  main.sys.call('ftruncate', { fd: MEMFD, len: length });
  return main.mmap(MEMFD, length, 0, { prot: PROT_READ | PROT_WRITE, flags: MAP_SHARED });
}
