/**
 * Who has called whom and waits for the reply, as far as commands and returns tell: for reports, never for decisions.
 * A BR_TRANSACTION names the caller's process and not its thread; where two threads of one process have sent calls
 * that look alike, the older one is taken to have arrived first.
 */
import { BC_REPLY, BC_REPLY_SG, BC_TRANSACTION, BC_TRANSACTION_SG, TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import type { Command } from '../kernel/commands.ts';
import type { Return, TransactionReturn } from '../kernel/returns.ts';
import type { SimThread } from './thread.ts';

/** A synchronous call without its reply. */
export interface OpenCall {
  readonly caller: SimThread;
  readonly handle: number;
  readonly code: number;
  readonly dataSize: number;
  /** Who has taken it; null while it waits in a queue. */
  server: SimThread | null;
}

type Transaction = Extract<Command, { shape: 'transaction' }>;

const REPLY_WORDS = [BC_REPLY, BC_REPLY_SG];
const CALL_WORDS = [BC_TRANSACTION, BC_TRANSACTION_SG];
/** Returns that end the caller's newest call. */
const ENDS: ReadonlySet<string> = new Set(['BR_REPLY', 'BR_DEAD_REPLY', 'BR_FAILED_REPLY', 'BR_FROZEN_REPLY']);

export class Dialogue {
  /** Oldest first. */
  #open: OpenCall[] = [];

  /** A thread is about to send commands. */
  sent(thread: SimThread, commands: readonly Command[]): void {
    for (const command of commands) {
      if (command.shape !== 'transaction') continue;
      if (REPLY_WORDS.includes(command.word)) this.#closeNewest((call) => call.server === thread);
      else if (isCall(command)) this.#open.push(openCall(thread, command));
    }
  }

  /** The driver refused the commands. */
  refused(thread: SimThread, commands: readonly Command[]): void {
    for (const command of commands) if (isCall(command)) this.#closeNewest(({ caller }) => caller === thread);
  }

  /** A thread has read. */
  received(thread: SimThread, returns: readonly Return[]): void {
    for (const one of returns) {
      if (one.name === 'BR_TRANSACTION' || one.name === 'BR_TRANSACTION_SEC_CTX') this.#taken(thread, one);
      else if (ENDS.has(one.name)) this.#closeNewest(({ caller }) => caller === thread);
    }
  }

  /** The call that a thread waits for: the newest it has made. */
  callOf(thread: SimThread): OpenCall | undefined {
    return this.#open[this.#newest(({ caller }) => caller === thread)];
  }

  /** Forgets what threads that have ended had under way. */
  clean(): void {
    this.#open = this.#open.filter(({ caller }) => !caller.ended);
  }

  #taken(server: SimThread, got: TransactionReturn): void {
    if ((got.flags & TF_ONE_WAY) !== 0) return;
    const call = this.#open.find(
      ({ caller, code, dataSize, server }) =>
        server === null && caller.process.pid === got.senderPid && code === got.code && dataSize === got.dataSize,
    );
    if (call !== undefined) call.server = server;
  }

  #closeNewest(which: (call: OpenCall) => boolean): void {
    const index = this.#newest(which);
    if (index >= 0) this.#open.splice(index, 1);
  }

  /** @returns Its index, or -1. */
  #newest(which: (call: OpenCall) => boolean): number {
    let index = this.#open.length - 1;
    while (index >= 0 && !which(this.#open[index] as OpenCall)) index--;
    return index;
  }
}

function isCall(command: Command): command is Transaction {
  return command.shape === 'transaction' && CALL_WORDS.includes(command.word) && (command.flags & TF_ONE_WAY) === 0;
}

function openCall(caller: SimThread, { handle, code, payload }: Transaction): OpenCall {
  return { caller, handle, code, dataSize: payload.dataSize, server: null };
}
