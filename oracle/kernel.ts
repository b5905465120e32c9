/**
 * The real driver, to be asked what it answers. Owns the machines: boots one when it is needed, and another when the
 * first is of no more use.
 */
import type { Journal, JournalHeader, StepInput } from '../host/trace/journal.ts';
import type { Flavour } from './place.ts';
import { MachineError, Qemu } from './qemu.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { Script } from './script.ts';
import { Session, type Title } from './session.ts';

export interface KernelOptions {
  flavour?: Flavour;
  /** Steps tell what the driver printed meanwhile. That takes more than half a second a line. */
  klog?: boolean;
}

/** Steps to perform. A journal is one; its outputs are not looked at. */
export interface Program {
  /** `secctx` decides whether senders have a security context; the rest becomes part of the new journal's header. */
  header?: Partial<Pick<JournalHeader, 'name' | 'desc' | 'seed' | 'secctx' | 'racy'>>;
  steps: readonly StepInput[];
}

/** The kernel hung, or did what the recorder cannot follow. The machine is gone; the next run boots another one. */
export class KernelError extends Error {
  override readonly name = 'KernelError';

  /** @param journal What had been recorded until then. */
  constructor(
    message: string,
    readonly journal: Journal | null,
  ) {
    super(message);
  }
}

export interface Recording {
  journal: Journal;
  /** What did not go as the scenario says. */
  warnings: string[];
}

/**
 * Runs programs on the kernel, one after the other. Machines live until `close`.
 *
 *     const kernel = new Kernel();
 *     const journal = await kernel.run({ steps });
 *     await kernel.close();
 */
export class Kernel {
  readonly #options: KernelOptions;
  /** Without and with security contexts. */
  readonly #machines: { plain: Qemu | null; selinux: Qemu | null } = { plain: null, selinux: null };
  /** Machines booted so far. */
  boots = 0;

  constructor(options: KernelOptions = {}) {
    this.#options = options;
  }

  /**
   * Performs the steps from a clean driver on. Steps that cannot be made are left out: of threads that are dead or
   * parked, that make what there is, that the recorder does not know.
   *
   * @returns the journal of the steps that were made, counted from 0
   * @throws KernelError when the machine could not go on
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

  /** Runs a scenario. @throws as `run` does, and what the scenario throws */
  async record(scenario: Scenario): Promise<Recording> {
    let warnings: string[] = [];
    const journal = await this.#record(scenario, async (session) => {
      const script = new Script(session);
      warnings = script.warnings;
      await scenario.run(script);
    });
    return { journal, warnings };
  }

  /** Lines of the kernel's log that tell of a bug in the kernel. */
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

  /** Does the work, and leaves a machine that is clean, or none, whatever the work throws. */
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

  /** A driver that is not clean is met once: a new machine's is. */
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
