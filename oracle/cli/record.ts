/** `oracle record` and `oracle random`: scenarios in, the kernel's journals out. */
import { join } from 'node:path';
import { writeJournal } from '../../host/cli/files.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../../host/cli/usage.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { randomScenario } from '../scenarios/random/walk.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import { chosenScenarios, SCENARIO_WORDS } from './choice.ts';
import { ARCH_OPTION, type Command, type CommandLine, GZ_OPTION, type Option, seedRange } from './options.ts';
import { countsText, recordAll } from './recording.ts';

const OUT_OPTION: Option = { type: 'string', value: 'DIR', about: 'Where the journals go: NAME.jsonl each' };
const KLOG_OPTION: Option = {
  type: 'boolean',
  about: 'Record what the driver prints, too; takes more than half a second a line',
};

/** Writes a journal to a folder under its name. */
export function writeTo(folder: string, journal: Journal, isCompressed: boolean): void {
  writeJournal(join(folder, `${journal.header.name}.jsonl${isCompressed ? '.gz' : ''}`), journal);
}

async function recordTo(line: CommandLine, scenarios: readonly Scenario[]): Promise<void> {
  const out = line.need('out');
  const options = { flavour: line.flavour(), klog: line.has('klog') };
  const counts = await recordAll(scenarios, options, (journal) => writeTo(out, journal, line.has('gz')));
  console.log(`${countsText(counts)}; in ${out}`);
  process.exitCode = counts.failed === 0 ? EXIT_FINE : EXIT_NO;
}

export const recordCommand: Command = {
  usage: 'record SCENARIO... --out DIR [--only NAME] [--gz] [--klog] [--arch A]',
  about: `Records hand-written scenarios. SCENARIO is ${SCENARIO_WORDS}.`,
  options: {
    out: OUT_OPTION,
    only: { type: 'string', value: 'NAME', about: 'Only scenarios whose name has this in it' },
    gz: GZ_OPTION,
    klog: KLOG_OPTION,
    arch: ARCH_OPTION,
  },
  async run(line) {
    if (line.words.length === 0) throw new UsageError(`which scenarios? ${SCENARIO_WORDS}`);
    await recordTo(line, chosenScenarios(line.words, line.get('only')));
  },
};

export const randomCommand: Command = {
  usage: 'random A-B --out DIR [--gz] [--klog] [--arch A]',
  about:
    'Records random programs, one for each seed from A to B: up to 999 ordinary ones, up to 1999 with security contexts, then long ones.',
  options: { out: OUT_OPTION, gz: GZ_OPTION, klog: KLOG_OPTION, arch: ARCH_OPTION },
  async run(line) {
    const [range, another] = line.words;
    if (range === undefined || another !== undefined) throw new UsageError('one range of seeds, such as 1-20');
    await recordTo(line, seedRange(range).map(randomScenario));
  },
};
