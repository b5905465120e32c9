/** What the step did, in one sentence, and what differs from the recording. */
import { sentenceOf } from '../picture/sentence.ts';
import type { Store } from './store.ts';

export function Sentence({ store }: { store: Store }) {
  const still = store.still.value;
  const text = still.picture('sentence', sentenceOf);
  const number = still.step?.i;
  return (
    <div class="sentence" aria-live="polite">
      <p>
        <span class="step-number">{number === undefined ? 'Start' : `Step ${number}`}</span>
        {text}
      </p>
      {store.problem.value !== null && <p class="problem">{store.problem.value}</p>}
    </div>
  );
}
