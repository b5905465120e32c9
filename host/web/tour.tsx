/** The tour's card, and the ring around what it points at. */
import { useEffect, useState } from 'preact/hooks';
import type { Store } from './store.ts';
import { endTour, enter, TOUR } from './tourstate.ts';

const CARD_WIDTH = 330;
const CARD_HEIGHT = 210;
const MARGIN = 12;
const FOLLOW_MS = 150;

export function Tour({ store }: { store: Store }) {
  const number = store.tour.value;
  const step = number === null ? undefined : TOUR[number];
  const [box, setBox] = useState<DOMRect | null>(null);
  const selector = step?.at ?? '';
  useEffect(() => {
    if (selector === '') return;
    const look = () => {
      const next = document.querySelector(selector)?.getBoundingClientRect() ?? null;
      setBox((before) =>
        before && next && before.x === next.x && before.y === next.y && before.width === next.width ? before : next,
      );
    };
    look();
    const timer = setInterval(look, FOLLOW_MS);
    return () => clearInterval(timer);
  }, [selector]);
  if (step === undefined || number === null) return null;
  return (
    <div class="tour">
      {box && (
        <div
          class="ring"
          style={{
            left: `${box.x - 6}px`,
            top: `${box.y - 6}px`,
            width: `${box.width + 12}px`,
            height: `${box.height + 12}px`,
          }}
        />
      )}
      <div class="card" role="dialog" aria-label="Tour" style={cardPlace(box)}>
        <p class="count">
          {number + 1} of {TOUR.length}
        </p>
        <h2>{step.title}</h2>
        <p>{step.text}</p>
        <div class="buttons">
          <button type="button" onClick={() => endTour(store)}>
            Close
          </button>
          <span class="gap" />
          {number > 0 && (
            <button type="button" onClick={() => enter(store, number - 1)}>
              Back
            </button>
          )}
          <button type="button" class="main" onClick={() => enter(store, number + 1)}>
            {number === TOUR.length - 1 ? 'Done' : 'Next'}
          </button>
        </div>
      </div>
    </div>
  );
}

/** Beside the box where there is room: right, left, below, else above. */
function cardPlace(box: DOMRect | null) {
  const { innerWidth: width, innerHeight: height } = window;
  if (box === null) return { left: `${(width - CARD_WIDTH) / 2}px`, top: `${height / 3}px` };
  const within = (value: number, room: number, size: number) => Math.max(MARGIN, Math.min(room - size - MARGIN, value));
  const beside = within(box.top, height, CARD_HEIGHT);
  if (box.right + CARD_WIDTH + 2 * MARGIN < width) return { left: `${box.right + 2 * MARGIN}px`, top: `${beside}px` };
  if (box.left > CARD_WIDTH + 2 * MARGIN)
    return { left: `${box.left - CARD_WIDTH - 2 * MARGIN}px`, top: `${beside}px` };
  const left = within(box.left + box.width / 2 - CARD_WIDTH / 2, width, CARD_WIDTH);
  const below = box.bottom + 2 * MARGIN;
  const top = below + CARD_HEIGHT < height ? below : within(box.top - CARD_HEIGHT - 2 * MARGIN, height, CARD_HEIGHT);
  return { left: `${left}px`, top: `${top}px` };
}
