/** Files as a platform has them. */

/** Bytes that are read in pieces. */
export interface ByteSource {
  readonly size: number;
  read(offset: number, length: number): Uint8Array;
}

/** A file that is written from its start on, as a machine's journal is. */
export interface FileSink extends ByteSource {
  /** Appends bytes. */
  write(bytes: Uint8Array): void;
  /** Cuts it to `size` bytes. */
  truncate(size: number): void;
  close(): void;
}
