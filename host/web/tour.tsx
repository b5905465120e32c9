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
      const next = boxOf(document.querySelector(selector));
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

/** An element with the badge that sticks out of it. */
function boxOf(element: Element | null): DOMRect | null {
  const box = element?.getBoundingClientRect();
  if (box === undefined) return null;
  const top = Math.min(box.top, element?.querySelector('.badge')?.getBoundingClientRect().top ?? box.top);
  return new DOMRect(box.x, top, box.width, box.bottom - top);
}

/** Over the panels, so that the whole stage is seen; where the panels are pointed at, or are not shown, beside the box. */
function cardPlace(box: DOMRect | null) {
  const { innerWidth: width, innerHeight: height } = window;
  const panels = document.querySelector('.panels')?.getBoundingClientRect();
  const cardWidth = Math.min(CARD_WIDTH, panels && panels.width > 0 ? panels.width - 2 * MARGIN : CARD_WIDTH);
  const place = (left: number, top: number) => ({ left: `${left}px`, top: `${top}px`, width: `${cardWidth}px` });
  if (box === null) return place((width - cardWidth) / 2, height / 3);
  const within = (value: number, room: number, size: number) => Math.max(MARGIN, Math.min(room - size - MARGIN, value));
  const beside = within(box.top, height, CARD_HEIGHT);
  if (panels && panels.width > 0 && box.right < panels.left) {
    const left = panels.left + (panels.width - cardWidth) / 2;
    return place(left, Math.max(panels.top + MARGIN, beside));
  }
  if (box.left > cardWidth + 2 * MARGIN && box.right > width / 2)
    return place(box.left - cardWidth - 2 * MARGIN, beside);
  const left = within(box.left + box.width / 2 - cardWidth / 2, width, cardWidth);
  const below = box.bottom + 2 * MARGIN;
  return place(
    left,
    below + CARD_HEIGHT < height ? below : within(box.top - CARD_HEIGHT - 2 * MARGIN, height, CARD_HEIGHT),
  );
}
