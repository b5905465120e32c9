/** Scripts: loading one, booting its machine, and running it to its end. */
import { existsSync } from 'node:fs';
import { type BootOptions, Machine } from '../machine.ts';
import { BinderlabError } from '../wire/error.ts';
import { importScript } from './bundle.ts';
import { findFile } from './packagefile.ts';
import { describeScriptError } from './scripterror.ts';
import { EXIT_NO, UsageError } from './usage.ts';

export type Script = (machine: Machine) => unknown;

/** The number of kept frames of an error: the script's line, which its author needs, comes after libbinder's frames. */
const SCRIPT_STACK_FRAMES = 60;

/** Functions that a call does not run. */
const GENERATORS = [function* () {}, async function* () {}].map((one) => one.constructor as typeof Function);

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
  Error.stackTraceLimit = SCRIPT_STACK_FRAMES;
  let module: { default?: unknown };
  try {
    module = await importScript(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${file} fails before it is given a machine\n${describeScriptError(error)}`);
  }
  const found = kindOf(module.default);
  if (found !== null) {
    throw new UsageError(`${file} exports ${found} as default; a script is: export default (machine) => { ... }`);
  }
  return module.default as Script;
}

/** What an export is that is no script; null for one that may be. */
function kindOf(value: unknown): string | null {
  if (typeof value !== 'function') return 'no function';
  const source = Function.prototype.toString.call(value);
  if (/^class\b/.test(source)) return 'a class';
  // called, it would only make a generator
  return GENERATORS.some((kind) => value instanceof kind) ? 'a generator function' : null;
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
  try {
    await script(machine);
    machine.properties.conclude();
    return null;
  } catch (error) {
    return describeScriptError(error);
  } finally {
    process.off('beforeExit', stuck);
  }
}
