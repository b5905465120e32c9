/** The pages for users, README.md and those in docs/: tests run their commands and scripts, and compare what they print. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');

/** Paths from the root folder, README.md first. */
export const PAGES: readonly string[] = [
  'README.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .sort()
    .map((name) => `docs/${name}`),
];

export function pageText(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

export function writePage(page: string, text: string): void {
  writeFileSync(join(ROOT, page), text);
}
