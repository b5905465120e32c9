/** The panels beside the stage, one at a time. */
import { AreaPanel } from './area.tsx';
import { BytesPanel } from './bytes.tsx';
import { ChangePanel } from './change.tsx';
import { CountersPanel } from './counters.tsx';
import { DriverPanel } from './driver.tsx';
import { type Store, TABS, type Tab } from './store.ts';

const TITLES: Readonly<Record<Tab, string>> = {
  bytes: 'Bytes',
  area: 'Area',
  driver: 'Driver',
  counters: 'Counters',
  change: 'Change',
};

/** It scrolls, so the keyboard has to reach it. */
const FOCUSABLE = { tabIndex: 0 };

export function Panels({ store }: { store: Store }) {
  const shown = store.tab.value;
  const move = (by: number) => {
    store.tab.value = TABS[(TABS.indexOf(shown) + by + TABS.length) % TABS.length] as Tab;
    document.getElementById(`tab-${store.tab.value}`)?.focus();
  };
  return (
    <aside class="panels" aria-label="Details">
      <div
        class="tabs"
        role="tablist"
        onKeyDown={(event) => {
          if (event.key !== 'ArrowRight' && event.key !== 'ArrowLeft') return;
          event.stopPropagation();
          move(event.key === 'ArrowRight' ? 1 : -1);
        }}
      >
        {TABS.map((tab) => (
          <button
            key={tab}
            id={`tab-${tab}`}
            type="button"
            role="tab"
            aria-selected={tab === shown}
            aria-controls="panel"
            tabIndex={tab === shown ? 0 : -1}
            onClick={() => {
              store.tab.value = tab;
            }}
          >
            {TITLES[tab]}
          </button>
        ))}
      </div>
      <div class="panel" id="panel" role="tabpanel" aria-labelledby={`tab-${shown}`} {...FOCUSABLE}>
        <Panel store={store} tab={shown} />
      </div>
    </aside>
  );
}

function Panel({ store, tab }: { store: Store; tab: Tab }) {
  switch (tab) {
    case 'bytes':
      return <BytesPanel store={store} />;
    case 'area':
      return <AreaPanel store={store} />;
    case 'driver':
      return <DriverPanel store={store} />;
    case 'counters':
      return <CountersPanel store={store} />;
    case 'change':
      return <ChangePanel store={store} />;
  }
}
