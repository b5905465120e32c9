/** The counters of both lanes, between them: where they differ, the difference is marked. */
import { START } from '../history.ts';
import type { Branch } from './branch.ts';
import { COUNTER_ROWS } from './counters.tsx';
import type { Store } from './store.ts';

export function Between({ store }: { store: Store }) {
  const [still, other] = [store.still.value, store.besideStill.value];
  const beside = store.beside.value;
  if (beside === null || other === null) return null;
  const title = 'strategy' in beside ? beside.strategy : beside.branch.title;
  return (
    <div class="between">
      {'branch' in beside && <BranchLine store={store} branch={beside.branch} />}
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
    </div>
  );
}

/** What making the branch has shown. */
function BranchLine({ store, branch }: { store: Store; branch: Branch }) {
  const { title, at, facts } = branch;
  const { outcome, skipped } = facts;
  const position = outcome?.position ?? null;
  const where = at === START ? 'the first step' : `step ${at}`;
  return (
    <p class="branch-line">
      <span class="outcome" role="status">
        <b>
          {outcome === null ? `${title} ${at === START ? 'before' : 'after'} ${where}.` : `From ${where} on ${title}:`}
        </b>
        {outcome !== null && ` ${position === null ? '' : `in step ${position} `}${outcome.says}.`}
      </span>
      {position !== null && (
        <button type="button" onClick={() => store.go(position)} disabled={store.position.value === position}>
          Go to step {position}
        </button>
      )}
      <span>
        {skipped === 0
          ? 'Every later step of the journal is possible.'
          : `${skipped} later ${skipped === 1 ? 'step is' : 'steps are'} not possible in the branch.`}
      </span>
    </p>
  );
}
