/** What the step did, in one sentence; of both lanes, where there are two. */
import { sentenceOf } from '../picture/sentence.ts';
import type { Still } from './lane.ts';
import type { Store } from './store.ts';

export function Sentences({ store }: { store: Store }) {
  const beside = store.besideStill.value;
  return (
    <div class="sentences" aria-live="polite">
      <Sentence still={store.still.value} />
      {beside !== null && <Sentence still={beside} />}
      {store.problem.value !== null && <p class="problem">{store.problem.value}</p>}
    </div>
  );
}

/** What was done comes first; what follows from it is set smaller. */
function Sentence({ still }: { still: Still }) {
  const text = still.picture('sentence', sentenceOf);
  const end = text.indexOf('. ') + 1 || text.length;
  return (
    <p class="sentence">
      <span class="step-number">{still.step === null ? 'Start' : `Step ${still.step.i}`}</span>
      <b>{text.slice(0, end)}</b>
      {end < text.length && <span class="then">{text.slice(end)}</span>}
    </p>
  );
}
