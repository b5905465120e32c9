/** Moving in time: buttons, and the scrubber. */
import { START } from '../history.ts';
import type { Store } from './store.ts';

const ICONS = {
  start: 'M3 3h2v10H3zM13 3v10L6 8z',
  back: 'M11 3v10L4 8z',
  play: 'M4 2.5v11l9-5.5z',
  pause: 'M4 3h3v10H4zM9 3h3v10H9z',
  on: 'M5 3v10l7-5z',
  end: 'M11 3h2v10h-2zM3 3v10l7-5z',
};

export function Transport({ store }: { store: Store }) {
  const shown = store.goal.value ?? store.position.value;
  const button = (label: string, icon: keyof typeof ICONS, act: () => void, off = false) => (
    <button type="button" aria-label={label} title={label} disabled={off} onClick={act}>
      <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
        <path d={ICONS[icon]} fill="currentColor" />
      </svg>
    </button>
  );
  return (
    <div class="transport" role="toolbar" aria-label="Time">
      {button('To the start', 'start', () => store.go(START), shown === START)}
      {button('Step back', 'back', () => store.by(-1), shown === START)}
      {button(store.playing.value ? 'Pause' : 'Play', store.playing.value ? 'pause' : 'play', () => {
        store.playing.value = !store.playing.value;
      })}
      {button('Step on', 'on', () => store.by(1), shown === store.last)}
      {button('To the end', 'end', () => store.go(store.last), shown === store.last)}
      <button type="button" aria-label="Previous message" onClick={() => store.goToMessage(-1)}>
        ← message
      </button>
      <button type="button" aria-label="Next message" onClick={() => store.goToMessage(1)}>
        message →
      </button>
      <input
        type="range"
        class="scrubber"
        aria-label="Step"
        min={START}
        max={store.last}
        value={shown}
        onInput={({ currentTarget }) => store.go(Number(currentTarget.value))}
      />
      <output class="position">
        {shown === START ? 'start' : `step ${shown}`} <span>of {store.last}</span>
      </output>
    </div>
  );
}
