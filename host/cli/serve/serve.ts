/** `binderlab serve`: programs of this machine open /dev/binder, and talk to the emulator. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, openSync, truncateSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SECCTX_MAX } from '../../../assembly/abi/machine.ts';
import { ServiceManager } from '../../binder/servicemanager.ts';
import type { Machine } from '../../machine.ts';
import { ReadableStrace } from '../../trace/readablestrace.ts';
import { Strace } from '../../trace/strace.ts';
import { defineCommand, type Options, type Values } from '../command.ts';
import { DUMP_NAMES, dumpChoice, readDumps } from '../dumps.ts';
import { checkJournalTarget } from '../files.ts';
import { JournalOutput } from '../journaloutput.ts';
import { MACHINE_OPTIONS, machineChoice, machineOptions } from '../machineoptions.ts';
import { bootFor, loadScript, runScript } from '../script.ts';
import { checkTrace, TRACE_OPTIONS, traceTo } from '../trace.ts';
import { EXIT_NO, UsageError } from '../usage.ts';
import { type Mode, type Native, nativeFiles } from './native.ts';
import { Ring } from './ring.ts';
import { Server, type Session } from './server.ts';

/** Files there are memory. */
const SHARED_MEMORY = '/dev/shm';
/** The exit code of a command that a signal has ended, less the signal's number. */
const SIGNALLED = 128;

const OPTIONS = {
  script: {
    type: 'string',
    hint: 'SCRIPT',
    description: 'a script that makes the programs of a simulation; without it there is a service manager',
  },
  socket: { type: 'string', hint: 'PATH', description: 'serve programs that are started elsewhere, until Ctrl-C' },
  mode: {
    type: 'string',
    hint: 'MODE',
    description:
      'how system calls come here: preload, a library, or seccomp, also those of static programs; default preload',
  },
  strace: { type: 'boolean', description: 'print each system call, for people, to standard error' },
  'strace-raw': { type: 'boolean', description: 'the same with every field, as strace would print it' },
  ...TRACE_OPTIONS,
  dump: {
    type: 'string',
    hint: 'NAME,...',
    description: `print files of debugfs at the end, to standard error: ${DUMP_NAMES.join(', ')}`,
  },
  journal: {
    type: 'string',
    hint: 'FILE',
    description: 'write a journal (.journal, .jsonl, .jsonl.gz): replay it anywhere, step, compare',
  },
  dmesg: { type: 'boolean', description: 'print the kernel log at the end, to standard error' },
  secctx: {
    type: 'string',
    hint: 'CONTEXT',
    description: 'the security context of every program, as SELinux would name it; without it a sender has none',
  },
  ...MACHINE_OPTIONS,
} as const satisfies Options;

export const serveCommand = defineCommand({
  options: OPTIONS,
  scriptArgs: 'the command that is run, and its arguments',
  contrary: [['strace', 'strace-raw']],
  examples: [
    ['serve -- ./service-test', 'a Linux program, whose /dev/binder is the emulator'],
    ['serve --script work.ts --strace -- ./client', "with a script's services"],
  ],
  async run({ args, scriptArgs: command }) {
    checkArguments(args, command);
    const dumped = args.dump === undefined ? [] : dumpChoice(args.dump);
    const naming = args.secctx === undefined ? {} : { secctx: contextBytes(args.secctx) };
    const native = nativeFiles(modeChoice(args));
    const journal = args.journal === undefined ? null : new JournalOutput(args.journal);
    const keeping = journal === null ? {} : { journal: { file: journal.open() } };
    const machine = bootFor({ ...machineOptions(machineChoice(args)), name: 'serve', ...keeping, ...naming });
    if (args.script === undefined) ServiceManager.start(machine.simulate());
    else await prepare(machine, args.script);
    strace(machine, args);
    const endTrace = traceTo(args.trace, machine);
    const session = begin(native, args.socket);
    const server = new Server(machine, session, machine.simulation);
    const child = args.socket === undefined ? await start(command, native, session) : null;
    if (child === null) {
      process.stderr.write(`${invitation(native, session)}\n`);
      native.addon.catchInterrupts();
    }
    const ended = child === null ? null : once(child, 'exit');
    server.serve(child?.pid ?? 0);
    for (const text of Object.values(readDumps(machine, dumped))) process.stderr.write(text);
    server.end();
    endTrace();
    machine.keepJournal(false);
    journal?.finish(() => {});
    if (args.dmesg) for (const line of new Set(machine.kernelLog)) process.stderr.write(`${line}\n`);
    machine.check();
    if (ended === null) return;
    const [code, signal] = (await ended) as [number | null, NodeJS.Signals | null];
    process.exitCode = code ?? SIGNALLED + signalNumber(signal);
  },
});

function modeChoice({ mode = 'preload', socket }: Values<typeof OPTIONS>): Mode {
  if (mode !== 'preload' && mode !== 'seccomp') throw new UsageError(`--mode ${mode}: it is preload or seccomp`);
  if (mode === 'seccomp' && socket !== undefined)
    throw new UsageError('--mode seccomp starts the command itself: without --socket');
  return mode;
}

/** The context with its final NUL. @throws UsageError for one that is too long. */
function contextBytes(context: string): Uint8Array {
  const bytes = new TextEncoder().encode(`${context}\0`);
  if (bytes.length <= SECCTX_MAX) return bytes;
  throw new UsageError(`--secctx ${context}: a context has at most ${SECCTX_MAX - 1} bytes`);
}

/** @throws UsageError unless there is one of a command and a path. */
function checkArguments({ socket, trace, journal }: Values<typeof OPTIONS>, command: readonly string[]): void {
  checkTrace(trace);
  if (journal !== undefined) checkJournalTarget('--journal', journal);
  if (socket === undefined && command.length === 0) {
    throw new UsageError('serve needs a command after --, as in: serve -- ./program; or --socket PATH');
  }
  if (socket === undefined) return;
  if (command.length > 0)
    throw new UsageError('--socket serves programs that are started elsewhere: without a command');
  if (existsSync(socket)) throw new UsageError(`--socket ${socket}: there is a file of that name already`);
}

/** Runs the script. Its simulation goes on while programs are served. */
async function prepare(machine: Machine, file: string): Promise<void> {
  const error = await runScript(await loadScript(file), machine);
  if (error !== null) throw new UsageError(error);
}

/** Makes the session's folder with the ring, and starts the watcher, which removes them when this process has ended. */
function begin(native: Native, path: string | undefined): Session {
  const parent = existsSync(SHARED_MEMORY) ? SHARED_MEMORY : tmpdir();
  const folder = path === undefined ? mkdtempSync(join(parent, 'binderlab-')) : resolve(path);
  if (path !== undefined) mkdirSync(folder, { mode: 0o700 });
  const [shared, watch] = [join(folder, 'ring'), join(folder, 'watch')] as const;
  execFileSync('mkfifo', ['-m', '600', watch]);
  writeFileSync(shared, '', { mode: 0o600 });
  truncateSync(shared, Ring.size);
  if (process.getuid?.() === 0) {
    // a program may give up root, and then begin a thread or map a device
    chmodSync(folder, 0o1777);
    chmodSync(shared, 0o666);
  }
  const session = { folder, ring: new Ring(native.addon, shared), watch: openSync(watch, 'r+') };
  spawn(native.watch, [folder], { stdio: 'ignore', detached: true }).unref();
  return session;
}

/** @throws UsageError for a command that cannot be started. */
async function start(command: readonly string[], native: Native, session: Session): Promise<ChildProcess> {
  const [file = '', ...words] = native.seccomp === null ? command : [native.seccomp, ...command];
  const preload = [native.shim, process.env.LD_PRELOAD].filter(Boolean).join(':');
  const env = { ...process.env, BINDERLAB_SERVE: session.folder };
  if (native.seccomp === null) Object.assign(env, { LD_PRELOAD: preload });
  const child = spawn(file, words, { stdio: 'inherit', env });
  if (child.pid !== undefined) return child;
  const [error] = (await once(child, 'error')) as [NodeJS.ErrnoException];
  throw new UsageError(
    `${file} cannot be started: ${error.code === 'ENOENT' ? 'there is no such program' : error.message}`,
  );
}

function invitation({ shim }: Native, { folder }: Session): string {
  return `start programs with: LD_PRELOAD=${shim} BINDERLAB_SERVE=${folder} PROGRAM`;
}

function strace(machine: Machine, { strace: readable, 'strace-raw': raw }: Values<typeof OPTIONS>): void {
  if (!readable && !raw) return;
  const text = raw ? new Strace({}) : new ReadableStrace({});
  machine.on('step', (step) => process.stderr.write(`${text.lines(step).join('\n')}\n`));
}

function signalNumber(signal: NodeJS.Signals | null): number {
  return signal === null ? EXIT_NO : (constants.signals[signal] ?? 0);
}
