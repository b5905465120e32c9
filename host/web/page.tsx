/** The whole page: head, stage, panels, and time. */
import { Between } from './between.tsx';
import { Header } from './header.tsx';
import { telling } from './light.ts';
import { MemoryGrid } from './memorygrid.tsx';
import { Panels } from './panels.tsx';
import { Sentences } from './sentence.tsx';
import { Glyph, StageView } from './stage.tsx';
import type { Store } from './store.ts';
import { TimelineView } from './timeline.tsx';
import { Tour } from './tour.tsx';
import { Transport } from './transport.tsx';

export function Page({ store }: { store: Store }) {
  return (
    <div class={`page ${store.beside.value === null ? '' : 'two'}`}>
      <Header store={store} />
      <div class="scene">
        <Sentences store={store} />
        <div class="stages">
          <StageView store={store} still={store.still.value} title={store.strategy.value} />
          <BesideStage store={store} />
        </div>
        <Between store={store} />
        <Telling />
        {store.beside.value === null && <MemoryGrid store={store} still={store.still.value} />}
      </div>
      <Panels store={store} />
      <div class="time">
        <Transport store={store} />
        <TimelineView store={store} />
      </div>
      <Tour store={store} />
    </div>
  );
}

/** What is under the pointer; else what the lines are. */
function Telling() {
  if (telling.value !== '') return <p class="telling">{telling.value}</p>;
  return (
    <p class="telling legend">
      Each line is a page-table entry: <Glyph side="sender" /> sender, <Glyph side="receiver" /> receiver,{' '}
      <Glyph side="kernel" /> kernel. Point at anything to read it.
    </p>
  );
}

function BesideStage({ store }: { store: Store }) {
  const [beside, still] = [store.beside.value, store.besideStill.value];
  if (beside === null || still === null) return null;
  return <StageView store={store} still={still} title={'strategy' in beside ? beside.strategy : beside.branch.title} />;
}
