/** The keyboard: every key that the page knows, and what it does. */
import { START } from '../history.ts';
import { STRATEGIES } from '../machine.ts';
import { type Store, TABS } from './store.ts';
import { toggleTheme } from './theme.ts';
import { beginTour, endTour } from './tourstate.ts';

interface Key {
  /** As the browser names it. */
  readonly keys: readonly string[];
  readonly shown: string;
  readonly does: string;
  readonly act: (store: Store) => void;
}

const FAR = 10;

export const KEYS: readonly Key[] = [
  { keys: ['ArrowRight', 'l'], shown: '→', does: 'one step on', act: (store) => store.by(1) },
  { keys: ['ArrowLeft', 'h'], shown: '←', does: 'one step back', act: (store) => store.by(-1) },
  { keys: ['PageDown'], shown: 'PgDn', does: 'ten steps on', act: (store) => store.by(FAR) },
  { keys: ['PageUp'], shown: 'PgUp', does: 'ten steps back', act: (store) => store.by(-FAR) },
  { keys: ['n'], shown: 'n', does: 'next message', act: (store) => store.goToMessage(1) },
  { keys: ['p'], shown: 'p', does: 'previous message', act: (store) => store.goToMessage(-1) },
  { keys: ['Home'], shown: 'Home', does: 'to the start', act: (store) => store.go(START) },
  { keys: ['End'], shown: 'End', does: 'to the end', act: (store) => store.go(store.last) },
  {
    keys: [' '],
    shown: 'Space',
    does: 'play, or pause',
    act: (store) => {
      store.playing.value = !store.playing.value;
    },
  },
  { keys: ['s'], shown: 's', does: 'next strategy', act: nextStrategy },
  { keys: ['['], shown: '[', does: 'another process left', act: (store) => store.nextProcess('left') },
  { keys: [']'], shown: ']', does: 'another process right', act: (store) => store.nextProcess('right') },
  { keys: ['c'], shown: 'c', does: 'another strategy beside it, or not', act: toggleBeside },
  ...TABS.map((tab, index) => ({
    keys: [String(index + 1)],
    shown: String(index + 1),
    does: `show ${tab}`,
    act: (store: Store) => {
      store.tab.value = tab;
    },
  })),
  { keys: ['x'], shown: 'x', does: 'make a branch', act: showChange },
  { keys: ['t'], shown: 't', does: 'light or dark', act: toggleTheme },
  { keys: ['?'], shown: '?', does: 'the tour', act: (store) => beginTour(store) },
  {
    keys: ['Escape'],
    shown: 'Esc',
    does: 'close, or let go',
    act: (store) => {
      endTour(store);
      for (const menu of document.querySelectorAll('details.menu[open]')) menu.removeAttribute('open');
      store.selected.value = '';
    },
  },
];

/** Words that keep their keys for themselves. */
const FIELDS = 'input:not([type=range]),textarea,select,[contenteditable]';

export function listenToKeys(store: Store): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { target } = event;
    if (!(target instanceof Element) || target.matches(FIELDS)) return;
    // a button and a tab have uses of their own for these
    if (event.key === ' ' && target.matches('button,[role=tab],summary')) return;
    const key = KEYS.find(({ keys }) => keys.includes(event.key));
    if (key === undefined) return;
    event.preventDefault();
    key.act(store);
  });
}

function nextStrategy(store: Store): void {
  const at = STRATEGIES.indexOf(store.strategy.value);
  store.setStrategy(STRATEGIES[(at + 1) % STRATEGIES.length] ?? 'kmap');
}

function toggleBeside(store: Store): void {
  const other = store.strategy.value === 'two-copy' ? 'kmap' : 'two-copy';
  store.setBeside(store.beside.value === null ? { strategy: other } : null);
}

/** Shows what can be changed, beside one stage alone. */
function showChange(store: Store): void {
  store.setBeside(null);
  store.tab.value = 'change';
  setTimeout(() => document.querySelector<HTMLElement>('#panel select, #panel button')?.focus(), 0);
}
