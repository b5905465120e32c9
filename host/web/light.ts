/**
 * What is the same thing lights up together. An element names its things in `data-keys`, words such as "f790528" (a frame),
 * "t15" (a transaction), "pgreeter" (a process) and "h2000" (a thread); what it is, in one sentence, stands in `data-tell`.
 */
import { signal } from '@preact/signals';

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

export function threadKey(name: string): string {
  return `h${name.replaceAll(' ', '_')}`;
}

export function processKey(name: string): string {
  return `p${name.replaceAll(' ', '_')}`;
}

/** Lights the elements that share a key. */
function light(keys: readonly string[]): void {
  lit.value = keys;
  for (const element of document.querySelectorAll('[data-lit]')) element.removeAttribute('data-lit');
  for (const key of keys) {
    for (const element of document.querySelectorAll(`[data-keys~="${CSS.escape(key)}"]`))
      element.setAttribute('data-lit', '');
  }
}

/** Follows the pointer and the focus. */
export function followPointer(root: HTMLElement): void {
  const look = (event: Event) => {
    const target = event.target as Element | null;
    const element = target?.closest?.<HTMLElement | SVGElement>('[data-keys],[data-tell]');
    telling.value = element?.dataset.tell ?? '';
    light((element?.dataset.keys ?? '').split(' ').filter((key) => key !== ''));
  };
  root.addEventListener('pointerover', look);
  root.addEventListener('focusin', look);
  root.addEventListener('pointerleave', () => {
    telling.value = '';
    light([]);
  });
}
