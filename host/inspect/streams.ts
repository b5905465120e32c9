/** Views of streams: a pipe is one, a socket pair has one for each direction. */
import type { KernelMemory } from './kernelmemory.ts';
import { rawObjects } from './raw.ts';

export interface StreamView {
  readonly handle: number;
  /** Bytes that were written and not read yet. */
  readonly ready: number;
  /** Open files that read it, and that write it. */
  readonly readers: number;
  readonly writers: number;
}

/** All streams, by address. */
export function streamViews(kernel: KernelMemory): StreamView[] {
  const streams = rawObjects(kernel).filter(({ type }) => type === 'Stream');
  return streams.map(({ address }) => {
    const { head, tail, readers, writers } = kernel.object('Stream', address);
    return { handle: address, ready: tail - head, readers, writers };
  });
}
