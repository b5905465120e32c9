/** Cursors over nodes and the refs to them. */
import {
  NODE_ACCEPT_FDS,
  NODE_COOKIE,
  NODE_HAS_ASYNC_TRANSACTION,
  NODE_HAS_STRONG_REF,
  NODE_HAS_WEAK_REF,
  NODE_ID,
  NODE_INTERNAL_STRONG_REFS,
  NODE_LOCAL_STRONG_REFS,
  NODE_LOCAL_WEAK_REFS,
  NODE_MIN_PRIORITY,
  NODE_PENDING_STRONG_REF,
  NODE_PENDING_WEAK_REF,
  NODE_PTR,
  NODE_QUEUED,
  NODE_TMP_REFS,
  NODE_TXN_SECURITY_CTX,
  REF_DEATH_COOKIE,
  REF_DESC,
  REF_FREEZE_COOKIE,
  REF_HAS_DEATH,
  REF_HAS_FREEZE,
  REF_ID,
  REF_NODE,
  REF_NODE_DEAD,
  REF_NODE_ID,
  REF_PID,
  REF_PROC,
  REF_STRONG,
  REF_WEAK,
} from '../abi/inspect';
import { nodeFirst, nodeNext } from '../driver/nodes';
import { Node, nodeRefs, Proc, Ref, refOfSibling } from '../driver/objects';
import { refFirst, refNext } from '../driver/refs';
import { deadNodesFirst, deadNodesNext } from '../driver/state';
import { workQueued } from '../driver/work';
import { listFirst, listNext } from '../lib/list';
import { recordPut, recordPut64, recordPutAddress, recordPutFlag } from './record';

export function nodeAfter(proc: Proc, after: usize): usize {
  return describeNode(after ? nodeNext(changetype<Node>(after)) : nodeFirst(proc));
}

export function deadNodeAfter(after: usize): usize {
  return describeNode(after ? deadNodesNext(changetype<Node>(after)) : deadNodesFirst());
}

export function refAfter(proc: Proc, after: usize): usize {
  return describeRef(after ? refNext(changetype<Ref>(after)) : refFirst(proc));
}

export function nodeRefAfter(node: Node, after: usize): usize {
  const head = nodeRefs(node);
  const link = after ? listNext(after + offsetof<Ref>('siblingNext'), head) : listFirst(head);
  return describeRef(link ? refOfSibling(link) : null);
}

function describeNode(node: Node | null): usize {
  if (!node) return 0;
  recordPut(NODE_ID, node.debugId);
  recordPut64(NODE_PTR, node.ptr);
  recordPut64(NODE_COOKIE, node.cookie);
  recordPutFlag(NODE_HAS_STRONG_REF, node.hasStrongRef);
  recordPutFlag(NODE_PENDING_STRONG_REF, node.pendingStrongRef);
  recordPutFlag(NODE_HAS_WEAK_REF, node.hasWeakRef);
  recordPutFlag(NODE_PENDING_WEAK_REF, node.pendingWeakRef);
  recordPut(NODE_LOCAL_STRONG_REFS, node.localStrongRefs);
  recordPut(NODE_LOCAL_WEAK_REFS, node.localWeakRefs);
  recordPut(NODE_INTERNAL_STRONG_REFS, node.internalStrongRefs);
  recordPut(NODE_TMP_REFS, node.tmpRefs);
  recordPutFlag(NODE_ACCEPT_FDS, node.acceptFds);
  recordPutFlag(NODE_TXN_SECURITY_CTX, node.txnSecurityCtx);
  recordPutFlag(NODE_HAS_ASYNC_TRANSACTION, node.hasAsyncTransaction);
  recordPut(NODE_MIN_PRIORITY, node.minPriority);
  recordPutFlag(NODE_QUEUED, workQueued(node));
  return changetype<usize>(node);
}

function describeRef(ref: Ref | null): usize {
  if (!ref) return 0;
  recordPut(REF_ID, ref.debugId);
  recordPut(REF_DESC, ref.desc);
  recordPut(REF_STRONG, ref.strong);
  recordPut(REF_WEAK, ref.weak);
  recordPutAddress(REF_PROC, changetype<usize>(ref.proc));
  recordPut(REF_PID, ref.proc.pid);
  recordPutAddress(REF_NODE, changetype<usize>(ref.node));
  recordPut(REF_NODE_ID, ref.node.debugId);
  recordPutFlag(REF_NODE_DEAD, !ref.node.proc);
  const death = ref.death;
  if (death) {
    recordPutFlag(REF_HAS_DEATH, true);
    recordPut64(REF_DEATH_COOKIE, death.cookie);
  }
  const freeze = ref.freeze;
  if (freeze) {
    recordPutFlag(REF_HAS_FREEZE, true);
    recordPut64(REF_FREEZE_COOKIE, freeze.cookie);
  }
  return changetype<usize>(ref);
}
