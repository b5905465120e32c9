/** Chromium for tests and pictures of pages, and what a page does that it must not do. */
import { spawnSync } from 'node:child_process';
import { type Browser, chromium, type Page } from 'playwright-core';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Path of a Chromium; null without one. */
export function findBrowser(): string | null {
  for (const name of BROWSERS) {
    const { status, stdout } = spawnSync('which', [name], { encoding: 'utf8' });
    if (status === 0) return stdout.trim();
  }
  return null;
}

export function openBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}

/** Notes errors of the page, and requests for anything but the page itself. */
export function watchPage(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.isNavigationRequest()) complaints.push(request.url());
  });
  return complaints;
}
