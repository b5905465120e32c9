/**
 * Scenes: the acts of a workload on a machine, split where they are measured.
 *
 *     open ──> map ───────> write, call, check ──> write, call, check ──> ...
 *              `setup`      `firstCall`            mean: `perCall`
 *
 * The counts of a round include all three: write, call, check.
 */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Machine } from '../machine.ts';
import type { Strategy } from '../wire/strategy.ts';

/** The way to send the payload: in the message, or in a memory file whose descriptor the message carries. */
export const SENDS = ['inline', 'memfd', 'new-memfd'] as const;
export type Send = (typeof SENDS)[number];

/** How a socket's receiver allocates memory for a message. */
export type Receive = 'oversized' | 'ask-first';

export interface Scene {
  /** Makes the mappings, or their counterpart. */
  map(): void;
  /** The sender writes the payload. */
  write(): void;
  /** From the sender's first system call to the last one of either side, including all reads of the receiver. */
  call(): void;
  /** @throws BinderlabError when the receiver has other bytes than those sent. */
  check(): void;
}

export interface SceneChoice {
  /** Bytes from the sender to the receiver in one round. */
  payload: number;
  send: Send;
}

/** Where the cost of a workload jumps: at multiples of a number of bytes. */
export interface Jumps {
  every: number;
  /** Bytes sent before the payload. */
  header: number;
}

/** Most workloads jump at each further page. */
export const PAGES: Jumps = { every: PAGE_SIZE, header: 0 };

export interface Workload {
  readonly name: string;
  /** Describes a call, in a sentence. */
  readonly what: string;
  /** Whether it sends Binder messages, so that strategies differ. */
  readonly usesBinder: boolean;
  /** Sockets only. */
  readonly receive?: Receive;
  /** Its ways to send. */
  readonly sends: readonly Send[];
  readonly jumps: Jumps;
  /** Creates processes and opens descriptors on a fresh machine; maps nothing. */
  open(machine: Machine, choice: SceneChoice): Scene;
}

/** The strategy of a row; null for a workload without Binder messages. */
export type RowStrategy = Strategy | null;
