/** The colours of system calls on a terminal. */
import pc from 'picocolors';
import type { Paint } from '../../trace/readablestrace.ts';

/** @param stream Where the lines go; what is no terminal gets no colours, nor does one under NO_COLOR. */
export function stracePaint(stream: { isTTY?: boolean }): Paint {
  const { bold, cyan, dim, red } = pc.createColors(stream.isTTY === true && pc.isColorSupported);
  return { name: cyan, error: (text) => bold(red(text)), quiet: dim };
}
