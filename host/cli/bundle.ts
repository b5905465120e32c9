/**
 * From a script's source to a module that node can import. esbuild bundles the script with what it imports from its
 * own folder; `binderlab` stays outside and means this very package, wherever the script lies.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BuildFailure, build, type Plugin } from 'esbuild';
import { ROOT } from './packagefile.ts';
import { UsageError } from './usage.ts';

/** This package as scripts import it: package.json's "exports". */
const API: Readonly<Record<string, string>> = {
  binderlab: 'dist/host/index.js',
  'binderlab/protocol': 'dist/assembly/abi/protocol.js',
  'binderlab/errno': 'dist/assembly/abi/errno.js',
};

/** What a script's module must export. */
export interface ScriptModule {
  default?: unknown;
}

const API_PLUGIN: Plugin = {
  name: 'binderlab',
  setup(build) {
    build.onResolve({ filter: /^binderlab(\/|$)/ }, ({ path }) => {
      const file = Object.hasOwn(API, path) ? API[path] : undefined;
      return file === undefined ? null : { path: pathToFileURL(join(ROOT, file)).href, external: true };
    });
  },
};

/**
 * Bundles and imports a script. Stack traces of its errors point into its own source from then on.
 *
 * @throws UsageError when there is no such file, or it cannot be compiled: with the place and what is wrong there.
 */
export async function importScript(script: string): Promise<ScriptModule> {
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-'));
  const bundle = join(folder, 'script.mjs');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // a module that never comes to its end may be ended from outside
  try {
    await build({
      entryPoints: [resolve(script)],
      outfile: bundle,
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node20',
      sourcemap: 'inline',
      logLevel: 'silent',
      plugins: [API_PLUGIN],
    }).catch((failure: BuildFailure) => {
      throw new UsageError(buildMessage(script, failure));
    });
    process.setSourceMapsEnabled(true);
    return (await import(pathToFileURL(bundle).href)) as ScriptModule;
  } finally {
    process.off('exit', remove);
    remove();
  }
}

function buildMessage(script: string, failure: BuildFailure): string {
  const messages = (failure.errors ?? []).map(({ text, location }) => {
    if (location === null) return text;
    const frame = `    ${location.lineText}\n    ${' '.repeat(location.column)}^`;
    return `${location.file}:${location.line}:${location.column + 1}: ${text}\n${frame}`;
  });
  return `${script} cannot be compiled:\n${messages.join('\n') || failure.message}`;
}
