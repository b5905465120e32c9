/**
 * Runs programs on the real driver. Owns the machines: boots one on demand, and another when the first cannot be used any more.
 */
import type { Journal, JournalHeader, StepInput } from '../host/trace/journal.ts';
import type { Flavour } from './place.ts';
import { MachineError, Qemu } from './qemu.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { Script } from './script.ts';
import { Session, type Title } from './session.ts';

export interface KernelOptions {
  flavour?: Flavour;
  /** Adds the driver's log lines to each step. That takes more than half a second a line. */
  klog?: boolean;
}

/** Steps to perform. A journal is one; its outputs are ignored. */
export interface Program {
  /** `secctx` decides whether senders have a security context; other fields go into the new journal's header. */
  header?: Partial<Pick<JournalHeader, 'name' | 'desc' | 'seed' | 'secctx' | 'racy'>>;
  steps: readonly StepInput[];
}

/** The kernel hung, or did something that the recorder cannot follow. The machine is stopped; the next run boots another. */
export class KernelError extends Error {
  override readonly name = 'KernelError';

  /** @param journal The steps recorded before. */
  constructor(
    message: string,
    readonly journal: Journal | null,
  ) {
    super(message);
  }
}

export interface Recording {
  journal: Journal;
  /** Deviations from the scenario's expectations. */
  warnings: string[];
}

/**
 * Runs programs on the kernel in order. Machines live until `close`.
 *
 *     const kernel = new Kernel();
 *     const journal = await kernel.run({ steps });
 *     await kernel.close();
 */
export class Kernel {
  readonly #options: KernelOptions;
  /** Without security contexts, and with them. */
  readonly #machines: { plain: Qemu | null; selinux: Qemu | null } = { plain: null, selinux: null };
  /** Machines booted so far. */
  boots = 0;

  constructor(options: KernelOptions = {}) {
    this.#options = options;
  }

  /**
   * Performs the steps, starting with a clean driver. Leaves out impossible steps: of dead or parked threads, those that create
   * what exists, and those that the recorder does not support.
   *
   * @returns the journal of the steps that were made, counted from 0
   * @throws KernelError when the machine fails
   * @throws NotSetUpError when there is no kernel
   */
  run(program: Program): Promise<Journal> {
    const title = { name: 'program', ...program.header };
    return this.#record(title, async (session) => {
      for (const { op, by, in: input } of program.steps) {
        const step = (by === undefined ? { op, in: input } : { op, by, in: input }) as StepInput;
        if (session.obstacle(step) === null) await session.perform(step);
      }
    });
  }

  /** Runs a scenario. @throws as `run`, and the scenario's own errors */
  async record(scenario: Scenario): Promise<Recording> {
    let warnings: string[] = [];
    const journal = await this.#record(scenario, async (session) => {
      const script = new Script(session);
      warnings = script.warnings;
      await scenario.run(script);
    });
    return { journal, warnings };
  }

  /** Lines of the kernel's log that report a bug in the kernel. */
  async trouble(): Promise<string[]> {
    const { plain, selinux } = this.#machines;
    return [...((await plain?.trouble()) ?? []), ...((await selinux?.trouble()) ?? [])];
  }

  async close(): Promise<void> {
    await Promise.all([this.#drop('plain'), this.#drop('selinux')]);
  }

  async #record(title: Title, work: (session: Session) => Promise<void>): Promise<Journal> {
    const kind = title.secctx ? 'selinux' : 'plain';
    let session: Session | null = null;
    try {
      session = await this.#begin(kind, title);
      await this.#finishing(kind, session, work);
      return session.journal();
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      await this.#drop(kind);
      throw new KernelError(error.message, session?.journal() ?? null);
    }
  }

  /** Does the work. Afterwards the machine is clean or stopped, also after an error. */
  async #finishing(kind: 'plain' | 'selinux', session: Session, work: (session: Session) => Promise<void>) {
    let failure: unknown = null;
    try {
      await work(session);
    } catch (error) {
      failure = error;
    }
    if (failure instanceof MachineError) throw failure;
    if (!(await session.end())) await this.#drop(kind);
    if (failure !== null) throw failure;
  }

  /** Retries once: a driver that is not clean is replaced by a new machine's. */
  async #begin(kind: 'plain' | 'selinux', title: Title): Promise<Session> {
    const machine = this.#machines[kind];
    if (machine !== null) {
      try {
        return await Session.begin(machine, title);
      } catch (error) {
        if (!(error instanceof MachineError)) throw error;
        await this.#drop(kind);
      }
    }
    return Session.begin(await this.#boot(kind), title);
  }

  async #boot(kind: 'plain' | 'selinux'): Promise<Qemu> {
    const machine = await Qemu.boot({ ...this.#options, selinux: kind === 'selinux' });
    this.#machines[kind] = machine;
    this.boots++;
    return machine;
  }

  async #drop(kind: 'plain' | 'selinux'): Promise<void> {
    const machine = this.#machines[kind];
    this.#machines[kind] = null;
    await machine?.stop();
  }
}
