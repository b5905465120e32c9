/** The graph of objects: nodes, and the refs of other processes to them. */
import type { NodeView, RefView } from '../inspect/nodes.ts';
import { queueTexts } from '../inspect/tables/work.ts';
import type { Moment } from './moment.ts';

export interface NodePicture {
  readonly id: number;
  /** Name and pid of the process that owns it; null after its death. */
  readonly owner: { readonly process: string; readonly pid: number } | null;
  /** The owner's names for it. */
  readonly ptr: bigint;
  readonly cookie: bigint;
  readonly isManager: boolean;
  /** References in flight in the owner, and refs of other processes. */
  readonly strong: { readonly local: number; readonly refs: number };
  readonly weak: { readonly local: number; readonly refs: number };
  /** Oneways that wait until the one under way is freed; null when none is under way. */
  readonly oneways: readonly string[] | null;
  /** Oldest first. */
  readonly refs: readonly RefPicture[];
}

export interface RefPicture {
  readonly id: number;
  readonly process: string;
  readonly pid: number;
  /** The handle. */
  readonly desc: number;
  readonly strong: number;
  readonly weak: number;
  /** It asked for a notification of the owner's death; of its freezing. */
  readonly death: boolean;
  readonly freeze: boolean;
}

/** All nodes by number; those of dead owners too. */
export function nodePictures({ inspect, names }: Moment): NodePicture[] {
  const managers = new Set(inspect.contexts().map(({ manager }) => manager?.handle));
  const picture = (node: NodeView, owner: NodePicture['owner']): NodePicture => ({
    id: node.id,
    owner,
    ptr: node.ptr,
    cookie: node.cookie,
    isManager: managers.has(node.handle),
    strong: { local: node.localStrongRefs, refs: node.internalStrongRefs },
    weak: { local: node.localWeakRefs, refs: node.refs.length },
    oneways: node.hasAsyncTransaction ? queueTexts(node.asyncTodo, names) : null,
    refs: [...node.refs].reverse().map((ref) => refPicture(ref, names.process(ref.pid))),
  });
  const owned = inspect
    .procs()
    .flatMap(({ pid, nodes }) => nodes.map((node) => picture(node, { process: names.process(pid), pid })));
  const dead = inspect.deadNodes().map((node) => picture(node, null));
  return [...owned, ...dead].sort((one, other) => one.id - other.id);
}

function refPicture({ id, pid, desc, strong, weak, death, freeze }: RefView, process: string): RefPicture {
  return { id, process, pid, desc, strong, weak, death: death !== null, freeze: freeze !== null };
}
