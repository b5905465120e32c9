/** What is in the package: what texts name is there, what code imports is installed with it. */
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PAGES, ROOT, pageText as text } from './pages.ts';

const test = suite('package');
const PACKAGE = JSON.parse(text('package.json'));

/** Paths of all files in the package. */
const packed: ReadonlySet<string> = new Set(
  (
    JSON.parse(
      execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: ROOT, encoding: 'utf8' }),
    ) as { files: { path: string }[] }[]
  )[0]?.files.map(({ path }) => path),
);

const has = (path: string): boolean => packed.has(path) || [...packed].some((file) => file.startsWith(`${path}/`));

test('what its exports and commands point to is there', () => {
  const paths = (value: unknown): string[] =>
    typeof value === 'string' ? [value] : Object.values(value as object).flatMap(paths);
  for (const path of paths([PACKAGE.exports, PACKAGE.bin])) assert.ok(has(normalize(path)), path);
});

test('its command can be executed as it was built', () => {
  for (const path of Object.values<string>(PACKAGE.bin)) accessSync(join(ROOT, path), constants.X_OK);
});

test('pages link to what is there', () => {
  const pages = [...packed].filter((path) => path.endsWith('.md'));
  assert.ok(pages.includes('README.md') && pages.includes('ARCHITECTURE.md') && pages.length > 3);
  for (const page of pages) {
    for (const [, link = ''] of text(page).matchAll(/\]\(([^)#:]+)\)/g)) {
      assert.ok(has(normalize(join(dirname(page), link)).replace(/\/$/, '')), `${page} links to ${link}`);
    }
  }
});

test('examples and recordings that commands of the pages take are there', () => {
  for (const page of PAGES) {
    const named = text(page).matchAll(/^npx binderlab .*?((?:examples|test)\/\S+)/gm);
    for (const [, path = ''] of named) assert.ok(has(path.replace(/\/$/, '')), path);
  }
});

test('what its code imports is installed with it, but for what benchmarks need', () => {
  const installed = new Set(['binderlab', ...Object.keys(PACKAGE.dependencies)]);
  const code = [...packed].filter((path) => path.startsWith('dist/') && path.endsWith('.js'));
  for (const path of code) {
    for (const [, name = ''] of text(path).matchAll(
      /^\s*(?:import|export) (?:[^'";]*? from )?["']([^.'"][^'"]*)["'];/gm,
    )) {
      if (name.startsWith('node:')) continue;
      const own = name.split('/', name.startsWith('@') ? 2 : 1).join('/');
      const optional = path === 'dist/bundle/bench.js' && PACKAGE.peerDependenciesMeta[own]?.optional === true;
      assert.ok(installed.has(own) || optional, `${path} imports ${name}`);
    }
  }
});

test('there are no maps to sources that are not there, and nothing of tests', () => {
  for (const path of packed) {
    assert.not(path.endsWith('.map') || path.endsWith('.tsbuildinfo') || path.startsWith('dist/test'), path);
  }
});

test.run();
