/** A file that is written from its start on, as a machine's journal is. */
export interface FileSink {
  /** Appends bytes. */
  write(bytes: Uint8Array): void;
  /** Cuts it to so many bytes. */
  truncate(size: number): void;
  /** All bytes so far. */
  read(): Uint8Array;
  close(): void;
}
