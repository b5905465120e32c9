/** The head of the page: what runs, under which strategy, and what stands beside it. */
import { STRATEGIES, type Strategy } from '../machine.ts';
import { downloadJournal, downloadTrace, openInPerfetto } from './download.ts';
import { KEYS } from './keys.ts';
import type { Store } from './store.ts';
import { theme, toggleTheme } from './theme.ts';
import { beginTour } from './tourstate.ts';

const WHAT: Readonly<Record<Strategy, string>> = {
  kmap: 'one copy; the kernel maps the frame while it copies (Linux 5.1 and later)',
  vmalloc: 'one copy; the kernel has an address of its own (Linux 4.14 to 5.0)',
  prefault: 'one copy; all pages have frames from mmap on',
  huge: 'one copy; pages are mapped in large blocks',
  fault: 'one copy; the receiver maps a page when it reads it',
  'two-copy': 'two copies, as other ways of IPC make them',
  remap: 'whole pages change hands, the rest is copied',
};

export function Header({ store }: { store: Store }) {
  const beside = store.beside.value;
  return (
    <header class="head">
      <h1>
        <span class="mark" aria-hidden="true" />
        <span class="brand">binderlab</span>
        <span class="source">{store.facts.source.replace(/^.*\//, '')}</span>
      </h1>
      <label class="strategy">
        <span>Pages are mapped by</span>
        <select
          value={store.strategy.value}
          title={WHAT[store.strategy.value]}
          onChange={({ currentTarget }) => store.setStrategy(currentTarget.value as Strategy)}
        >
          {STRATEGIES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      <label class="beside">
        <span>beside</span>
        <select
          value={beside === null ? '' : 'strategy' in beside ? beside.strategy : 'branch'}
          onChange={({ currentTarget: { value } }) =>
            store.setBeside(value === '' ? null : { strategy: value as Strategy })
          }
        >
          <option value="">nothing</option>
          {beside !== null && 'branch' in beside && <option value="branch">the branch</option>}
          {STRATEGIES.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
      </label>
      {store.facts.seeds.length > 1 && <SeedChoice store={store} />}
      <span class="gap" />
      <SaveMenu store={store} />
      <KeysMenu />
      <button type="button" onClick={() => beginTour(store)}>
        Tour
      </button>
      <button
        type="button"
        class="theme"
        onClick={toggleTheme}
        aria-label={`Use ${theme.value === 'dark' ? 'light' : 'dark'} colours`}
      >
        {theme.value === 'dark' ? '☀' : '☾'}
      </button>
    </header>
  );
}

/** Another seed is another journal: the page begins anew with it. */
function SeedChoice({ store: { facts, journal } }: { store: Store }) {
  return (
    <label class="seed">
      <span>seed</span>
      <select
        value={String(journal.header.emulator?.seed ?? 0)}
        onChange={({ currentTarget }) => {
          location.hash = `seed=${currentTarget.value}`;
          location.reload();
        }}
      >
        {facts.seeds.map((seed) => (
          <option key={seed}>{seed}</option>
        ))}
      </select>
    </label>
  );
}

function SaveMenu({ store }: { store: Store }) {
  return (
    <details class="menu" name="menu">
      <summary>Save</summary>
      <div class="sheet">
        <button type="button" onClick={() => downloadJournal(store)}>
          Journal
        </button>
        <button type="button" onClick={() => downloadTrace(store, 'pftrace')}>
          Perfetto trace
        </button>
        <button type="button" onClick={() => downloadTrace(store, 'ftrace')}>
          ftrace text
        </button>
        <button type="button" onClick={() => openInPerfetto(store)}>
          Open in ui.perfetto.dev
        </button>
      </div>
    </details>
  );
}

function KeysMenu() {
  return (
    <details class="menu" name="menu">
      <summary>Keys</summary>
      <dl class="sheet keys">
        {KEYS.map(({ shown, does }) => (
          <div key={shown}>
            <dt>{shown}</dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
