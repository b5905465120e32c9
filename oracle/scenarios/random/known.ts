/** The generator's knowledge about its processes: from the commands sent and the returns received. */
import { BINDER_TYPE_FD, BINDER_TYPE_HANDLE, BINDER_TYPE_WEAK_HANDLE } from '../../../assembly/abi/protocol.ts';
import { FD_OBJECT_FD, FLAT_OBJECT_HANDLE, FLAT_OBJECT_SIZE, OBJECT_TYPE } from '../../../assembly/abi/wire.ts';
import type { TransactionReturn } from '../../../host/wire/returns.ts';
import { alignUp } from '../../bytes.ts';
import type { ScriptProcess, ScriptThread } from '../../script.ts';

/** A node of a process's own. */
export interface KnownNode {
  ptr: number;
  cookie: number;
  flags: number;
}

/** A due BC_INCREFS_DONE or BC_ACQUIRE_DONE. */
export interface Owed {
  isAcquire: boolean;
  ptr: bigint;
  cookie: bigint;
}

/** A handle in a message, and whether it is a strong one. */
export type Received = readonly [handle: number, isStrong: boolean];

/** A requested notification. */
export type Requested = readonly [handle: number, cookie: number];

export class KnownProcess {
  /** Strong references by handle. */
  readonly refs = new Map<number, number>();
  /** The node of a handle, where known. */
  readonly owner = new Map<number, KnownProcess>();
  /** Handles whose node is dead, probably. */
  readonly bad = new Set<number>();
  /** Handles that a buffer holds, by its address. */
  readonly lent = new Map<number, Received[]>();
  readonly nodes: KnownNode[] = [];
  /** Buffers to free, and those that are freed. */
  readonly buffers: number[] = [];
  readonly freed: number[] = [];
  readonly owed: Owed[] = [];
  readonly deaths: Requested[] = [];
  readonly deathsTold: bigint[] = [];
  readonly freezes: Requested[] = [];
  readonly freezesTold: bigint[] = [];
  /** Messages whose bytes were not read yet. */
  readonly unread: TransactionReturn[] = [];
  /** Descriptors of its own, and received ones. */
  readonly fds: number[] = [];
  readonly fdsTold: number[] = [];
  /** Descriptors of epoll instances. */
  readonly epolls: number[] = [];
  /** Threads requested by the driver. */
  spawnsAsked = 0;
  isFrozen = false;
  isClosed = false;

  constructor(readonly process: ScriptProcess) {}

  get dead(): boolean {
    return this.process.dead;
  }

  count(handle: number, change: number): void {
    this.refs.set(handle, Math.max(0, (this.refs.get(handle) ?? 0) + change));
  }

  /** Handles that it holds, by references or by buffers. */
  handles(strongOnly = false): number[] {
    const counted = [...this.refs].filter(([, count]) => count > 0).map(([handle]) => handle);
    const lent = [...this.lent.values()].flat().filter(([, isStrong]) => isStrong || !strongOnly);
    return [...new Set([...counted, ...lent.map(([handle]) => handle)])];
  }

  /** Reads the bytes of a message: data, then offsets. @returns the handles in it */
  learn(from: TransactionReturn, bytes: Buffer): Received[] {
    const got: Received[] = [];
    const at = alignUp(from.dataSize, 8);
    for (let place = at; place + 8 <= at + from.offsetsSize && place + 8 <= bytes.length; place += 8) {
      const offset = Number(bytes.readBigUInt64LE(place));
      if (offset + FLAT_OBJECT_SIZE > bytes.length) continue;
      const type = bytes.readUInt32LE(offset + OBJECT_TYPE);
      if (type === BINDER_TYPE_HANDLE || type === BINDER_TYPE_WEAK_HANDLE) {
        const handle = bytes.readUInt32LE(offset + FLAT_OBJECT_HANDLE);
        this.bad.delete(handle);
        got.push([handle, type === BINDER_TYPE_HANDLE]);
      }
      if (type === BINDER_TYPE_FD) this.fdsTold.push(bytes.readUInt32LE(offset + FD_OBJECT_FD));
    }
    if (got.length > 0) this.lent.set(from.buffer, got);
    return got;
  }
}

export class KnownThread {
  /** Pending calls, the innermost last: those it serves, and its own. */
  stack: ('in' | 'out')[] = [];
  /** Returns that were not read yet. */
  expected = 0;
  isLooper = false;
  /** Handle of its last call. */
  target: number | null = null;

  constructor(
    readonly thread: ScriptThread,
    readonly owner: KnownProcess,
  ) {}

  get top(): 'in' | 'out' | undefined {
    return this.stack[this.stack.length - 1];
  }
}
