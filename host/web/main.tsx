/** The page's program: unpacks what the page carries, and shows it. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { thrownText } from '../wire/thrown.ts';
import { HashAddress } from './address.ts';
import { readEmbedded } from './embedded.ts';
import { listenToKeys } from './keys.ts';
import { followPointer } from './light.ts';
import { Page } from './page.tsx';
import { Store } from './store.ts';
import { applyTheme } from './theme.ts';
import { beginTour, isFirstVisit } from './tourstate.ts';

const root = document.getElementById('app') as HTMLElement;
applyTheme();
/** Links to a place are for people who know the page. */
const isPlain = location.hash.length < 2;
try {
  const store = new Store(await readEmbedded());
  new HashAddress(store).follow();
  render(<Page store={store} />, root);
  listenToKeys(store);
  followPointer(root, store.selected, () => [
    store.position.value,
    store.tab.value,
    store.strategy.value,
    store.beside.value,
    store.choice.value,
  ]);
  effect(() => {
    root.toggleAttribute('data-busy', store.goal.value !== null);
  });
  if (isPlain && isFirstVisit(store)) beginTour(store);
  setTimeout(() => store.warmUp(), 300);
} catch (error) {
  root.textContent = `This page cannot show its journal: ${thrownText(error)}`;
}
root.removeAttribute('aria-busy');
