/** The counters of the machine, since boot and in this step; beside those of the other lane. */
import type { Still } from './lane.ts';
import type { Store } from './store.ts';

/** A number of a machine, with the name that a test knows. */
interface Row {
  readonly name: string;
  readonly title: string;
  readonly of: (still: Still) => number;
}

export const COUNTER_ROWS: readonly Row[] = [
  { name: 'copies', title: 'copies of messages', of: ({ counters }) => counters.copies },
  { name: 'bytesCopied', title: 'bytes copied', of: ({ counters }) => counters.bytesCopied },
  { name: 'commandBytes', title: 'bytes of commands', of: ({ counters }) => counters.commandBytes },
  { name: 'framesAllocated', title: 'frames allocated', of: ({ counters }) => counters.framesAllocated },
  { name: 'pteUser', title: 'user entries written', of: ({ counters }) => counters.pteWrites.user },
  { name: 'pteKernel', title: 'kernel entries written', of: ({ counters }) => counters.pteWrites.kernel },
  { name: 'tlbFlushes', title: 'TLB flushes', of: ({ counters }) => counters.tlbFlushes },
  { name: 'faults', title: 'page faults', of: ({ counters }) => counters.faults },
  { name: 'kmaps', title: 'kmaps', of: ({ counters }) => counters.kmaps },
  { name: 'walks', title: 'page-table walks', of: ({ counters }) => counters.walks },
  { name: 'framesFree', title: 'frames free', of: (still) => still.kept('free', (machine) => machine.freeFrames()) },
  {
    name: 'objects',
    title: 'kernel objects',
    of: (still) => still.kept('objects', (machine) => machine.liveObjects()),
  },
];

export function CountersPanel({ store }: { store: Store }) {
  const [still, other] = [store.still.value, store.besideStill.value];
  const beside = store.beside.value;
  const title = beside === null ? '' : 'strategy' in beside ? beside.strategy : 'branch';
  return (
    <>
      <p class="note">
        What the emulated machine has counted since boot{other === null ? '' : ', in both lanes at the same step'}.
      </p>
      <table class="counters">
        <thead>
          <tr>
            <th>counter</th>
            <th class="number">{store.strategy.value}</th>
            {other !== null && <th class="number">{title}</th>}
          </tr>
        </thead>
        <tbody>
          {COUNTER_ROWS.map(({ name, title, of }) => (
            <tr key={name} class={other !== null && of(other) !== of(still) ? 'differs' : ''}>
              <th scope="row">{title}</th>
              <td class="number" data-number={name}>
                {of(still)}
              </td>
              {other !== null && <td class="number">{of(other)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="note">
        State <code data-number="hash">{still.kept('hash', (machine) => machine.hash())}</code>
      </p>
    </>
  );
}
