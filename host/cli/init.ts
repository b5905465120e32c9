/** `binderlab init`: writes the file that gives an editor the types of scripts, in a folder without its own package. */
import { existsSync, mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { checkBuilt } from './boot.ts';
import { defineCommand } from './command.ts';
import { checkFolder, writeWhole } from './files.ts';
import { ROOT } from './packagefile.ts';
import { EXIT_FINE, EXIT_NO } from './usage.ts';

const FILE = 'tsconfig.json';
/** This package's compiled code on disk. */
const DIST = join(ROOT, 'dist');

export const initCommand = defineCommand({
  words: { hint: 'DIR', min: 0, max: 1, description: 'the folder of the scripts; this one when absent' },
  options: {},
  examples: [['init scripts', 'makes the folder if need be']],
  run({ words: [folder = '.'] }) {
    const settings = settingsFor(folder);
    if (existsSync(folder)) checkFolder('init', folder);
    const existing = [FILE, 'jsconfig.json'].find((file) => existsSync(join(folder, file)));
    if (existing !== undefined) {
      const { paths } = settings.compilerOptions;
      const wanted = paths === undefined ? 'needs nothing more' : `needs "paths": ${JSON.stringify(paths)}`;
      process.stderr.write(`binderlab: ${join(folder, existing)} is there already; it ${wanted}\n`);
      process.exitCode = paths === undefined ? EXIT_FINE : EXIT_NO;
      return;
    }
    mkdirSync(folder, { recursive: true });
    writeWhole(join(folder, FILE), `${JSON.stringify(settings, null, 2)}\n`);
    console.log(`${join(folder, FILE)}: editors, and tsc, know the types of scripts in this folder now`);
  },
});

interface Settings {
  readonly compilerOptions: { readonly paths?: Readonly<Record<string, readonly string[]>> } & Record<string, unknown>;
  readonly include: readonly string[];
}

function settingsFor(folder: string): Settings {
  checkBuilt(['dist/types/host/index.d.ts']);
  const paths = isInstalled(folder) ? {} : { paths: pathsFrom(folder) };
  const compilerOptions = {
    target: 'ES2022',
    lib: ['ES2022', 'DOM'],
    // `run` bundles scripts, so each is an ES module, whatever a package.json above it says
    module: 'ESNext',
    moduleResolution: 'Bundler',
    moduleDetection: 'force',
    allowJs: true,
    checkJs: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    strict: true,
    types: [],
    ...paths,
  };
  return { compilerOptions, include: ['*.ts', '*.js', '*.mjs'] };
}

/** Whether TypeScript finds the package from that folder by itself. */
function isInstalled(folder: string): boolean {
  try {
    createRequire(pathToFileURL(join(resolve(folder), 'script.js'))).resolve('binderlab/package.json');
    return true;
  } catch {
    return false;
  }
}

/** The "exports" of package.json, as paths. */
function pathsFrom(folder: string): Record<string, string[]> {
  const near = relative(resolve(folder), DIST).split(sep).join('/');
  const dist = near.startsWith('.') ? near : `./${near}`;
  return {
    binderlab: [`${dist}/types/host/index.d.ts`],
    'binderlab/protocol': [`${dist}/assembly/abi/protocol.d.ts`],
    'binderlab/errno': [`${dist}/assembly/abi/errno.d.ts`],
  };
}
