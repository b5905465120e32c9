/** Standard output while scripts run: it is reserved for the command, and scripts print elsewhere. */

type Write = NodeJS.WriteStream['write'];

interface ReservedStdout {
  /** Writes to standard output. */
  print(text: string): void;
  /** Ends the reservation. */
  release(): void;
}

/** Redirects all other output to standard error. */
export function reserveStdout(): ReservedStdout {
  const { stdout, stderr } = process;
  const { write } = stdout;
  return {
    print: (text) => void write.call(stdout, text),
    release: redirected([stdout], stderr.write.bind(stderr) as Write),
  };
}

/** Runs a function with its standard output on standard error; without `isHeard` both are discarded. */
export async function aside<T>(run: () => Promise<T>, isHeard = true): Promise<T> {
  const release = isHeard ? reserveStdout().release : redirected([process.stdout, process.stderr], swallow);
  try {
    return await run();
  } finally {
    release();
  }
}

/** Ends the process once all output is written. Timers of a script do not keep it. */
export function exitWhenWritten(): void {
  process.stderr.write('', () => process.stdout.write('', () => process.exit()));
}

/** @returns A function that ends the redirection. */
function redirected(streams: readonly NodeJS.WriteStream[], write: Write): () => void {
  const own = streams.map((stream) => [stream, stream.write] as const);
  for (const stream of streams) stream.write = write;
  return () => {
    for (const [stream, before] of own) stream.write = before;
  };
}

/** Discards the text, and returns what a stream with free space returns. */
const swallow = ((...words: unknown[]) => {
  const done = words.find((word) => typeof word === 'function');
  if (typeof done === 'function') done();
  return true;
}) as Write;
