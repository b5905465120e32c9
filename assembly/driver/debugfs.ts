/**
 * The effect of a debugfs read on nodes. Linux holds each node by a temporary reference while it prints it. The end of that
 * reference checks the node again: if its owner has been sent more references than there are, the node is queued for it.
 * So reading a file can wake a thread.
 *
 * The text itself is made by the host, after this, because the text shows what is queued.
 */
import { nodeFirst, nodeHold, nodeNext, nodeRelease } from './nodes';
import { Node, Proc } from './objects';
import { procsFirst, procsNext } from './state';

/** Holds and releases the nodes of the procs of `pid` (0 for all procs). With `asyncOnly`, only nodes with a current oneway. */
export function debugfsHoldNodes(pid: i32, asyncOnly: bool): void {
  let proc = procsFirst();
  while (proc) {
    if (pid == 0 || proc.pid == pid) holdNodes(proc, asyncOnly);
    proc = procsNext(proc);
  }
}

/** Each node is released only when the next one is held, since the release may free it. */
function holdNodes(proc: Proc, asyncOnly: bool): void {
  let held: Node | null = null;
  let node = nodeFirst(proc);
  while (node) {
    assert(node.proc == proc, 'holdNodes: a node of another proc');
    if (!asyncOnly || node.hasAsyncTransaction) {
      nodeHold(node);
      if (held) nodeRelease(held);
      held = node;
    }
    node = nodeNext(node);
  }
  if (held) nodeRelease(held);
}
