/**
 * `npm run seeds -- COUNT [EXAMPLE...]`: runs examples under the seeds 1 to COUNT (100 when not given), and tells
 * under which of them one does not hold what it asserts.
 */
import { exampleNames, runExample } from './script.ts';

const [count = '100', ...wanted] = process.argv.slice(2);
const seeds = Number(count);
if (!Number.isInteger(seeds) || seeds < 1) {
  console.error(`usage: npm run seeds -- COUNT [EXAMPLE...]; "${count}" is no count`);
  process.exit(2);
}

for (const name of wanted.length > 0 ? wanted : exampleNames()) {
  let failed = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    try {
      await runExample(name, seed, { journal: false });
    } catch (error) {
      failed++;
      console.log(`${name} --seed ${seed}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  console.log(`${name}: ${seeds - failed} of ${seeds} seeds hold`);
  if (failed > 0) process.exitCode = 1;
}
