/** Runs examples in this process: as quick as it gets, for many seeds. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type BootOptions, Machine } from 'binderlab';
import { guestModule } from '../../host/cli/boot.ts';

const COMPILED = join(import.meta.dirname, '../../examples');

/** The names of all examples, without their endings. */
export function exampleNames(): string[] {
  return readdirSync(COMPILED)
    .filter((file) => file.endsWith('.js'))
    .map((file) => file.slice(0, -'.js'.length))
    .sort();
}

/**
 * Runs an example.
 *
 * @returns What it printed, and the journal's steps as text, if it is kept.
 * @throws What the example throws: it asserts what it shows.
 */
export async function runExample(
  name: string,
  seed: number,
  options: Partial<BootOptions> = {},
): Promise<{ printed: string; steps: string }> {
  const { journal = true, ...rest } = options;
  const machine = Machine.boot({ wasm: guestModule(), seed, journal, ...rest });
  const printed = await runOn(machine, name);
  return { printed, steps: journal ? JSON.stringify(machine.journal.steps) : '' };
}

/** Runs an example on a machine that has been booted for it. @returns What it printed. */
export async function runOn(machine: Machine, name: string): Promise<string> {
  const module = await import(pathToFileURL(join(COMPILED, `${name}.js`)).href);
  const lines: string[] = [];
  const { log } = console;
  console.log = (...words: unknown[]) => lines.push(words.join(' '));
  try {
    await module.default(machine);
  } finally {
    console.log = log;
  }
  return lines.join('\n');
}
