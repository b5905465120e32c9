/** The title, and the address after the hash: strategy, step, processes and selection, so that a link leads to what its sender sees. */
import { effect } from '@preact/signals';
import { START } from '../history.ts';
import { STRATEGIES, type Strategy } from '../machine.ts';
import { type Store, TABS, type Tab } from './store.ts';

const WRITE_MS = 200;

export class HashAddress {
  #written = '';
  #timer = 0;

  constructor(private readonly store: Store) {}

  /** Reads the address, writes it after each change, and reads it again when the user changes it. */
  follow(): void {
    this.#read();
    addEventListener('hashchange', () => {
      if (location.hash !== this.#written) this.#read();
    });
    effect(() => {
      const { position, strategy, beside, tab, selected, left, right, journal, facts } = this.store;
      const words = new URLSearchParams({
        strategy: strategy.value,
        seed: String(journal.header.emulator?.seed ?? 0),
        step: position.value === START ? 'start' : String(position.value),
        show: tab.value,
      });
      const other = beside.value;
      if (other !== null && 'strategy' in other) words.set('with', other.strategy);
      if (left.value !== null) words.set('left', left.value);
      if (right.value !== null) words.set('right', right.value);
      if (selected.value !== '') words.set('selected', selected.value);
      this.#written = `#${words}`;
      // a browser counts these, and a scrubber makes many
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        history.replaceState(null, '', this.#written);
        document.title = `${facts.source}, step ${position.value} · binderlab`;
      }, WRITE_MS);
    });
  }

  #read(): void {
    const { store } = this;
    const words = new URLSearchParams(location.hash.slice(1));
    const strategy = strategyOf(words.get('strategy'));
    const other = strategyOf(words.get('with'));
    const tab = TABS.find((one) => one === words.get('show')) as Tab | undefined;
    if (strategy !== null) store.strategy.value = strategy;
    if (other !== null) store.beside.value = { strategy: other };
    if (tab !== undefined) store.tab.value = tab;
    store.left.value = words.get('left');
    store.right.value = words.get('right');
    store.selected.value = words.get('selected') ?? '';
    store.go(stepOf(words.get('step')) ?? store.facts.at ?? store.firstMessage());
  }
}

function strategyOf(text: string | null): Strategy | null {
  return STRATEGIES.find((one) => one === text) ?? null;
}

function stepOf(text: string | null): number | null {
  if (text === 'start') return START;
  return text !== null && /^\d+$/.test(text) ? Number(text) : null;
}
