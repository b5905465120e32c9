/**
 * What is the same thing lights up together. An element names its things in `data-keys`, words such as "f790528" (a frame), "t15"
 * (a transaction), "s49" (the step that sent it), "n8" (a node), "pgreeter" (a process) and "happ.0" (a thread). What only belongs
 * to a thing names it in `data-of`. What an element is, in one sentence, stands in `data-tell`.
 */
import { effect, type Signal, signal } from '@preact/signals';

/** The keys under the pointer, or of the element that has the focus. */
export const lit = signal<readonly string[]>([]);
/** What the element under the pointer is. */
export const telling = signal('');

/** Keys that name one thing each: two elements are the same thing when they share one of these. */
export function frameKey(linear: number): string {
  return `f${linear}`;
}

export function transactionKey(id: number): string {
  return `t${id}`;
}

/** A step: the bar of its call. @param number Null when it is not known. */
export function stepKey(number: number | null): string {
  return number === null ? '' : `s${number}`;
}

export function nodeKey(id: number): string {
  return `n${id}`;
}

export function threadKey(name: string): string {
  return `h${name.replaceAll(' ', '_')}`;
}

export function processKey(name: string): string {
  return `p${name.replaceAll(' ', '_')}`;
}

/** Lights the elements that share a key. */
export function light(keys: readonly string[]): void {
  lit.value = keys;
  for (const element of document.querySelectorAll('[data-lit]')) element.removeAttribute('data-lit');
  for (const key of keys) {
    const name = CSS.escape(key);
    for (const element of document.querySelectorAll(`[data-keys~="${name}"],[data-of~="${name}"]`))
      element.setAttribute('data-lit', '');
  }
}

/**
 * Follows the pointer and the focus. A click keeps what is lit.
 *
 * @param kept Keys that stay lit, with commas between them.
 * @param shown Something that changes when elements may be others.
 */
export function followPointer(root: HTMLElement, kept: Signal<string>, shown: () => unknown): void {
  const keysOf = (event: Event): string[] | null => {
    const target = event.target instanceof Element ? event.target : null;
    const element = target?.closest<HTMLElement | SVGElement>('[data-keys],[data-tell]');
    if (event.type !== 'click') telling.value = element?.dataset.tell ?? '';
    return element?.dataset.keys?.split(' ') ?? null;
  };
  const keptKeys = () => kept.value.split(',').filter((key) => key !== '');
  const look = (event: Event) => light(keysOf(event) ?? keptKeys());
  root.addEventListener('pointerover', look);
  root.addEventListener('focusin', look);
  root.addEventListener('pointerleave', () => {
    telling.value = '';
    light(keptKeys());
  });
  root.addEventListener('click', (event) => {
    const isChoice = event.target instanceof Element && event.target.closest('select') !== null;
    const keys = isChoice ? null : keysOf(event);
    if (keys !== null) kept.value = keys.join(',') === kept.value ? '' : keys.join(',');
  });
  effect(() => {
    shown();
    const keys = keptKeys();
    setTimeout(() => light(keys), 0); // when the elements are there
  });
}
