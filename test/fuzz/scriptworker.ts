/** The thread of malformedscripts.ts: spoils a script anew for each number, and runs it as `binderlab run` does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { guestModule } from '../../host/cli/boot.ts';
import { failureOf } from '../../host/cli/failure.ts';
import { bootFor, loadScript, runScript } from '../../host/cli/script.ts';
import { Dice } from '../../host/fuzz/dice.ts';
import { spoiltText } from './malformed.ts';
import { type ScriptOutcome, type ScriptShare, sourceOfScript } from './malformedscripts.ts';

const { from, to } = workerData as ScriptShare;
const source = sourceOfScript();
const folder = mkdtempSync(join(tmpdir(), 'binderlab-scripts-'));
try {
  for (let number = from; number < to; number++) {
    const file = join(folder, `script-${number}.ts`);
    writeFileSync(file, spoiltText(new Dice(number), source));
    parentPort?.postMessage({ number, said: await said(file) } satisfies ScriptOutcome);
    rmSync(file);
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function said(file: string): Promise<string | null> {
  try {
    const machine = bootFor({ wasm: guestModule(), memoryMiB: 8, name: file });
    return await runScript(await loadScript(file), machine);
  } catch (error) {
    return failureOf(error).message;
  }
}
