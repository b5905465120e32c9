/**
 * The context manager, handle 0 of every process, and the ioctls that show nodes.
 */
import { EBUSY, EFAULT, EINVAL, ENOMEM, EPERM } from '../abi/errno';
import { KLOG_MANAGER_SET, KLOG_MANAGER_UID, KLOG_NODE_INFO } from '../abi/klog';
import { FLAT_OBJECT_SIZE, NODE_DEBUG_INFO_SIZE, NODE_INFO_FOR_REF_SIZE } from '../abi/wire';
import { klog } from '../klog';
import { poison } from '../lib/poison';
import { Space } from '../mem/space';
import { copyFromUser, copyToUser } from '../mem/uaccess';
import { Thread } from '../task/process';
import { nodeCreate, nodeFirst, nodeNext, nodeRelease } from './nodes';
import { Node, Proc } from './objects';
import { FlatObject } from './records';
import { refNode } from './refs';

/** struct binder_node_info_for_ref */
@unmanaged
class NodeInfoForRef {
  handle: u32;
  strongCount: u32;
  weakCount: u32;
  reserved1: u32;
  reserved2: u32;
  reserved3: u32;
}

/** struct binder_node_debug_info */
@unmanaged
class NodeDebugInfo {
  ptr: u64;
  cookie: u64;
  hasStrongRef: u32;
  hasWeakRef: u32;
}

const refInfo = changetype<NodeInfoForRef>(memory.data(offsetof<NodeInfoForRef>(), 8));
const debugInfo = changetype<NodeDebugInfo>(memory.data(offsetof<NodeDebugInfo>(), 8));
const given = changetype<FlatObject>(memory.data(offsetof<FlatObject>(), 8));

if (offsetof<NodeInfoForRef>() != NODE_INFO_FOR_REF_SIZE) ERROR('NodeInfoForRef');
if (offsetof<NodeDebugInfo>() != NODE_DEBUG_INFO_SIZE) ERROR('NodeDebugInfo');

/** BINDER_SET_CONTEXT_MGR_EXT: ptr, cookie and flags of the node come from an object. -EINVAL when it cannot be read, else as managerSet. */
export function managerSetObject(thread: Thread, proc: Proc, arg: u64): i32 {
  if (copyFromUser(thread.process.space!, changetype<usize>(given), arg, FLAT_OBJECT_SIZE)) return -EINVAL;
  const result = managerSet(thread, proc, given.binder, given.cookie, given.flags);
  poison(given);
  return result;
}

/** BINDER_SET_CONTEXT_MGR. 0, -EBUSY while there is a manager, -EPERM for another uid than the first manager's, or -ENOMEM. */
export function managerSet(thread: Thread, proc: Proc, ptr: u64, cookie: u64, flags: u32): i32 {
  assert(!proc.isDead, 'managerSet: the proc is released');
  const context = proc.context;
  if (context.manager) {
    klog(KLOG_MANAGER_SET);
    return -EBUSY;
  }
  const uid = <i64>thread.process.uid;
  if (context.managerUid < 0) context.managerUid = uid;
  if (context.managerUid != uid) {
    klog(KLOG_MANAGER_UID, 0, 0, uid, context.managerUid);
    return -EPERM;
  }
  const node: Node | null = nodeCreate(proc, ptr, cookie, flags);
  if (!node) return -ENOMEM;
  assert(node.proc == proc, 'managerSet: the node is of another proc');
  node.localWeakRefs++;
  node.localStrongRefs++;
  node.hasStrongRef = true;
  node.hasWeakRef = true;
  context.manager = node;
  nodeRelease(node);
  return 0;
}

/** BINDER_GET_NODE_INFO_FOR_REF: counts of the node of a strong handle, for the manager alone. 0, -EFAULT, -EINVAL or -EPERM. */
export function managerNodeInfo(space: Space, proc: Proc, arg: u64): i32 {
  if (copyFromUser(space, changetype<usize>(refInfo), arg, NODE_INFO_FOR_REF_SIZE)) return -EFAULT;
  if (refInfo.strongCount | refInfo.weakCount | refInfo.reserved1 | refInfo.reserved2 | refInfo.reserved3) {
    klog(KLOG_NODE_INFO, proc.pid);
    return -EINVAL;
  }
  const manager = proc.context.manager;
  if (!manager || manager.proc != proc) return -EPERM;
  const node = refNode(proc, refInfo.handle, true);
  if (!node) return -EINVAL;
  refInfo.strongCount = node.localStrongRefs + node.internalStrongRefs;
  refInfo.weakCount = node.localWeakRefs;
  nodeRelease(node);
  const missed = copyToUser(space, arg, changetype<usize>(refInfo), NODE_INFO_FOR_REF_SIZE);
  poison(refInfo);
  return missed ? -EFAULT : 0;
}

/** BINDER_GET_NODE_DEBUG_INFO: the proc's node with the lowest ptr above the given one, or zeros. 0 or -EFAULT. */
export function nodeDebugInfo(space: Space, proc: Proc, arg: u64): i32 {
  if (copyFromUser(space, changetype<usize>(debugInfo), arg, NODE_DEBUG_INFO_SIZE)) return -EFAULT;
  const after = debugInfo.ptr;
  memory.fill(changetype<usize>(debugInfo), 0, NODE_DEBUG_INFO_SIZE);
  let node = nodeFirst(proc);
  while (node && node.ptr <= after) node = nodeNext(node);
  if (node) {
    debugInfo.ptr = node.ptr;
    debugInfo.cookie = node.cookie;
    debugInfo.hasStrongRef = node.hasStrongRef ? 1 : 0;
    debugInfo.hasWeakRef = node.hasWeakRef ? 1 : 0;
  }
  const missed = copyToUser(space, arg, changetype<usize>(debugInfo), NODE_DEBUG_INFO_SIZE);
  poison(debugInfo);
  return missed ? -EFAULT : 0;
}
