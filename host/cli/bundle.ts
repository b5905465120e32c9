/**
 * Turns a script's source into a module that node can import. esbuild bundles the script with its imports from its own
 * folder. `binderlab` denotes the modules of the running program, in any folder: a global passes them to the script.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Esbuild from 'esbuild';
import type { BuildFailure, Plugin } from 'esbuild';
import { didYouMean } from './misspelling.ts';
import { UsageError } from './usage.ts';

const require = createRequire(import.meta.url);

/** This package as scripts import it: package.json's "exports". */
const API: Readonly<Record<string, () => Promise<object>>> = {
  binderlab: () => import('../index.ts'),
  'binderlab/protocol': () => import('../../assembly/abi/protocol.ts'),
  'binderlab/errno': () => import('../../assembly/abi/errno.ts'),
};

/** The exports that a script's module must have. */
interface ScriptModule {
  default?: unknown;
}

const API_PLUGIN: Plugin = {
  name: 'binderlab',
  setup(build) {
    build.onResolve({ filter: /^binderlab(\/|$)/ }, ({ path }) =>
      Object.hasOwn(API, path) ? { path, namespace: 'binderlab' } : null,
    );
    build.onLoad({ filter: /./, namespace: 'binderlab' }, async ({ path }) => {
      const module = (await API[path]?.()) ?? {};
      Object.assign(globalThis, { [path]: module });
      return { contents: `export const { ${Object.keys(module).join(', ')} } = globalThis['${path}'];` };
    });
  },
};

/**
 * Bundles and imports a script. Stack traces of its errors point into its source.
 *
 * @throws UsageError when the file does not exist, or cannot be compiled: with the place and the cause.
 */
export async function importScript(script: string): Promise<ScriptModule> {
  const { build }: typeof Esbuild = require('esbuild'); // an import would first search its code for names of exports
  const folder = mkdtempSync(join(tmpdir(), 'binderlab-'));
  const bundle = join(folder, 'script.mjs');
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once('exit', remove); // the watchdog may end the process while the module is still being evaluated
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

/** Of an import from this package, what to import instead. */
function aboutApi(text: string): string {
  if (text.startsWith('Could not resolve "binderlab/')) return `${text}: there are ${Object.keys(API).join(', ')}`;
  const [, path, name] = /^No matching export in "binderlab:(.*)" for import "(.*)"$/.exec(text) ?? [];
  if (path === undefined || name === undefined) return text;
  const near = didYouMean(name, Object.keys(Reflect.get(globalThis, path)));
  return `"${path}" has no export "${name}"${near.endsWith('?') ? `; ${near}` : ''}`;
}

function buildMessage(script: string, failure: BuildFailure): string {
  const messages = (failure.errors ?? []).map(({ text: reason, location }) => {
    const text = aboutApi(reason);
    if (location === null) return text;
    const frame = `    ${location.lineText}\n    ${' '.repeat(location.column)}^`;
    return `${location.file}:${location.line}:${location.column + 1}: ${text}\n${frame}`;
  });
  return `${script} cannot be compiled:\n${messages.join('\n') || failure.message}`;
}
