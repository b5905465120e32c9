/**
 * Scenes: what a workload does on a machine, cut where it is measured.
 *
 *     open ──> map ───────> write, call, check ──> write, call, check ──> ...
 *              `setup`      `firstCall`            mean: `perCall`
 *
 * A round counts all three.
 */
import { PAGE_SIZE } from '../../assembly/abi/machine.ts';
import type { Strategy } from '../kernel/strategy.ts';
import type { Machine } from '../machine.ts';

/** How the payload travels: in the message, or in a memory file of which the message has a descriptor. */
export const SENDS = ['inline', 'memfd', 'new-memfd'] as const;
export type Send = (typeof SENDS)[number];

/** How the receiver of a socket's message finds room for it. */
export type Receive = 'oversized' | 'ask-first';

export interface Scene {
  /** Makes the mappings, or whatever stands for them. */
  map(): void;
  /** The sender writes what it is going to send. */
  write(): void;
  /** From the sender's first system call to the last of either side, with all that the receiver reads. */
  call(): void;
  /** @throws BinderlabError when the receiver did not find what was sent. */
  check(): void;
}

export interface SceneChoice {
  /** Bytes that go from the sender to the receiver in one round. */
  payload: number;
  send: Send;
}

/** Where the cost of a workload jumps: when the payload goes beyond a multiple of so many bytes, or reaches it. */
export interface Jumps {
  every: number;
  /** Bytes that go with the payload, before it. */
  header: number;
}

/** Most jump where another page is covered. */
export const PAGES: Jumps = { every: PAGE_SIZE, header: 0 };

export interface Workload {
  readonly name: string;
  /** What a call of it is, in a sentence. */
  readonly what: string;
  /** Whether its messages are Binder's, so that the strategies differ in it. */
  readonly usesBinder: boolean;
  /** Of sockets only. */
  readonly receive?: Receive;
  /** Ways to send that it has. */
  readonly sends: readonly Send[];
  readonly jumps: Jumps;
  /** Makes processes and opens descriptors on a fresh machine; nothing is mapped yet. */
  open(machine: Machine, choice: SceneChoice): Scene;
}

/** The strategy of a row; null where no Binder message is sent. */
export type RowStrategy = Strategy | null;
