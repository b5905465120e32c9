/** Every node with its refs, and every process's handles. */
import type { Inspector } from '../inspector.ts';
import type { NodeView, RefView } from '../nodes.ts';
import { hex, type Names } from './names.ts';
import { titledProcs } from './proctitle.ts';
import { type Column, type Table, tableOf } from './table.ts';
import { queueText } from './work.ts';

/** For each binder proc its nodes and its handles, where it has any; last the nodes of dead owners. */
export function nodeTables(inspector: Inspector, names: Names): Table[] {
  const manager = new Set(inspector.contexts().map((context) => context.manager?.handle));
  const nodes = nodeColumns(names, (node) => manager.has(node.handle));
  const owners = new Map<number, string>();
  const procs = inspector.procs();
  for (const proc of procs) for (const { id } of proc.nodes) owners.set(id, names.process(proc.pid));
  const refs = refColumns(owners);
  const tables = titledProcs(procs, names).flatMap(({ proc, title }) => [
    tableOf(`${title}: nodes`, {}, nodes, proc.nodes, nodeKey),
    tableOf(`${title}: handles`, {}, refs, proc.refs, ({ desc }) => `handle ${desc}`),
  ]);
  const dead = tableOf('nodes of dead owners', {}, nodes, inspector.deadNodes(), nodeKey);
  return [...tables, dead].filter(({ rows }) => rows.length > 0);
}

function nodeKey({ id }: NodeView): string {
  return `node ${id}`;
}

function nodeColumns(names: Names, isManager: (node: NodeView) => boolean): Column<NodeView>[] {
  return [
    { name: 'node', text: ({ id }) => String(id), right: true },
    { name: 'ptr', text: ({ ptr }) => hex(ptr), right: true },
    { name: 'cookie', text: ({ cookie }) => hex(cookie), right: true },
    { name: 'strong', text: (node) => countText(node.localStrongRefs, node.internalStrongRefs) },
    { name: 'weak', text: (node) => countText(node.localWeakRefs, node.refs.length) },
    { name: 'told', text: toldText },
    { name: 'held by', text: ({ refs }) => refs.map((ref) => holderText(ref, names)).join(', ') },
    { name: 'oneways', text: (node) => onewaysText(node, names) },
    { name: 'marks', text: (node) => marksText(node, isManager(node)) },
  ];
}

/** "1 local, 2 refs": references in flight in the owner, and refs of other processes. */
function countText(local: number, refs: number): string {
  const parts = [local > 0 ? `${local} local` : '', refs > 0 ? `${refs} ref${refs === 1 ? '' : 's'}` : ''];
  return parts.filter((part) => part !== '').join(', ') || '0';
}

/** The owner's view of the references to its node; with a question mark while its answer is pending. */
function toldText(node: NodeView): string {
  const strong = node.hasStrongRef ? `strong${node.pendingStrongRef ? '?' : ''}` : '';
  const weak = node.hasWeakRef ? `weak${node.pendingWeakRef ? '?' : ''}` : '';
  return [strong, weak].filter((part) => part !== '').join(', ');
}

function holderText(ref: RefView, names: Names): string {
  return `${names.process(ref.pid)} as ${ref.desc}`;
}

function onewaysText({ hasAsyncTransaction, asyncTodo }: NodeView, names: Names): string {
  if (!hasAsyncTransaction) return '';
  return asyncTodo.length === 0 ? 'one under way' : `one under way, then ${queueText(asyncTodo, names)}`;
}

function marksText(node: NodeView, isManager: boolean): string {
  const marks = [
    isManager ? 'context manager' : '',
    node.acceptFds ? 'takes descriptors' : '',
    node.txnSecurityCtx ? 'wants security contexts' : '',
    node.queued ? 'news for its owner' : '',
  ];
  return marks.filter((mark) => mark !== '').join(', ');
}

function refColumns(owners: ReadonlyMap<number, string>): Column<RefView>[] {
  return [
    { name: 'handle', text: ({ desc }) => String(desc), right: true },
    { name: 'node', text: ({ node }) => String(node.id), right: true },
    { name: 'of', text: ({ node }) => (node.dead ? 'a dead process' : (owners.get(node.id) ?? '')) },
    { name: 'strong', text: ({ strong }) => String(strong), right: true },
    { name: 'weak', text: ({ weak }) => String(weak), right: true },
    { name: 'death cookie', text: ({ death }) => (death === null ? '' : hex(death)), right: true },
    { name: 'freeze cookie', text: ({ freeze }) => (freeze === null ? '' : hex(freeze)), right: true },
  ];
}
