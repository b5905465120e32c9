/** Scripts: loading one, booting its machine, and running it to its end. */
import { existsSync } from 'node:fs';
import { types } from 'node:util';
import { type BootOptions, Machine } from '../machine.ts';
import { BinderlabError } from '../wire/error.ts';
import { importScript } from './bundle.ts';
import { isFolder, isJournalName } from './files.ts';
import { findFile } from './packagefile.ts';
import { describeScriptError, isOfBinderlab } from './scripterror.ts';
import { Escapes } from './uncaught.ts';
import { EXIT_NO, UsageError } from './usage.ts';

export type Script = (machine: Machine) => unknown;

const SCRIPT_FORM = 'a script is: export default (machine) => { ... }';

/** The number of kept frames of an error: the script's line, which its author needs, comes after libbinder's frames. */
const SCRIPT_STACK_FRAMES = 60;

/** @throws UsageError when the flags are invalid for a machine, e.g. with too little memory. */
export function bootFor(options: BootOptions): Machine {
  try {
    return Machine.boot(options);
  } catch (error) {
    if (error instanceof BinderlabError) throw new UsageError(error.message);
    throw error;
  }
}

/** @throws UsageError when the file does not exist, or is not a script. */
export async function loadScript(name: string): Promise<Script> {
  const file = findFile(name);
  if (!existsSync(file)) throw new UsageError(`there is no script ${file}`);
  if (isFolder(file)) throw new UsageError(`${file} is a folder; name the script in it`);
  if (isJournalName(file)) throw new UsageError(`${file} is a journal, and no script; step, view and replay take it`);
  Error.stackTraceLimit = SCRIPT_STACK_FRAMES;
  let module: { default?: unknown };
  try {
    module = await importScript(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} fails before it is given a machine\n${describeScriptError(error)}`);
  }
  const found = wrongExport(module.default);
  if (found !== null) throw new UsageError(`${file} exports ${found} as default; ${SCRIPT_FORM}`);
  return module.default as Script;
}

/** What an export is that is no script; null for one that may be. */
function wrongExport(value: unknown): string | null {
  if (typeof value !== 'function') return 'no function';
  if (/^class\b/.test(Function.prototype.toString.call(value))) return 'a class';
  if (!types.isGeneratorFunction(value)) return null;
  return 'a generator, which does nothing by itself (machine.simulate().process(name, program) runs one),';
}

/**
 * Runs a script to its end.
 *
 * @returns the error as text for people; null without one
 */
export async function runScript(script: Script, machine: Machine): Promise<string | null> {
  const stuck = (): void => {
    process.stderr.write('binderlab: the script waits for a promise that nothing will settle\n');
    process.exit(EXIT_NO);
  };
  process.once('beforeExit', stuck);
  const escapes = new Escapes(isOfBinderlab);
  try {
    await Promise.race([script(machine), escapes.first]);
    machine.properties.conclude();
    escapes.forget();
    return null;
  } catch (error) {
    escapes.fail();
    return describeScriptError(error);
  } finally {
    process.off('beforeExit', stuck);
  }
}
