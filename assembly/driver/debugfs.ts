/**
 * What reading debugfs does to nodes. Linux holds each node by a temporary reference while it prints it; letting go of
 * that looks again whether anybody still needs the node, and a node whose owner was told more than is true any more is
 * queued for it, even when the driver had not cared to before. So reading a file can wake a thread.
 *
 * The text itself is the host's; this has to come before it, for what was queued is shown.
 */
import { nodeFirst, nodeHold, nodeNext, nodeRelease } from './nodes';
import { Node, Proc } from './objects';
import { procsFirst, procsNext } from './state';

/** As a file is read that shows all nodes of the procs of `pid` (0: of every proc); with `asyncOnly` those with a oneway under way. */
export function debugfsHoldNodes(pid: i32, asyncOnly: bool): void {
  let proc = procsFirst();
  while (proc) {
    if (pid == 0 || proc.pid == pid) holdNodes(proc, asyncOnly);
    proc = procsNext(proc);
  }
}

/** A node is let go only when the next one is held: it may be the end of it. */
function holdNodes(proc: Proc, asyncOnly: bool): void {
  let held: Node | null = null;
  let node = nodeFirst(proc);
  while (node) {
    if (!asyncOnly || node.hasAsyncTransaction) {
      nodeHold(node);
      if (held) nodeRelease(held);
      held = node;
    }
    node = nodeNext(node);
  }
  if (held) nodeRelease(held);
}
