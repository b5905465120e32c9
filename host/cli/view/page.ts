/** The page as one file: style, program, guest and journal are inside of it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { markup } from '../../plot/svg.ts';
import type { Journal } from '../../trace/journal.ts';
import { MemoryFile } from '../../trace/memoryfile.ts';
import { writeBinaryJournal } from '../../trace/stepwriter.ts';
import { checkBuilt } from '../boot.ts';
import { ROOT } from '../packagefile.ts';

const PROGRAM = 'dist/bundle/view.js';
const STYLE = 'dist/bundle/view.css';
const GUEST = 'build/release.wasm';

/** What the page knows besides the journal. */
interface PageFacts {
  source: string;
  strategy: string;
  memoryMiB: number;
  at: number | null;
}

/**
 * @param journals The first one is shown; others are runs of the same script with other seeds.
 * @throws UsageError when the package is not built.
 */
export function viewPage(journals: readonly Journal[], facts: PageFacts): string {
  checkBuilt([PROGRAM, STYLE, GUEST]);
  const seeds = journals.map(({ header }) => header.emulator?.seed ?? 0);
  const embedded = journals.map(
    (journal, number) => `<script type="text/plain" id="journal-${number}">${packed(binaryOf(journal))}</script>`,
  );
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${markup(facts.source)} · binderlab</title><link rel="icon" href="data:,">
<style>${textOf(STYLE)}</style></head><body><main id="app" aria-busy="true"></main>
<script type="text/plain" id="facts">${JSON.stringify({ ...facts, seeds }).replaceAll('<', '\\u003c')}</script>
${embedded.join('\n')}
<script type="text/plain" id="guest">${packedGuest()}</script>
<script type="module">${textOf(PROGRAM).replaceAll('</script', '<\\/script')}</script>
</body></html>
`;
}

function binaryOf(journal: Journal): Uint8Array {
  const file = new MemoryFile();
  writeBinaryJournal(journal, file);
  return file.read(0, file.size);
}

let guest: string | null = null;

/** The same in all pages. */
function packedGuest(): string {
  guest ??= packed(readFileSync(join(ROOT, GUEST)));
  return guest;
}

/** The style of all pages. */
export function styleOfPage(): string {
  checkBuilt([STYLE]);
  return textOf(STYLE);
}

function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8').replace(/\n?(\/\/|\/\*)# sourceMappingURL=.*\n?$/, '');
}

function packed(bytes: Uint8Array): string {
  return gzipSync(bytes, { level: 9 }).toString('base64');
}
