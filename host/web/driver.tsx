/** The driver: processes with threads, stacks and queues; nodes, and the refs to them. */
import { nodePictures } from '../picture/graph.ts';
import { processPictures } from '../picture/tasks.ts';
import { nodeKey, processKey, threadKey, transactionKey } from './light.ts';
import type { Store } from './store.ts';

type NodePicture = ReturnType<typeof nodePictures>[number];
type ProcessPicture = ReturnType<typeof processPictures>[number];

export function DriverPanel({ store }: { store: Store }) {
  const still = store.still.value;
  const processes = still.picture('processes', processPictures);
  const nodes = still.picture('nodes', nodePictures);
  return (
    <>
      <h3 class="part">Nodes and refs</h3>
      {nodes.length === 0 && <p class="empty">No object has been sent yet.</p>}
      {nodes.length > 0 && (
        <>
          <p class="graph-head">
            <span>node, owner</span> handle, holder, counts
          </p>
          <Graph nodes={nodes} />
        </>
      )}
      <h3 class="part">Processes</h3>
      {processes.map((process) => (
        <Process key={process.pid} process={process} />
      ))}
    </>
  );
}

const ROW = 46;
const REF_ROW = 30;

/** Nodes left, refs right, and a line for each ref. */
function Graph({ nodes }: { nodes: readonly NodePicture[] }) {
  let y = 0;
  const placed = nodes.map((node) => {
    const top = y;
    y += Math.max(ROW, node.refs.length * REF_ROW + 8);
    return { node, top };
  });
  return (
    <div class="graph" style={{ height: `${y}px` }}>
      <svg width="100%" height={y} aria-hidden="true">
        {placed.flatMap(({ node, top }) =>
          node.refs.map((ref, index) => (
            <line
              key={ref.id}
              class={ref.strong > 0 ? 'strong' : 'weak'}
              x1="51%"
              y1={top + 19}
              x2="60%"
              y2={top + 15 + index * REF_ROW}
            />
          )),
        )}
      </svg>
      {placed.map(({ node, top }) => (
        <Node key={node.id} node={node} top={top} />
      ))}
    </div>
  );
}

function Node({ node, top }: { node: NodePicture; top: number }) {
  const owner = node.owner?.process ?? 'dead owner';
  const tell = `Node ${node.id} of ${owner}: ${node.strong.refs} strong and ${node.weak.refs} weak refs of others, ${node.strong.local} strong held locally.`;
  return (
    <>
      <button
        type="button"
        class="node"
        style={{ top: `${top}px` }}
        data-keys={nodeKey(node.id)}
        data-of={processKey(owner)}
        data-tell={tell}
      >
        <b>
          {node.isManager ? 'manager' : `node ${node.id}`} <span>{owner}</span>
        </b>
        <span>
          strong {node.strong.local}+{node.strong.refs}, weak {node.weak.refs}
        </span>
      </button>
      {node.refs.map((ref, index) => (
        <button
          type="button"
          key={ref.id}
          class="ref"
          style={{ top: `${top + index * REF_ROW}px` }}
          data-keys={nodeKey(node.id)}
          data-of={processKey(ref.process)}
          data-tell={`Handle ${ref.desc} of ${ref.process} for node ${node.id}: ${ref.strong} strong, ${ref.weak} weak${ref.death ? '; it asked for notice of a death' : ''}.`}
        >
          <span>
            <b>{ref.desc}</b> {ref.process} {ref.strong}/{ref.weak}
            {ref.death && ' †'}
          </span>
        </button>
      ))}
    </>
  );
}

/** The key of the transaction that an entry of a stack or a queue names first. */
function transactionsIn(text: string): string | undefined {
  const [, id] = /^(?:serves|awaits the reply to|call|reply|oneway) (\d+)/.exec(text) ?? [];
  return id === undefined ? undefined : transactionKey(Number(id));
}

function Process({ process }: { process: ProcessPicture }) {
  return (
    <section class="process" data-keys={processKey(process.process)}>
      <h4>
        {process.title}
        {process.frozen && <span class="tag">frozen</span>}
      </h4>
      {process.queue.map((work) => (
        <p key={work} class="queue" data-keys={transactionsIn(work)}>
          queue: {work}
        </p>
      ))}
      <ul>
        {process.threads.map((thread) => (
          <li
            key={thread.tid}
            class={`${thread.parked ? 'asleep' : 'awake'} ${thread.acted ? 'acted' : ''} ${thread.alive ? '' : 'gone'}`}
            data-keys={threadKey(thread.name)}
          >
            <button type="button" class="plain">
              {thread.name}
            </button>{' '}
            <span>{thread.is}</span>
            {thread.looper !== '' && <em>{thread.looper}</em>}
            {thread.stack.map((entry) => (
              <div key={entry} class="entry" data-keys={transactionsIn(entry)}>
                ▸ {entry}
              </div>
            ))}
            {thread.todo.map((work) => (
              <div key={work} class="entry" data-keys={transactionsIn(work)}>
                todo: {work}
              </div>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
