/** Light and dark: what the system prefers, until a button says otherwise. */
import { signal } from '@preact/signals';

const KEY = 'binderlab-theme';

export const theme = signal<'light' | 'dark'>('light');

/** Values of the style, by name: to ask the browser for one takes longer than to draw with it. */
const values = new Map<string, string>();

/** A colour or a font of the page's style, for a canvas: "--ink". */
export function styleOf(name: string): string {
  let value = values.get(name);
  if (value === undefined) {
    value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    values.set(name, value);
  }
  return value;
}

export function applyTheme(): void {
  const kept = remembered(KEY);
  const preferred = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  setTheme(kept === 'light' || kept === 'dark' ? kept : preferred);
}

export function toggleTheme(): void {
  setTheme(theme.value === 'dark' ? 'light' : 'dark');
  remember(KEY, theme.value);
}

/** A browser may refuse to keep anything for a file. */
export function remembered(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // then it is asked again next time
  }
}

function setTheme(next: 'light' | 'dark'): void {
  document.documentElement.dataset.theme = next;
  values.clear();
  theme.value = next;
}
