/** `binderlab init`: writes what an editor needs to know the types of scripts in a folder that has no package of its own. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { defineCommand } from 'citty';
import { EXIT_FINE, EXIT_NO, UsageError } from './usage.ts';

const FILE = 'tsconfig.json';
/** This package as it lies on disk. */
const DIST = fileURLToPath(new URL('../..', import.meta.url));

export const initCommand = defineCommand({
  meta: { name: 'init', description: 'Write a tsconfig.json, so that an editor knows the types of scripts' },
  args: {
    folder: { type: 'positional', required: false, description: 'The folder of the scripts; this one when absent' },
  },
  run({ args }) {
    if (args._.length > 1) throw new UsageError(`one folder at a time, not also ${args._.slice(1).join(' ')}`);
    const folder = args.folder ?? '.';
    const settings = settingsFor(folder);
    const existing = [FILE, 'jsconfig.json'].find((file) => existsSync(join(folder, file)));
    if (existing !== undefined) {
      const { paths } = settings.compilerOptions;
      const wanted = paths === undefined ? 'needs nothing more' : `needs "paths": ${JSON.stringify(paths)}`;
      process.stderr.write(`binderlab: ${join(folder, existing)} is there already; it ${wanted}\n`);
      process.exitCode = paths === undefined ? EXIT_FINE : EXIT_NO;
      return;
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);
    console.log(`${join(folder, FILE)}: editors, and tsc, know the types of scripts in this folder now`);
  },
});

interface Settings {
  readonly compilerOptions: { readonly paths?: Readonly<Record<string, readonly string[]>> } & Record<string, unknown>;
  readonly include: readonly string[];
}

function settingsFor(folder: string): Settings {
  const paths = isInstalled(folder) ? {} : { paths: pathsFrom(folder) };
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    module: 'NodeNext',
    moduleDetection: 'force',
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: true,
    types: [],
    ...paths,
  };
  return { compilerOptions, include: ['*.ts', '*.js', '*.mjs'] };
}

/** Whether TypeScript finds the package from there by itself. */
function isInstalled(folder: string): boolean {
  try {
    createRequire(pathToFileURL(join(resolve(folder), 'script.js'))).resolve('binderlab/package.json');
    return true;
  } catch {
    return false;
  }
}

/** What stands in package.json's "exports", as paths. */
function pathsFrom(folder: string): Record<string, string[]> {
  const near = relative(resolve(folder), DIST).split(sep).join('/');
  const dist = near.startsWith('.') ? near : `./${near}`;
  return {
    binderlab: [`${dist}/host/index.d.ts`],
    'binderlab/protocol': [`${dist}/assembly/abi/protocol.d.ts`],
    'binderlab/errno': [`${dist}/assembly/abi/errno.d.ts`],
  };
}
