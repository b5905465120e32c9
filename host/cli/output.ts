/** Standard output that holds one document and nothing else, whatever a script prints. */

export interface ReservedStdout {
  /** Writes to standard output. */
  print(text: string): void;
  /** Others may write there again. */
  release(): void;
}

/** From now on all that others print goes to standard error. */
export function reserveStdout(): ReservedStdout {
  const { stdout, stderr } = process;
  const { write } = stdout;
  stdout.write = stderr.write.bind(stderr);
  return {
    print: (text) => void write.call(stdout, text),
    release: () => {
      stdout.write = write;
    },
  };
}
