/** Progress on stderr: on a terminal a line that is rewritten, elsewhere a line from time to time. */
const TERMINAL_EVERY_MS = 100;
const PIPE_EVERY_MS = 5000;

/** Yields the items, and prints the progress. @param what Verb in the past tense: "replayed". */
export function* withProgress<T>(what: string, items: readonly T[]): Generator<T, void, undefined> {
  const terminal = process.stderr.isTTY === true;
  let shownAt = Date.now();
  try {
    for (const [index, item] of items.entries()) {
      yield item;
      const now = Date.now();
      if (now - shownAt < (terminal ? TERMINAL_EVERY_MS : PIPE_EVERY_MS)) continue;
      shownAt = now;
      const text = `${what} ${index + 1} of ${items.length}`;
      process.stderr.write(terminal ? `\r\x1b[K${text}` : `${text}\n`);
    }
  } finally {
    if (terminal) process.stderr.write('\r\x1b[K');
  }
}
