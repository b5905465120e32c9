/** `oracle diff`: compares the emulator with the kernel. */
import { guestModule } from '../../host/cli/boot.ts';
import { findJournals, readJournal } from '../../host/cli/files.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../../host/cli/usage.ts';
import { Machine } from '../../host/machine.ts';
import { replay } from '../../host/replay.ts';
import type { Journal } from '../../host/trace/journal.ts';
import { randomScenario } from '../scenarios/random/walk.ts';
import { chosenScenarios, SCENARIO_WORDS } from './choice.ts';
import { ARCH_OPTION, type Command, type CommandLine, GZ_OPTION, seedRange } from './options.ts';
import { writeTo } from './record.ts';
import { recordAll } from './recording.ts';

interface Tally {
  journals: number;
  steps: number;
  /** Names of the journals that differ. */
  different: string[];
}

export const diffCommand: Command = {
  usage: 'diff [JOURNAL...] [--scenario NAME] [--random A-B] [--out DIR] [--gz] [--arch A]',
  about: `Replays the kernel's journals on the emulator and prints where each first differs. Journals are read from files, or recorded on the spot.`,
  options: {
    scenario: { type: 'string', value: 'NAME', about: `Record hand-written scenarios: ${SCENARIO_WORDS}` },
    random: { type: 'string', value: 'A-B', about: 'Record random programs with these seeds' },
    out: { type: 'string', value: 'DIR', about: 'Keep the journals that differ' },
    gz: GZ_OPTION,
    arch: ARCH_OPTION,
  },
  async run(line) {
    const [named, range] = [line.get('scenario'), line.get('random')];
    const scenarios = [
      ...(named === undefined ? [] : chosenScenarios([named])),
      ...(range === undefined ? [] : seedRange(range).map(randomScenario)),
    ];
    if (line.words.length === 0 && scenarios.length === 0) {
      throw new UsageError('compare what? Name journals, --scenario NAME or --random A-B');
    }
    const tally: Tally = { journals: 0, steps: 0, different: [] };
    for (const path of line.words.length === 0 ? [] : findJournals(line.words))
      compare(await readJournal(path), line, tally);
    let failed = 0;
    if (scenarios.length > 0) {
      const counts = await recordAll(scenarios, { flavour: line.flavour() }, (journal) =>
        compare(journal, line, tally),
      );
      failed = counts.failed;
    }
    console.log(summary(tally));
    process.exitCode = tally.different.length === 0 && failed === 0 ? EXIT_FINE : EXIT_NO;
  },
};

function compare(journal: Journal, line: CommandLine, tally: Tally): void {
  const boot = () => Machine.fromHeader(journal.header, { wasm: guestModule(), journal: false });
  const { different, text } = replay(journal, boot);
  tally.journals++;
  tally.steps += journal.steps.length;
  if (different.length === 0) return;
  tally.different.push(journal.header.name);
  console.log(`${text.join('\n')}\n`);
  const out = line.get('out');
  if (out !== undefined) writeTo(out, journal, line.has('gz'));
}

function summary({ journals, steps, different }: Tally): string {
  const all = `${journals} ${journals === 1 ? 'journal' : 'journals'}, ${steps} steps`;
  if (different.length === 0) return `${all}: the emulator does what the kernel does`;
  return `${all}: ${different.length} differ: ${different.join(', ')}`;
}
