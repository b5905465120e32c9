/** The nodes, and the refs to each. */
import type { NodePicture, RefPicture } from '../../picture/graph.ts';
import type { Pane, PaneLine } from './pane.ts';

export function nodesPane(nodes: readonly NodePicture[]): Pane {
  const lines = nodes.flatMap((node): PaneLine[] => [
    { text: nodeText(node), key: `node ${node.id}`, thing: `node ${node.id}`, look: 'strong' },
    ...node.refs.map((ref) => refLine(ref)),
  ]);
  const none: PaneLine = { text: 'no process has sent an object yet', look: 'quiet' };
  return { title: 'nodes and refs', lines: lines.length === 0 ? [none] : lines };
}

/** "node 1 of manager, object 0x0: strong 1 local + 2, weak 1 local + 2". */
function nodeText({ id, owner, ptr, isManager, strong, weak, oneways }: NodePicture): string {
  const whose = owner === null ? 'a dead process' : owner.process;
  const marks = [
    isManager ? 'context manager' : '',
    oneways === null ? '' : `a oneway under way, ${oneways.length} waiting`,
  ].filter((mark) => mark !== '');
  const counts = `strong ${strong.refs} + ${strong.local} local, weak ${weak.refs} + ${weak.local} local`;
  return [`node ${id} of ${whose}, object 0x${ptr.toString(16)}: ${counts}`, ...marks].join('; ');
}

function refLine({ id, process, desc, strong, weak, death, freeze }: RefPicture): PaneLine {
  const asks = [death ? 'death' : '', freeze ? 'freeze' : ''].filter((ask) => ask !== '').join(' and ');
  const news = asks === '' ? '' : `, awaits news of ${asks}`;
  return {
    text: `  <- handle ${desc} of ${process}: strong ${strong}, weak ${weak}${news}`,
    key: `ref ${id}`,
    thing: `ref ${process} ${desc}`,
  };
}
