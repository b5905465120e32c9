/** The colours of system calls on a terminal. */
import pc from 'picocolors';
import type { Paint } from '../../trace/readablestrace.ts';

/** @param stream The target of the lines. Without a terminal, or under NO_COLOR, there are no colours. */
export function stracePaint(stream: { isTTY?: boolean }): Paint {
  const { bold, cyan, dim, red } = pc.createColors(stream.isTTY === true && pc.isColorSupported);
  return { name: cyan, error: (text) => bold(red(text)), quiet: dim };
}
