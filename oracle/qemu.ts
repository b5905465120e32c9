/**
 * A recording machine: QEMU with one processor, without KVM; the recorder is its first process. Owns the protocol with it: a
 * line of text is the request, a line of JSON the answer. recorder.c defines the lines.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { initrdFor } from './initrd.ts';
import { type Flavour, findFile, isSetUp, kernelFolder, NotSetUpError, runFolder } from './place.ts';

/** A finished call. Blocks of bytes have one-letter names: 'a' the argument, 'r' the bytes read, 'd' data, ... */
export interface Completion {
  slot: number;
  seq: number;
  ret: number;
  [block: string]: number | string;
}

/** The recorder's answer; its fields depend on the request. */
export interface Answer {
  error?: string;
  ok?: boolean;
  ret?: number;
  /** All threads sleep. */
  quiet?: boolean;
  done?: Completion[];
  /** Slots of the threads that sleep in a call. */
  parked?: number[];
  exists?: boolean;
  text?: string;
  taken?: number;
  last_id?: number;
  stats?: string;
}

/** The machine's description of itself. */
export interface Hello {
  release: string;
  version: string;
  machine: string;
  page_size: number;
  lsm: string;
  cpus: number;
}

/** The part of a machine that a session needs. */
export interface RecordingMachine {
  readonly hello: Hello;
  /** Whether the driver prints. */
  readonly klog: boolean;
  /** The uid that has been context manager since boot; the driver remembers the first one. */
  contextManagerUid: number | null;
  ask(line: string, ms?: number): Promise<Answer>;
}

/** The machine does not answer, or reports that it cannot continue. It has to be stopped. */
export class MachineError extends Error {
  override readonly name = 'MachineError';
}

export interface BootOptions {
  flavour?: Flavour;
  /** SELinux is on, without a policy, so that senders have a security context. */
  selinux?: boolean;
  /** The driver prints its default messages; otherwise none. */
  klog?: boolean;
}

const SELINUX = 'security=selinux selinux=1 enforcing=0';
const MEMORY_MIB = 768;
const BOOT_MS = 120_000;
const BOOT_ATTEMPTS = 3;
const SOCKET_MS = 5000;
/** Time limit for an answer, in milliseconds. */
const ANSWER_MS = 30_000;
/** Lines of the console that an error shows. */
const CONSOLE_LINES = 30;
/** The driver's default debug masks: user errors, failed and dead transactions; and the allocator's user errors. */
const DEFAULT_MASKS = 'MASK 7 1';

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

export class Qemu implements RecordingMachine {
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #exited: Promise<void>;
  #socket: Socket | null = null;
  #waiting: Waiting | null = null;
  #received: Buffer[] = [];
  #errors = '';
  #dead = false;
  #hello: Hello | null = null;
  contextManagerUid: number | null = null;

  private constructor(
    readonly flavour: Flavour,
    readonly klog: boolean,
    folder: string,
    args: readonly string[],
  ) {
    this.#folder = folder;
    this.#process = spawn(program(flavour), args, { stdio: ['ignore', 'ignore', 'pipe'] });
    this.#process.stderr?.on('data', (chunk) => {
      this.#errors += chunk;
    });
    this.#exited = new Promise((resolve) => {
      const end = (how: string) => {
        this.#dead = true;
        this.#fail(`QEMU ended (${how}): ${this.#errors}`);
        resolve();
      };
      this.#process.on('exit', (code, signal) => end(String(signal ?? code)));
      this.#process.on('error', (error) => end(error.message));
    });
  }

  /**
   * On a busy host a kernel may fail on its own timers, so it makes a few attempts.
   *
   * @throws NotSetUpError, or MachineError when no attempt comes up
   */
  static async boot(options: BootOptions = {}): Promise<Qemu> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await Qemu.#bootOnce(options);
      } catch (error) {
        if (!(error instanceof MachineError) || attempt === BOOT_ATTEMPTS) throw error;
      }
    }
  }

  static async #bootOnce({ flavour = 'x86_64', selinux = false, klog = false }: BootOptions): Promise<Qemu> {
    if (!isSetUp(flavour)) throw new NotSetUpError(`there is no ${flavour} kernel in ${kernelFolder(flavour)}`);
    const initrd = initrdFor(flavour);
    mkdirSync(runFolder(), { recursive: true });
    const folder = mkdtempSync(join(runFolder(), 'vm-'));
    const machine = new Qemu(flavour, klog, folder, argumentsOf(flavour, folder, initrd, selinux ? SELINUX : ''));
    watchOver(machine);
    try {
      await machine.#connect();
      machine.#hello = (await machine.ask('HELLO', BOOT_MS)) as unknown as Hello;
      if (klog) await machine.ask(DEFAULT_MASKS);
    } catch (error) {
      await machine.stop();
      throw error;
    }
    return machine;
  }

  get hello(): Hello {
    return this.#hello as Hello;
  }

  get dead(): boolean {
    return this.#dead;
  }

  /** @throws MachineError when no answer arrives in time, or the recorder rejects the line */
  async ask(line: string, ms = ANSWER_MS): Promise<Answer> {
    if (this.#dead || this.#socket === null) throw new MachineError(`the machine is gone\n${this.#console()}`);
    if (this.#waiting !== null) throw new Error('the machine is asked two things at once');
    const socket = this.#socket;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(`no answer within ${ms} ms to: ${line.slice(0, 200)}`), ms);
      this.#waiting = { resolve, reject, timer };
      socket.write(`${line}\n`);
    });
    if (answer.error !== undefined) throw new MachineError(`${answer.error}, asked for: ${line.slice(0, 200)}`);
    return answer;
  }

  /** Lines of the kernel's log that report a bug in the kernel. */
  async trouble(): Promise<string[]> {
    const { text = '' } = await this.ask('KMSG');
    return text.split('\n').filter((line) => /WARNING:|BUG:|Oops|general protection|binder.*unexpected/.test(line));
  }

  /** Ends the machine, at once. */
  async stop(): Promise<void> {
    running.delete(this);
    this.#dead = true;
    this.#socket?.destroy();
    this.abandon();
    await this.#exited;
  }

  /** Kills the machine without waiting for its end. */
  abandon(): void {
    this.#process.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #connect(): Promise<void> {
    const path = join(this.#folder, SOCKET);
    for (let waited = 0; !existsSync(path); waited += 10) {
      if (this.#dead || waited > SOCKET_MS) throw new MachineError(`QEMU does not start: ${this.#errors}`);
      await sleep(10);
    }
    this.#socket = connect(path);
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    this.#socket.on('error', (error) => this.#fail(String(error)));
  }

  #receive(chunk: Buffer): void {
    const end = chunk.indexOf(10);
    this.#received.push(end < 0 ? chunk : chunk.subarray(0, end));
    if (end < 0) return;
    const line = Buffer.concat(this.#received).toString('utf8');
    this.#received = [];
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    try {
      waiting.resolve(JSON.parse(line) as Answer);
    } catch {
      waiting.reject(new MachineError(`the recorder's answer is no JSON: ${line.slice(0, 200)}`));
    }
  }

  #fail(problem: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) return;
    clearTimeout(waiting.timer);
    waiting.reject(new MachineError(`${problem}\n${this.#console()}`));
  }

  #console(): string {
    const path = join(this.#folder, CONSOLE);
    if (!existsSync(path)) return '';
    return readFileSync(path, 'latin1').split('\n').slice(-CONSOLE_LINES).join('\n');
  }
}

const SOCKET = 'port';
const CONSOLE = 'console';

/** Running machines. All end with this process, however it ends. */
const running = new Set<Qemu>();
let isWatching = false;

function watchOver(machine: Qemu): void {
  running.add(machine);
  if (isWatching) return;
  isWatching = true;
  process.on('exit', () => {
    for (const each of running) each.abandon();
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
}

function isArm(flavour: Flavour): boolean {
  return flavour !== 'x86_64';
}

function program(flavour: Flavour): string {
  return isArm(flavour) ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
}

/** Without it a kernel on a busy host may find its timer broken, and panic. */
const X86_OPTIONS = 'no_timer_check';

/**
 * One processor, and preemption only where a thread sleeps or returns: that makes recordings repeatable. Addresses are not
 * randomised, and mitigations of speculation are off, for speed.
 */
function argumentsOf(flavour: Flavour, folder: string, initrd: string, append: string): string[] {
  const kernel = findFile(join(kernelFolder(flavour), 'boot'), /^vmlinuz-/) as string;
  const console = isArm(flavour) ? 'ttyAMA0' : 'ttyS0';
  const line = `console=${console} quiet panic=-1 preempt=none norandmaps nokaslr mitigations=off ${isArm(flavour) ? '' : X86_OPTIONS} ${append}`;
  return [
    ...(isArm(flavour) ? ['-M', 'virt', '-cpu', 'max'] : []),
    ...['-accel', 'tcg', '-m', String(MEMORY_MIB), '-smp', '1'],
    ...['-display', 'none', '-monitor', 'none', '-nodefaults', '-no-reboot'],
    ...['-serial', `file:${join(folder, CONSOLE)}`],
    ...['-kernel', kernel, '-initrd', initrd, '-append', line.trim()],
    ...['-device', 'virtio-serial-pci'],
    ...['-chardev', `socket,id=recorder,path=${join(folder, SOCKET)},server=on,wait=on`],
    ...['-device', 'virtserialport,chardev=recorder,name=oracle'],
  ];
}
