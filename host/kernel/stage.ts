/**
 * The guest's scratch page, where host and guest put down what the other needs to know of a BINDER_WRITE_READ:
 *
 *     0              | 4                     | 64
 *     thread to      | linear address of     | what the call stores in the write buffer first:
 *     resume, or 0   | what it read, or 0    | commands and payloads
 */
import { PAGE_SIZE, STAGE_COMMANDS, STAGE_NEXT, STAGE_RETURNED } from '../../assembly/abi/machine.ts';
import { WRITE_BUFFER_SIZE } from './arena.ts';
import type { Command } from './command.ts';
import { Piece } from './piece.ts';
import { Extent, storeCommands } from './stream.ts';

/** Bytes of commands and payloads that it takes. */
export const STAGE_ROOM = PAGE_SIZE - STAGE_COMMANDS;

export class Stage {
  /** What the commands of the next call take. */
  readonly extent = new Extent();
  readonly #next: number;
  readonly #returned: number;
  readonly #commands: number;
  /** A write buffer of the host's own; made by the first call that needs it. */
  #apart: Piece | null = null;

  constructor(
    private readonly linear: Piece,
    /** Linear address of the page. */
    readonly page: number,
  ) {
    this.#next = (page + STAGE_NEXT) / 4;
    this.#returned = (page + STAGE_RETURNED) / 4;
    this.#commands = page + STAGE_COMMANDS;
  }

  /** Lays commands out, which `extent` has measured, as they are going to lie at `address`. They have room. */
  put(commands: readonly Command[], address: number): void {
    storeCommands(this.linear, this.#commands, address, commands, this.extent.stream);
  }

  /** The same where they have no room, or somebody wants to see them. @returns The bytes; good until the next call. */
  bytes(commands: readonly Command[], address: number): Uint8Array {
    this.#apart ??= new Piece(new ArrayBuffer(WRITE_BUFFER_SIZE));
    storeCommands(this.#apart, 0, address, commands, this.extent.stream);
    return this.#apart.u8.subarray(0, this.extent.size);
  }

  /** The thread to resume behind the last `sysWriteRead` or `resumeLook`, or 0. */
  get next(): number {
    return this.linear.i32[this.#next] as number;
  }

  /** Linear address of what the last of them read; 0 when it is not in one page, or nothing. */
  get returned(): number {
    return this.linear.i32[this.#returned] as number;
  }
}
