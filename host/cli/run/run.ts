/** `binderlab run`: boots a machine, runs a script on it, and shows the system calls. */

import type { Machine } from '../../machine.ts';
import { callBegin } from '../../trace/call.ts';
import { ReadableStrace } from '../../trace/readablestrace.ts';
import { Strace } from '../../trace/strace.ts';
import { SCRIPT_TAG } from '../../wire/log.ts';
import { defineCommand, type Options, type Values } from '../command.ts';
import { DUMP_NAMES, dumpChoice, readDumps } from '../dumps.ts';
import { failureOf } from '../failure.ts';
import { checkJournalTarget } from '../files.ts';
import { JournalOutput } from '../journaloutput.ts';
import {
  BUG_OPTION,
  bugOptions,
  MACHINE_OPTIONS,
  type MachineChoice,
  machineChoice,
  machineOptions,
} from '../machineoptions.ts';
import { wholeNumber } from '../number.ts';
import { exitWhenWritten, reserveStdout } from '../output.ts';
import { bootFor, loadScript, runScript } from '../script.ts';
import { describeScriptPlace } from '../scripterror.ts';
import { checkTrace, TRACE_OPTIONS, traceTo } from '../trace.ts';
import { EXIT_FINE, EXIT_NO, UsageError } from '../usage.ts';
import { watch } from '../watchdog.ts';
import { stracePaint } from './stracepaint.ts';

const TIMEOUT_MAX_S = 86_400;
/** Without --journal the last steps are there, for messages. More bytes would push those of the script out of the caches. */
const LAST_KEPT = { last: 4096, bytes: 128 * 1024 };
const MS_PER_S = 1000;

/** What `--json` prints. */
interface RunReport {
  script: string;
  strategy: string;
  seed: number;
  /** MiB. */
  memory: number;
  steps: number;
  /** The script's error; null when it ran to its end. */
  error: string | null;
  /** With --dump: text by file of debugfs. */
  dumps?: Record<string, string>;
  /** With --dmesg: the last lines of the kernel log, each line once. */
  dmesg?: readonly string[];
}

const OPTIONS = {
  strace: { type: 'boolean', description: 'print each system call as it is made, for people' },
  'strace-raw': { type: 'boolean', description: 'the same with every field, as strace would print it' },
  bytes: { type: 'boolean', description: 'with either: also the bytes' },
  journal: {
    type: 'string',
    hint: 'FILE',
    description: 'write the journal while it runs (.journal), or then (.jsonl, .jsonl.gz, -)',
  },
  ...TRACE_OPTIONS,
  dump: {
    type: 'string',
    hint: 'NAME,...',
    description: `print files of debugfs when the script is done: ${DUMP_NAMES.join(', ')}`,
  },
  dmesg: { type: 'boolean', description: 'print the kernel log when the script is done, each line once' },
  ...BUG_OPTION,
  timeout: { type: 'string', hint: 'SECONDS', description: 'end a script that takes longer' },
  json: {
    type: 'boolean',
    description:
      'print one JSON document: {script, strategy, seed, memory, steps, error}, with --dump and --dmesg also dumps and dmesg',
  },
  ...MACHINE_OPTIONS,
} as const satisfies Options;

/** A script on its machine, and the requested outputs. */
interface Run {
  file: string;
  args: Values<typeof OPTIONS>;
  choice: MachineChoice;
  machine: Machine;
  /** Where the journal goes; null for nowhere. */
  journal: JournalOutput | null;
  /** Writes the trace, if there is one. */
  endTrace: () => void;
  /** Writes to standard output, which is reserved. */
  print: (text: string) => void;
}

export const runCommand = defineCommand({
  words: { hint: 'SCRIPT', min: 1, max: 1, description: 'the script' },
  options: OPTIONS,
  scriptArgs: true,
  contrary: [['strace', 'strace-raw']],
  examples: [
    ['run examples/raw-first-call.ts --strace', 'with every system call that it makes'],
    ['run examples/first-call.ts --journal run.jsonl', 'to be stepped through or replayed later'],
    ['run work.ts -- fast 3', "machine.args is ['fast', '3']"],
  ],
  async run({ args, words: [file = ''], scriptArgs }) {
    checkOutputs(args);
    const dumped = args.dump === undefined ? null : dumpChoice(args.dump);
    const limit = args.timeout === undefined ? null : wholeNumber('--timeout', args.timeout, 1, TIMEOUT_MAX_S);
    const choice = machineChoice(args);
    const stdout = reserveStdout();
    if (!args.json && args.journal !== '-') stdout.release();
    const journal = args.journal === undefined ? null : new JournalOutput(args.journal);
    const keeping = journal === null ? LAST_KEPT : { file: journal.open() };
    const boot = { ...machineOptions(choice), ...bugOptions(args) };
    const machine = bootFor({ ...boot, name: file, args: scriptArgs, journal: keeping });
    const endTrace = traceTo(args.trace, machine);
    const run: Run = { file, args, choice, machine, journal, endTrace, print: stdout.print };

    const callOff = limit === null ? () => {} : endAfter(limit, run);
    machine.keepKernelLog(args.dmesg || args.strace || args['strace-raw'] || false);
    const script = await loadScript(file);
    const stopStrace = args.strace || args['strace-raw'] ? strace(machine, args) : () => {};
    const complaints = hearComplaints(machine);
    const error = await runScript(script, machine);
    callOff();
    stopStrace();
    finish(run, error, dumped);
    if (error === null) machine.end();
    if (complaints.count > 0) process.exitCode = EXIT_NO;
    if (error === null) return;
    stdout.release();
    exitWhenWritten();
  },
});

/** @throws UsageError when two documents need standard output, and for an impossible path of a journal or a trace. */
function checkOutputs({ journal, json, dump, dmesg, bytes, ...args }: Run['args']): void {
  checkTrace(args.trace);
  if (bytes && !args.strace && !args['strace-raw']) throw new UsageError('--bytes goes with --strace or --strace-raw');
  if (journal === undefined) return;
  if (journal === '-' && json) throw new UsageError('--json and --journal - both want standard output');
  if (journal === '-' && dump !== undefined) throw new UsageError('--dump and --journal - both want standard output');
  if (journal === '-' && dmesg) throw new UsageError('--dmesg and --journal - both want standard output');
  if (journal !== '-') checkJournalTarget('--journal', journal);
}

/** Prints the requested outputs, and sets the exit code. @param dumped Files of debugfs; null for none. */
function finish(run: Run, error: string | null, dumped: string[] | null): void {
  const { file, args, choice, machine, print } = run;
  const steps = machine.nextStep;
  const unwritten = endOutputs(run);
  const report: RunReport = { script: file, ...choice, steps, error };
  if (dumped !== null) report.dumps = readDumps(machine, dumped);
  if (args.dmesg) report.dmesg = [...new Set(machine.kernelLog)];
  if (error !== null && !unwritten.some((problem) => error.includes(problem))) process.stderr.write(`${error}\n`);
  print(args.json ? `${JSON.stringify(report, null, 2)}\n` : outputs(report));
  process.exitCode = error === null ? EXIT_FINE : EXIT_NO;
  if (unwritten.length > 0) throw new UsageError(unwritten.join('; '));
}

/** Completes the trace and the journal. @returns Why files cannot be written. */
function endOutputs({ machine, journal, endTrace, print }: Run): string[] {
  const endings = [
    endTrace,
    () => {
      if (journal === null) return;
      machine.keepJournal(false);
      journal.finish(print);
    },
  ];
  return endings.flatMap((end) => {
    try {
      end();
      return [];
    } catch (error) {
      if (error instanceof UsageError) return error.message;
      throw error;
    }
  });
}

function outputs({ dumps = {}, dmesg = [] }: RunReport): string {
  return [...Object.values(dumps), ...dmesg.map((line) => `${line}\n`)].join('');
}

/** Reports acts that the script has made and never run, as they are found. */
function hearComplaints(machine: Machine): { count: number } {
  const complaints = { count: 0 };
  machine.on('log', ({ level, tag, text, stack }) => {
    if (tag !== SCRIPT_TAG) return;
    if (level === 'error') complaints.count++;
    process.stderr.write(`${describeScriptPlace(text, stack)}\n`);
  });
  return complaints;
}

/** Prints each following step. @returns A function that stops that. */
function strace(machine: Machine, { bytes, 'strace-raw': raw }: Run['args']): () => void {
  const text = raw ? new Strace({ bytes }) : new ReadableStrace({ bytes, paint: stracePaint(process.stdout) });
  return machine.on('step', (step) => process.stdout.write(`${text.lines(step).join('\n')}\n`));
}

/**
 * Ends the whole process when the script exceeds the time. The machine may be in the middle of a call, so only its
 * journal is read.
 *
 * @returns A function that cancels the limit.
 */
function endAfter(seconds: number, run: Run): () => void {
  return watch(seconds * MS_PER_S, () => {
    try {
      finish(run, `${run.file} did not end in ${seconds} s; ${whereabouts(run.machine)}`, null);
    } catch (error) {
      const { message, exitCode } = failureOf(error);
      process.stderr.write(`binderlab: ${message}\n`);
      process.exitCode = exitCode;
    }
    process.exit();
  });
}

function whereabouts(machine: Machine): string {
  const last = machine.newestStep;
  if (last === null) return machine.nextStep === 0 ? 'it has made no step' : `it has made ${machine.nextStep} steps`;
  const { i, op, by } = last;
  return `its last step is ${i}, ${by !== undefined ? `${callBegin(last).name} by ${by}` : op}`;
}
