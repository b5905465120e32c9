/** Standard output while scripts run: it is kept for what the command prints, whatever a script prints. */

type Write = NodeJS.WriteStream['write'];

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
  return {
    print: (text) => void write.call(stdout, text),
    release: redirected([stdout], stderr.write.bind(stderr) as Write),
  };
}

/** Runs it with standard output on standard error; with nothing of either unless it `isHeard`. */
export async function aside<T>(run: () => Promise<T>, isHeard = true): Promise<T> {
  const release = isHeard ? reserveStdout().release : redirected([process.stdout, process.stderr], swallow);
  try {
    return await run();
  } finally {
    release();
  }
}

/** @returns Ends it. */
function redirected(streams: readonly NodeJS.WriteStream[], write: Write): () => void {
  const own = streams.map((stream) => [stream, stream.write] as const);
  for (const stream of streams) stream.write = write;
  return () => {
    for (const [stream, before] of own) stream.write = before;
  };
}

/** Says what a stream that has room says. */
const swallow = ((...words: unknown[]) => {
  const done = words.find((word) => typeof word === 'function');
  if (typeof done === 'function') done();
  return true;
}) as Write;
