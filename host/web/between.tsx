/** The counters of both lanes, between them: where they differ, the difference is marked. */
import { COUNTER_ROWS } from './counters.tsx';
import type { Store } from './store.ts';

export function Between({ store }: { store: Store }) {
  const [still, other] = [store.still.value, store.besideStill.value];
  const beside = store.beside.value;
  if (beside === null || other === null) return null;
  const title = 'strategy' in beside ? beside.strategy : beside.branch.title;
  return (
    <div class="between">
      <table aria-label="What was counted since boot">
        <thead>
          <tr>
            <th>
              <button type="button" onClick={() => store.setBeside(null)}>
                {'branch' in beside ? 'Drop the branch' : 'One alone'}
              </button>
            </th>
            {COUNTER_ROWS.map((row) => (
              <th key={row.name} class="number">
                {row.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[still, other].map((one, number) => (
            <tr key={`${number}`}>
              <th scope="row">{number === 0 ? store.strategy.value : title}</th>
              {COUNTER_ROWS.map((row) => (
                <td key={row.name} class={`number ${row.of(still) === row.of(other) ? '' : 'differs'}`}>
                  {row.of(one).toLocaleString('en')}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {'branch' in beside && beside.branch.skipped > 0 && (
        <p>{beside.branch.skipped} later steps are not possible in the branch.</p>
      )}
    </div>
  );
}
