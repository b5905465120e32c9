/** What scripts print while somebody else's output is on standard output. */

/** Runs it with standard output on standard error. */
export function aside<T>(run: () => Promise<T>): Promise<T> {
  const { stderr } = process;
  return redirected([process.stdout], stderr.write.bind(stderr) as Write, run);
}

/** Runs it with nothing of what it prints to be seen. */
export function unheard<T>(run: () => Promise<T>): Promise<T> {
  return redirected([process.stdout, process.stderr], swallow, run);
}

type Write = NodeJS.WriteStream['write'];

/** Says what a stream that has room says. */
const swallow = ((...words: unknown[]) => {
  const done = words.find((word) => typeof word === 'function');
  if (typeof done === 'function') done();
  return true;
}) as Write;

async function redirected<T>(streams: readonly NodeJS.WriteStream[], write: Write, run: () => Promise<T>): Promise<T> {
  const own = streams.map((stream) => stream.write);
  for (const stream of streams) stream.write = write;
  try {
    return await run();
  } finally {
    streams.forEach((stream, index) => {
      stream.write = own[index] as Write;
    });
  }
}
