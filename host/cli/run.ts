/** `binderlab run`: boots a machine, hands it to a script, and shows what the script made it do. */
import { Console } from 'node:console';
import { existsSync } from 'node:fs';
import { defineCommand } from 'citty';
import { BinderlabError } from '../kernel/error.ts';
import { SCRIPT_TAG } from '../kernel/log.ts';
import { type BootOptions, Machine } from '../machine.ts';
import { Strace } from '../trace/strace.ts';
import { importScript } from './bundle.ts';
import { DUMP_HINT, dumpChoice, readDumps } from './dumps.ts';
import { isJournalName, writeJournal } from './files.ts';
import { MACHINE_FLAGS, machineChoice, machineOptions } from './machineflags.ts';
import { findFile } from './packagefile.ts';
import { describeScriptError, describeScriptPlace } from './scripterror.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from './usage.ts';

export type Script = (machine: Machine) => unknown;

/** What `--json` prints. */
interface RunReport {
  script: string;
  strategy: string;
  seed: number;
  /** MiB. */
  memory: number;
  steps: number;
  /** What went wrong in the script; null when it ran to its end. */
  error: string | null;
  /** With --dump: text by file of debugfs. */
  dumps?: Record<string, string>;
}

export const runCommand = defineCommand({
  meta: { name: 'run', description: 'Run a script: a module (.ts, .js) that exports default (machine) => ...' },
  args: {
    script: { type: 'positional', required: true, description: 'The script' },
    strace: { type: 'boolean', description: 'Print each system call as it is made, decoded' },
    bytes: { type: 'boolean', description: 'With --strace: also the bytes' },
    journal: {
      type: 'string',
      valueHint: 'FILE',
      description: 'Write the journal of the run (.jsonl, .jsonl.gz, or -)',
    },
    dump: {
      type: 'string',
      valueHint: DUMP_HINT,
      description: 'Print files of debugfs when the script is done: those named, with commas between them',
    },
    json: {
      type: 'boolean',
      description: 'Print one JSON document: {script, strategy, seed, memory, steps, error}, with --dump also dumps',
    },
    ...MACHINE_FLAGS,
  },
  async run({ args }) {
    if (args._.length > 1) throw new UsageError(`one script at a time, not also ${args._.slice(1).join(' ')}`);
    if (args.journal !== undefined && args.journal !== '-' && !isJournalName(args.journal)) {
      throw new UsageError(`--journal ${args.journal}: a journal's name ends in .jsonl or .jsonl.gz`);
    }
    if (args.json && args.journal === '-') throw new UsageError('--json and --journal - both want standard output');
    if (args.dump !== undefined && args.journal === '-') {
      throw new UsageError('--dump and --journal - both want standard output');
    }
    if (args.bytes && !args.strace) throw new UsageError('--bytes goes with --strace');
    const files = args.dump === undefined ? null : dumpChoice(args.dump);
    const choice = machineChoice(args);
    const options = machineOptions(choice);
    const script = await loadScript(args.script);

    const machine = bootFor({ ...options, name: args.script, journal: args.journal !== undefined });
    let stopTrace = () => {};
    const chatter = args.json || args.journal === '-' ? process.stderr : process.stdout;
    if (args.strace) {
      const strace = new Strace({ bytes: args.bytes ?? false });
      stopTrace = machine.on('step', (step) => chatter.write(`${strace.lines(step).join('\n')}\n`));
    }
    let complaints = 0;
    machine.on('log', ({ level, tag, text, stack }) => {
      if (tag !== SCRIPT_TAG) return;
      if (level === 'error') complaints++;
      process.stderr.write(`${describeScriptPlace(text, stack)}\n`);
    });
    const error = await runScript(script, machine, chatter);
    if (args.journal !== undefined) writeJournal(args.journal, machine.journal);
    const report: RunReport = { script: args.script, ...choice, steps: machine.nextStep, error };
    stopTrace();
    if (files !== null) {
      report.dumps = readDumps(machine, files);
      if (!args.json) process.stdout.write(Object.values(report.dumps).join(''));
    }
    if (error !== null) process.stderr.write(`${error}\n`);
    if (args.json) console.log(JSON.stringify(report, null, 2));
    if (error === null) machine.end();
    process.exitCode = error === null && complaints === 0 ? EXIT_FINE : EXIT_NO;
  },
});

/** So many callers of an error are kept: libbinder's own come first, and the script's line is what its author looks for. */
const SCRIPT_STACK_FRAMES = 60;

/** @throws UsageError when the flags make no machine, e.g. with too little memory. */
export function bootFor(options: BootOptions): Machine {
  try {
    return Machine.boot(options);
  } catch (error) {
    if (error instanceof BinderlabError) throw new UsageError(error.message);
    throw error;
  }
}

/** @throws UsageError when there is no such script, or it is none. */
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
  if (typeof module.default !== 'function') {
    throw new UsageError(`${file} exports no function as default; a script is: export default (machine) => { ... }`);
  }
  return module.default as Script;
}

/**
 * Runs a script to its end. What it prints goes where the chatter goes.
 *
 * @returns what went wrong, for people; null when nothing did
 */
export async function runScript(script: Script, machine: Machine, chatter: NodeJS.WriteStream): Promise<string | null> {
  const own = globalThis.console;
  globalThis.console = new Console(chatter, process.stderr);
  const stuck = (): void => {
    process.stderr.write('binderlab: the script waits for a promise that nothing will settle\n');
    process.exit(EXIT_NO);
  };
  process.once('beforeExit', stuck);
  try {
    await script(machine);
    return null;
  } catch (error) {
    return describeScriptError(error);
  } finally {
    process.off('beforeExit', stuck);
    globalThis.console = own;
  }
}
