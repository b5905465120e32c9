/** Scripts: loading one, booting its machine, and running it to its end. */
import { existsSync } from 'node:fs';
import { type BootOptions, Machine } from '../machine.ts';
import { BinderlabError } from '../wire/error.ts';
import { importScript } from './bundle.ts';
import { findFile } from './packagefile.ts';
import { describeScriptError } from './scripterror.ts';
import { EXIT_NO, UsageError } from './usage.ts';

export type Script = (machine: Machine) => unknown;

/** So many callers of an error are kept: libbinder's own come first, and the script's line is what its author looks for. */
const SCRIPT_STACK_FRAMES = 60;

/** @throws UsageError when the flags make no machine, e.g. with too little memory. */
export function bootFor(options: BootOptions): Machine {
  try {
    return Machine.boot(options);
  } catch (error) {
    if (error instanceof BinderlabError) throw new UsageError(error.message);
    throw error;
  }
}

/** @throws UsageError when there is no such script, or it is none. */
export async function loadScript(name: string): Promise<Script> {
  const file = findFile(name);
  if (!existsSync(file)) throw new UsageError(`there is no script ${file}`);
  Error.stackTraceLimit = SCRIPT_STACK_FRAMES;
  let module: { default?: unknown };
  try {
    module = await importScript(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} fails before it is given a machine\n${describeScriptError(error)}`);
  }
  if (typeof module.default !== 'function') {
    throw new UsageError(`${file} exports no function as default; a script is: export default (machine) => { ... }`);
  }
  return module.default as Script;
}

/**
 * Runs a script to its end.
 *
 * @returns what went wrong, for people; null when nothing did
 */
export async function runScript(script: Script, machine: Machine): Promise<string | null> {
  const stuck = (): void => {
    process.stderr.write('binderlab: the script waits for a promise that nothing will settle\n');
    process.exit(EXIT_NO);
  };
  process.once('beforeExit', stuck);
  try {
    await script(machine);
    return null;
  } catch (error) {
    return describeScriptError(error);
  } finally {
    process.off('beforeExit', stuck);
  }
}
