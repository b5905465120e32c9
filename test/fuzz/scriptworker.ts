/** The thread of malformedscripts.ts: makes wrong scripts anew from their numbers, and runs them as `binderlab run` does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { guestModule } from '../../host/cli/boot.ts';
import { failureOf } from '../../host/cli/failure.ts';
import { bootFor, loadScript, runScript, type Script } from '../../host/cli/script.ts';
import { Dice } from '../../host/fuzz/dice.ts';
import type { Machine } from '../../host/machine.ts';
import { sys } from '../../host/sim/scriptsys.ts';
import { bc } from '../../host/wire/commands.ts';
import { spoiltText } from './malformed.ts';
import { EACH_CALLS, type ScriptOutcome, type ScriptShare, sourceOfScript } from './malformedscripts.ts';
import { methodsOf, OBJECTS, wrongCalls, wrongImport } from './wrongscripts.ts';

const { kind, from, to } = workerData as ScriptShare;
const source = sourceOfScript();
const folder = mkdtempSync(join(tmpdir(), 'binderlab-scripts-'));
const wasm = guestModule();
try {
  for (let number = from; number < to; number++) {
    const dice = new Dice(number);
    if (kind === 'calls') await makeCalls(number, dice);
    else tell(number, await said(number, kind === 'spoilt' ? spoiltText(dice, source) : wrongImport(dice)));
  }
} finally {
  rmSync(folder, { recursive: true });
}

/** The scripts of a file, those before `first` excepted. */
async function makeCalls(number: number, dice: Dice): Promise<void> {
  const first = number % EACH_CALLS;
  if (first > 0 && number > from) return;
  const file = fileOf(number - first, wrongCalls(new Dice(number - first), EACH_CALLS, methods()));
  void dice;
  const script = (await loadScript(file)) as (machine: Machine, number: number) => unknown;
  for (let at = first; at < EACH_CALLS && number - first + at < to; at++) {
    tell(number - first + at, await outcome(file, async () => (machine) => script(machine, at)));
  }
  rmSync(file);
}

function methods(): Record<string, readonly string[]> {
  const machine = bootFor({ wasm, memoryMiB: 8 });
  const process = machine.spawn('app');
  const thread = process.main;
  const sim = machine.simulate();
  const all = [machine, process, thread, thread.sys, sim, machine.inspect, bc, sys];
  return Object.fromEntries(OBJECTS.map((name, index) => [name, methodsOf(all[index] as object)]));
}

function fileOf(number: number, text: string): string {
  const file = join(folder, `script-${number}.ts`);
  writeFileSync(file, text);
  return file;
}

async function said(number: number, text: string): Promise<string | null> {
  const file = fileOf(number, text);
  const come = await outcome(file, () => loadScript(file));
  rmSync(file);
  return come;
}

async function outcome(file: string, load: () => Promise<Script>): Promise<string | null> {
  try {
    const machine = bootFor({ wasm, memoryMiB: 8, name: file });
    return await runScript(await load(), machine);
  } catch (error) {
    return failureOf(error).message;
  }
}

function tell(number: number, what: string | null): void {
  parentPort?.postMessage({ number, said: what } satisfies ScriptOutcome);
}
