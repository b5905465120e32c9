/** `oracle hunt`: compares the emulator with the kernel for generated programs. */
import { join } from 'node:path';
import { guestModule } from '../../host/cli/boot.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../../host/cli/usage.ts';
import { Hunt, type HuntResult } from '../hunt/hunt.ts';
import { huntJson, huntText, keepFinding, ProgressLine } from '../hunt/report.ts';
import { SourceFolders } from '../hunt/sources.ts';
import { Kernel } from '../kernel.ts';
import type { Command, CommandLine } from './options.ts';

const CONFORMANCE = join(import.meta.dirname, '../../../test/conformance');
/** Recordings from which programs are made. */
const SOURCES = [join(CONFORMANCE, 'hand'), join(CONFORMANCE, 'random')];
const FOUND = join(CONFORMANCE, 'found');
const DEFAULT_MINUTES = 10;
const DEFAULT_SHRINK_SECONDS = 180;
const MINUTE_MS = 60_000;
const SECOND_MS = 1000;
const NUMBER_MAX = 0xffff_ffff;

/** The options of a command line. */
export interface HuntChoice {
  readonly limitMs: number;
  readonly programs: number;
  readonly seed: number;
  readonly keepGoing: boolean;
  readonly shrinkMs: number;
  /** Folder of the findings. */
  readonly out: string;
}

export const huntCommand: Command = {
  usage: 'hunt [--minutes N | --programs N] [--seed S] [--keep-going] [--shrink-seconds N] [--out DIR] [--json]',
  about:
    'Makes up programs on the emulator, runs them on the kernel, and compares. The first that differs is made small and kept.',
  options: {
    minutes: { type: 'string', value: 'N', about: `How long to hunt; ${DEFAULT_MINUTES} when absent` },
    programs: { type: 'string', value: 'N', about: 'How many programs to run, in place of a time' },
    seed: { type: 'string', value: 'S', about: 'Decides which programs are made; 1 when absent' },
    'keep-going': { type: 'boolean', about: 'After a finding, look for further ones of other kinds' },
    'shrink-seconds': {
      type: 'string',
      value: 'N',
      about: `How long a finding may take to be made small; ${DEFAULT_SHRINK_SECONDS} when absent`,
    },
    out: { type: 'string', value: 'DIR', about: 'Where findings are kept; test/conformance/found when absent' },
    json: { type: 'boolean', about: 'Print the result as JSON' },
  },
  async run(line) {
    const choice = huntChoice(line);
    const kernel = new Kernel();
    try {
      const result = await hunt(choice, kernel);
      const { seed, out } = choice;
      console.log(
        line.has('json') ? JSON.stringify(huntJson(result, seed, out), null, 2) : huntText(result, seed, out),
      );
      process.exitCode = result.findings.length > 0 ? EXIT_NO : EXIT_FINE;
    } finally {
      await kernel.close();
    }
  },
};

function hunt(choice: HuntChoice, truth: Kernel): Promise<HuntResult> {
  const progress = new ProgressLine();
  return new Hunt({
    wasm: guestModule(),
    sources: new SourceFolders(SOURCES),
    truth,
    ...choice,
    now: () => performance.now(),
    found: (finding) => keepFinding(finding, choice.out),
    progress: (state) => progress.show(state),
  })
    .run()
    .finally(() => progress.end());
}

/** @throws UsageError for invalid values, and for unknown words */
export function huntChoice(line: CommandLine): HuntChoice {
  const [word] = line.words;
  if (word !== undefined) throw new UsageError(`hunt takes options alone, not "${word}"`);
  const programs = line.get('programs');
  const minutes = line.get('minutes');
  if (minutes !== undefined && programs !== undefined) {
    throw new UsageError('--minutes and --programs contradict each other; give one of them');
  }
  const limit = positive('--minutes', minutes ?? String(DEFAULT_MINUTES)) * MINUTE_MS;
  return {
    limitMs: programs === undefined ? limit : Number.POSITIVE_INFINITY,
    programs: programs === undefined ? Number.POSITIVE_INFINITY : whole('--programs', programs),
    seed: whole('--seed', line.get('seed') ?? '1'),
    keepGoing: line.has('keep-going'),
    shrinkMs: SECOND_MS * positive('--shrink-seconds', line.get('shrink-seconds') ?? String(DEFAULT_SHRINK_SECONDS)),
    out: line.get('out') ?? FOUND,
  };
}

/** @throws UsageError */
function whole(option: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value <= NUMBER_MAX) return value;
  throw new UsageError(`${option} must be a whole number from 0 to ${NUMBER_MAX}, not "${text}"`);
}

/** @throws UsageError */
function positive(option: string, text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value > 0) return value;
  throw new UsageError(`${option} must be a number above 0, not "${text}"`);
}
