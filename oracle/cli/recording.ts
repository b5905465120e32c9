/** Records scenarios in order: prints errors to stderr, counts journals. */
import { withProgress } from '../../host/cli/progress.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { Kernel, KernelError, type KernelOptions } from '../kernel.ts';
import type { Scenario } from '../scenarios/scenario.ts';

export interface RecordingCounts {
  recorded: number;
  steps: number;
  failed: number;
  warned: number;
}

/**
 * Records scenarios; those without security contexts come first, so that each machine is booted once.
 *
 * @param take Receives each journal.
 */
export async function recordAll(
  scenarios: readonly Scenario[],
  options: KernelOptions,
  take: (journal: Journal) => void,
): Promise<RecordingCounts> {
  const counts: RecordingCounts = { recorded: 0, steps: 0, failed: 0, warned: 0 };
  const kernel = new Kernel(options);
  try {
    for (const scenario of withProgress('recorded', scenarios)) {
      await recordOne(kernel, scenario, counts, take);
    }
    for (const line of await kernel.trouble()) complain(`the kernel's log: ${line}`);
  } finally {
    await kernel.close();
  }
  return counts;
}

async function recordOne(
  kernel: Kernel,
  scenario: Scenario,
  counts: RecordingCounts,
  take: (journal: Journal) => void,
): Promise<void> {
  try {
    const { journal, warnings } = await kernel.record(scenario);
    counts.recorded++;
    counts.steps += journal.steps.length;
    if (warnings.length > 0) counts.warned++;
    for (const warning of warnings) complain(`${scenario.name}, ${warning}`);
    take(journal);
  } catch (error) {
    if (!(error instanceof Error) || error.name === 'NotSetUpError') throw error;
    counts.failed++;
    const at =
      error instanceof KernelError && error.journal !== null ? ` after ${error.journal.steps.length} steps` : '';
    complain(`${scenario.name} failed${at}: ${error.message}`);
  }
}

export function complain(text: string): void {
  process.stderr.write(`oracle: ${text}\n`);
}

export function countsText({ recorded, steps, failed, warned }: RecordingCounts): string {
  return `${recorded} scenarios, ${steps} steps recorded; ${failed} failed, ${warned} with warnings`;
}
