/** What holds for every page and plot that we make. */
import * as assert from 'uvu/assert';

/** Tags are opened and closed in order. */
export function checkTags(html: string): void {
  const open: string[] = [];
  for (const [, slash, name = '', self] of html.matchAll(/<(\/?)([a-z0-9]+)[^>]*?(\/?)>/g)) {
    if (self === '/' || ['meta', 'br'].includes(name)) continue;
    if (slash === '/') assert.is(open.pop(), name);
    else open.push(name);
  }
  assert.equal(open, []);
}

/** A page is whole, asks for nothing beside itself, and every number in it is one. */
export function checkPage(html: string): void {
  checkTags(html.replace(/^<!doctype html>\n/, ''));
  assert.not.match(html, /\b(src|href)=|https?:|@import|url\(|<script/);
  assert.not.match(html, /NaN|undefined|Infinity|>null</);
}
