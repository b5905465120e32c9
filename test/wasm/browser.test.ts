/** The API in a browser: bundled into a page and as it is, with the wasm fetched over HTTP. It needs Chromium. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bc, Machine } from 'binderlab';
import { build } from 'esbuild';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Folder } from '../cli/binderlab.ts';

const ROOT = join(import.meta.dirname, '../../..');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

const browser = BROWSERS.find((name) => spawnSync(name, ['--version']).status === 0);
const folder = new Folder();
const test = suite(browser ? 'browser' : `browser: skipped, there is none of ${BROWSERS.join(', ')}`);
test.after(() => folder.remove());
const testInBrowser = browser ? test : test.skip;

/** What a page does; under Node it comes to the same. */
function call(machine: Machine): string {
  const [server, client] = [machine.spawn('server').main, machine.spawn('client').main];
  const fd = server.open();
  server.mmap(fd);
  server.becomeContextManager(fd);
  client.mmap(client.open());
  client.writeRead(fd, [bc.transaction({ handle: 0, code: 1, data: new Uint8Array([1, 2, 3]) })]);
  const { code } = server.writeRead(fd, []).expect('BR_TRANSACTION');
  return `${code} ${machine.hash()}`;
}

const expected = call(Machine.boot());

/** A module of the page: makes the call on a machine that is booted so, and sends what came of it. */
const moduleOf = (name: string, from: string, boot: string) => `
import { bc, Machine } from '${from}';
const call = ${call};
const send = (body) => fetch('/${name}', { method: 'POST', body });
(async () => call(${boot}))().then(send, (error) => send(String(error)));`;

async function bundled(source: string): Promise<string> {
  const stdin = { contents: source, resolveDir: ROOT };
  const { outputFiles } = await build({ stdin, bundle: true, format: 'esm', target: 'es2022', write: false });
  return outputFiles[0]?.text ?? '';
}

const FETCHED = "Machine.boot({ wasm: await (await fetch('/package/build/release.wasm')).arrayBuffer() })";
/** By where they lie: code at x/dist/bundle looks for x/build/release.wasm, which is below /package alone. */
const MODULES: Readonly<Record<string, string>> = {
  '/package/dist/bundle/bundled.js': await bundled(moduleOf('bundled', 'binderlab', 'Machine.boot()')),
  '/elsewhere/dist/bundle/given.js': await bundled(moduleOf('given', 'binderlab', FETCHED)),
  '/package/plain.js': moduleOf('plain', './dist/bundle/web.js', 'Machine.boot()'),
  '/elsewhere/without.js': moduleOf('without', './dist/bundle/web.js', 'Machine.boot()'),
};

/** Opens a page of all modules. @returns What they send, by name. */
async function resultsIn(program: string): Promise<Map<string, string>> {
  const code = (body: string | Uint8Array) => ['text/javascript', body] as const;
  const scripts = Object.keys(MODULES).map((path) => `<script type="module" src="${path}"></script>`);
  const web = code(readFileSync(join(ROOT, 'dist/bundle/web.js')));
  const files: Readonly<Record<string, readonly [type: string, body: string | Uint8Array]>> = {
    '/': ['text/html', `<!doctype html>${scripts.join('')}`],
    ...Object.fromEntries(Object.entries(MODULES).map(([path, module]) => [path, code(module)])),
    '/package/dist/bundle/web.js': web,
    '/elsewhere/dist/bundle/web.js': web,
    '/package/build/release.wasm': ['application/wasm', readFileSync(join(ROOT, 'build/release.wasm'))],
  };
  const sent = new Map<string, string>();
  const server = createServer();
  const all = new Promise<void>((resolve) => {
    server.on('request', async (request, response) => {
      const url = request.url ?? '';
      const [type, body] = files[url] ?? ['text/plain', ''];
      if (request.method === 'POST') sent.set(url.slice(1), Buffer.concat(await request.toArray()).toString());
      response.writeHead(url in files ? 200 : 404, { 'content-type': type }).end(body);
      if (sent.size === scripts.length) resolve();
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${folder.path}`];
  const child = spawn(program, [...flags, '--remote-debugging-port=0', url], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await Promise.race([all, ended]);
  child.kill();
  await ended;
  server.close();
  server.closeAllConnections();
  return sent;
}

testInBrowser('bundled or as it is, with the wasm where it expects it, or given its bytes', async () => {
  const results = await resultsIn(browser as string);
  const why = /^Error: release\.wasm could not be loaded \(.*\): give its bytes to Machine\.boot\(\{ wasm \}\)$/;
  assert.match(results.get('without') ?? '', why);
  results.delete('without');
  assert.equal(Object.fromEntries(results), { bundled: expected, given: expected, plain: expected });
});

test('under Node, the same bundle needs the bytes, and says so', async () => {
  const web: { Machine: typeof Machine } = await import(pathToFileURL(join(ROOT, 'dist/bundle/web.js')).href);
  assert.throws(() => web.Machine.boot(), /give its bytes to Machine\.boot/);
  assert.is(call(web.Machine.boot({ wasm: readFileSync(join(ROOT, 'build/release.wasm')) })), expected);
});

test.run();
