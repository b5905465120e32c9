/** Makes the gallery, and the pictures of pages in docs/: `npm run gallery`. It needs Chromium. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../pages.ts';
import { findBrowser, openBrowser } from './browser.ts';

const FOLDER = join(ROOT, 'gallery');
/** Milliseconds until what moves stands still. */
const STILL_MS = 3500;

/** Pictures in docs/, by name: the page, where in it, and the colours. */
const PICTURES = {
  'view-light': { page: 'first-call', hash: 'step=49&show=bytes', colorScheme: 'light' },
  'view-dark': { page: 'first-call', hash: 'step=49&show=bytes', colorScheme: 'dark' },
  'view-two-copies': { page: 'first-call', hash: 'step=49&strategy=vmalloc&with=two-copy', colorScheme: 'light' },
} as const;

const found = findBrowser();
if (found === null) throw new Error('there is no Chromium; .ci/chromium installs it');
const command = join(ROOT, 'dist/bundle/cli.js');
const { status } = spawnSync(process.execPath, [command, 'view', '--gallery', FOLDER], { stdio: 'inherit', cwd: ROOT });
if (status !== 0) process.exit(status ?? 1);

const browser = await openBrowser(found);
for (const [name, { page: file, hash, colorScheme }] of Object.entries(PICTURES)) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, colorScheme });
  await page.goto(`${pathToFileURL(join(FOLDER, `${file}.html`)).href}#${hash}`);
  await page.waitForSelector('.stage');
  await page.waitForTimeout(STILL_MS);
  const session = await page.context().newCDPSession(page);
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: 45 });
  writeFileSync(join(ROOT, `docs/${name}.webp`), Buffer.from(data, 'base64'));
  await page.close();
}
await browser.close();
