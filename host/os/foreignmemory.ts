/** What a program outside of the machine gives its process. */

/**
 * The memory of a program outside of the machine. Its answer is how many bytes it has copied, from the first one on. The driver
 * asks in the middle of a call: a memory may look at the machine then, and not act in it, listen to it, or keep its state.
 */
export interface ForeignMemory {
  /**
   * Copies the bytes at `address` to `target`, which is good during the call only.
   *
   * @param tid The thread whose system call reads; 0 for none.
   */
  read(address: number, target: Uint8Array, tid: number): number;
  /** Copies `source` to `address`. A thread that slept stores its results in the step that wakes it. */
  write(address: number, source: Uint8Array, tid: number): number;
  /** The program reads `source` at `address` of a Binder mapping from now on: a message arrives, or is cleared. */
  show(address: number, source: Uint8Array): void;
  /** Whether its owner stores with `poke` what calls read, as a journal needs it. */
  readonly isRecorded?: boolean;
  /** A step stores bytes that the program has stored itself, or had in the recording. @returns How many. */
  poke?(address: number, bytes: Uint8Array): number;
  /** A step says that the program does not have the descriptor which the next ioctl sends. */
  lack?(fd: number): void;
  /** The ioctl for which bytes were poked has been made. */
  forget?(): void;
  /** A message has the descriptor: a number above 0 for its file, which other memories' `give` understands; or -errno. */
  take?(fd: number): number;
  /**
   * A message gives the program the file; below 0 it is a Binder device, and the process in the machine has it as `~file`.
   *
   * @param tid The thread that reads the message.
   * @returns The program's new descriptor, or -errno.
   */
  give?(file: number, tid: number): number;
  /** The driver closes a descriptor that a message has given. @param tid The thread whose system call does so. */
  shut?(fd: number, tid: number): void;
  /** The last reference to the file of an earlier `take` is gone. */
  drop?(file: number): void;
}
