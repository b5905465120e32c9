/**
 * A program outside of the machine: its process in the machine, its threads that have called, and its memory. What a call
 * stores goes with the call's answer, and the program stores it itself. A Binder mapping is a file that the program maps.
 */
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { PAGE_MASK, PAGE_SIZE } from '../../../assembly/abi/machine.ts';
import type { ForeignMemory } from '../../os/foreign.ts';
import type { Process } from '../../os/process.ts';
import type { Thread } from '../../os/thread.ts';
import type { ProgramThread } from './programthread.ts';

interface Mapping {
  readonly address: number;
  readonly length: number;
  readonly file: number;
  readonly path: string;
}

export class Memory implements ForeignMemory {
  /** The program's threads by tid. */
  readonly callers = new Map<number, ProgramThread>();
  #mappings: Mapping[] = [];
  #file = -1;

  constructor(private readonly pid: number) {}

  read(address: number, target: Uint8Array, tid: number): number {
    if (this.callers.get(tid)?.recall(address, target)) return target.length;
    return this.look(address, target);
  }

  write(address: number, source: Uint8Array, tid: number): number {
    const caller = this.callers.get(tid);
    if (caller === undefined) return 0;
    caller.store(address, source);
    return source.length;
  }

  show(address: number, source: Uint8Array): void {
    const mapping = this.#mappings.find((one) => address >= one.address && address < one.address + one.length);
    if (mapping !== undefined) writeSync(mapping.file, source, 0, source.length, address - mapping.address);
  }

  /** Reads what the program has now. @returns The number of bytes up to the first that it does not have. */
  look(address: number, target: Uint8Array): number {
    if (this.#file < 0) this.#file = openSync(`/proc/${this.pid}/mem`, 'r');
    let done = 0;
    try {
      done = readSync(this.#file, target, 0, target.length, address);
    } catch {
      // the first page is missing
    }
    while (done < target.length) {
      const page = Math.min(target.length - done, PAGE_SIZE - ((address + done) & PAGE_MASK));
      try {
        done += readSync(this.#file, target, done, page, address + done);
      } catch {
        break;
      }
    }
    return done;
  }

  /** Makes the file of a mapping at `path`. */
  map(address: number, length: number, path: string): void {
    const file = openSync(path, 'wx+', 0o644);
    ftruncateSync(file, Math.ceil(length / PAGE_SIZE) * PAGE_SIZE);
    this.#mappings.push({ address, length, file, path });
  }

  /** Drops the mappings in the range. */
  unmap(address: number, length: number): void {
    const isIn = (one: Mapping) => one.address >= address && one.address + one.length <= address + length;
    for (const { file, path } of this.#mappings.filter(isIn)) {
      closeSync(file);
      unlinkSync(path);
    }
    this.#mappings = this.#mappings.filter((one) => !isIn(one));
  }

  close(): void {
    for (const caller of this.callers.values()) caller.close();
    this.callers.clear();
    this.unmap(0, Number.MAX_SAFE_INTEGER);
    if (this.#file >= 0) closeSync(this.#file);
  }
}

export interface OutsideProgram {
  readonly process: Process;
  /** A thread that never sleeps, and so makes threads and children. */
  readonly attendant: Thread;
  readonly memory: Memory;
}
