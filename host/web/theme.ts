/** Light and dark: what the system prefers, until a button says otherwise. */
import { signal } from '@preact/signals';

const KEY = 'binderlab-theme';

export const theme = signal<'light' | 'dark'>('light');

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
  theme.value = next;
  document.documentElement.dataset.theme = next;
}
