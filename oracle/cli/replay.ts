/** `oracle replay`: compares the kernel's answers with those of a journal. */
import { findJournals, readJournal } from '../../host/cli/files.ts';
import { withProgress } from '../../host/cli/progress.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../../host/cli/usage.ts';
import type { Journal, Step } from '../../host/trace/journal.ts';
import { type RecordingDifference, recordingDifference } from '../difference.ts';
import { Kernel, KernelError } from '../kernel.ts';
import { ARCH_OPTION, type Command, GZ_OPTION } from './options.ts';
import { writeTo } from './record.ts';
import { complain } from './recording.ts';

/** Characters of a value that are shown. */
const SHOWN_MAX = 400;

export const replayCommand: Command = {
  usage: 'replay JOURNAL... [--out DIR] [--gz] [--klog] [--arch A]',
  about: 'Runs journals (files, or folders of them) on the kernel again, from their inputs, and compares.',
  options: {
    out: { type: 'string', value: 'DIR', about: "Write the journals with the kernel's answers" },
    gz: GZ_OPTION,
    klog: { type: 'boolean', about: 'Record what the driver prints, too; takes more than half a second a line' },
    arch: ARCH_OPTION,
  },
  async run(line) {
    if (line.words.length === 0) throw new UsageError('which journals?');
    const paths = findJournals(line.words);
    const out = line.get('out');
    const kernel = new Kernel({ flavour: line.flavour(), klog: line.has('klog') });
    let [same, steps] = [0, 0];
    try {
      for (const path of withProgress('replayed', paths)) {
        const journal = await readJournal(path);
        const again = await runOrComplain(kernel, journal);
        if (again !== null) {
          steps += again.steps.length;
          if (out !== undefined) writeTo(out, again, line.has('gz'));
          if (tellDifference(journal, again)) same++;
        }
      }
    } finally {
      await kernel.close();
    }
    console.log(`${same} of ${paths.length} journals, ${steps} steps, are the same again`);
    process.exitCode = same === paths.length ? EXIT_FINE : EXIT_NO;
  },
};

async function runOrComplain(kernel: Kernel, journal: Journal): Promise<Journal | null> {
  try {
    return await kernel.run(journal);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    complain(`${journal.header.name} failed: ${error.message}`);
    return null;
  }
}

/** Prints the first difference. @returns whether there is none; a journal without outputs has none */
function tellDifference(journal: Journal, again: Journal): boolean {
  const isBare = journal.steps.every(({ out, parked, woken }) => !out && !parked && !woken);
  if (isBare && journal.steps.length === again.steps.length) return true;
  const found = recordingDifference(journal, again);
  if (found === null) return true;
  console.log(differenceText(journal, found));
  return false;
}

function differenceText({ header, steps }: Journal, { step, field, expected, actual }: RecordingDifference): string {
  const at = steps.find(({ i }) => i === step);
  const name = `${header.name}, step ${step}${at === undefined ? '' : ` (${stepName(at)})`}`;
  if (['op', 'by', 'in', 'length'].includes(field)) return `${name}: the recorder left it out, as it cannot be made`;
  return `${name}: ${field} differs\n  recorded  ${shown(expected)}\n  now       ${shown(actual)}`;
}

function stepName({ op, by }: Step): string {
  return by === undefined ? op : `${op} by ${by}`;
}

function shown(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}...` : text;
}
