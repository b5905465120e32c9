/**
 * A machine in the middle of everything, and a hand in its memory: where each kind of object lies, and how to
 * overwrite a field of it.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TF_ONE_WAY } from '../../assembly/abi/protocol.ts';
import {
  bc,
  type Command,
  Machine,
  type ObjectInput,
  type Strategy,
  type Thread,
  type TransactionReturn,
  type WasmSource,
} from '../../host/index.ts';
import { type ClassName, type FieldName, fieldOf } from '../../host/inspect/kernelmemory.ts';

const BUILD = join(import.meta.dirname, '../../../build');

/** A field by its names in the guest: `Node.ptr`. */
type FieldPath = { [C in ClassName]: `${C}.${FieldName<C>}` }[ClassName];

export const BUILDS: Readonly<Record<'debug' | 'release', WasmSource>> = {
  debug: new WebAssembly.Module(readFileSync(join(BUILD, 'debug.wasm'))),
  release: new WebAssembly.Module(readFileSync(join(BUILD, 'release.wasm'))),
};

const MEMORY_MIB = 16;
const MEMFD_ADDRESS = 0x50000000;
const MAP_SHARED = 1;
const MAP_FIXED = 0x10;

export class Scene {
  readonly machine: Machine;

  /**
   * A manager that serves a call of the app's, with two oneways behind it, one of which carries a descriptor, and wants
   * to hear of the app's object; the app has a memory file that it maps, a pipe, and a forked child; and a watcher waits
   * for work.
   */
  constructor(wasm: WasmSource, strategy: Strategy) {
    this.machine = Machine.boot({ wasm, strategy, memoryMiB: MEMORY_MIB });
    const manager = this.machine.spawn('manager');
    const managerFd = opened(manager.main);
    manager.main.becomeContextManager(managerFd, { flags: 0x100 }); // accepts descriptors
    const app = this.machine.spawn('app');
    const appFd = opened(app.main);
    const { sys } = app.main;
    sys.makeFile('memfd', 5, -1, new Uint8Array(100));
    sys.call('mmap', { addr: MEMFD_ADDRESS, len: 4096, prot: 3, flags: MAP_SHARED | MAP_FIXED, fd: 5, off: 0 });
    app.write(MEMFD_ADDRESS, Uint8Array.of(1));
    sys.makeFile('pipe', 6, 7, new Uint8Array(0));

    app.main.writeRead(appFd, [oneway(1, 20000)]);
    manager.main.writeRead(managerFd, [bc.freeBuffer(received(manager.main, managerFd).buffer)], { readSize: 0 });
    const [helper, forker] = [app.thread('helper'), app.thread('forker')];
    app.main.writeRead(appFd, [
      bc.transaction({ handle: 0, code: 2, objects: [{ type: 'binder', ptr: 0x10, cookie: 1 }] }),
    ]);
    const [object] = manager.objectsOf(received(manager.main, managerFd));
    if (object?.type !== 'handle') throw new Error('the app has sent no object');
    helper.writeRead(appFd, [oneway(3, 5000, { type: 'fd', fd: 5 }), oneway(4, 8)]);
    app.fork('child', { by: forker });
    const { handle } = object;
    const wishes = [bc.requestDeathNotification(handle, 0x77), bc.requestFreezeNotification(handle, 0x78)];
    manager.main.writeRead(managerFd, [bc.acquire(handle), ...wishes], { readSize: 0 });
    const watcher = this.machine.spawn('watcher').main;
    watcher.writeRead(opened(watcher), []);
  }

  /** Address of a field. */
  field(object: number, path: FieldPath): number {
    const [type, field] = path.split('.') as [ClassName, never];
    return object + fieldOf(type, field)[0];
  }

  u32(object: number, name: FieldPath): number {
    return this.machine.guest.data.getUint32(this.field(object, name), true);
  }

  /** Overwrites words and bytes, and afterwards puts back what was there. */
  broken<T>(writes: readonly Write[], look: () => T): T {
    const { u8 } = this.machine.guest;
    const saved = writes.map(({ at, bytes }) => u8.slice(at, at + bytes.length));
    for (const { at, bytes } of writes) u8.set(bytes, at);
    const seen = look();
    for (const [index, { at }] of [...writes.entries()].reverse()) u8.set(saved[index] as Uint8Array, at);
    return seen;
  }

  set(object: number, name: FieldPath, value: number): Write {
    return word(this.field(object, name), value);
  }

  add(object: number, name: FieldPath, count: number): Write {
    return this.set(object, name, this.u32(object, name) + count);
  }

  /** A field of one byte. */
  flag(object: number, name: FieldPath, value: number): Write {
    return { at: this.field(object, name), bytes: Uint8Array.of(value) };
  }

  proc(name: string) {
    const { pid } = this.machine.process(name);
    return found(this.machine.inspect.procs().find((proc) => proc.pid === pid));
  }

  process(name: string) {
    const { pid } = this.machine.process(name);
    return found(this.machine.inspect.processes().find((process) => process.pid === pid));
  }

  looper(name: string) {
    return found(this.proc(name).loopers[0]);
  }

  node(name: string) {
    return found(this.proc(name).nodes[0]);
  }

  /** The manager's ref to the app's object. */
  get ref() {
    return found(this.proc('manager').refs[0]);
  }

  /** The call that the manager serves. */
  get call() {
    return found(this.looper('manager').stack[0]).transaction;
  }

  get alloc(): number {
    return this.u32(this.proc('manager').handle, 'Proc.alloc');
  }

  /** The buffers of the manager. */
  get buffers() {
    return this.machine.inspect.buffers(this.proc('manager'));
  }

  page(state: 'active' | 'lru' | 'none') {
    return found(this.machine.inspect.pages(this.proc('manager')).find((page) => page.state === state));
  }

  /** Address of the page-table entry for `address`, found by what it holds. */
  leaf(owner: 'kernel' | { pid: number }, address: number | bigint): number {
    const walk = found(this.machine.inspect.walk(owner, address) ?? undefined);
    const { data, u8 } = this.machine.guest;
    const slot = Number((BigInt(address) >> 12n) & 511n) * 8;
    for (let table = 0; table < u8.length; table += 4096) {
      if (this.machine.inspect.frame(table)?.kind !== 'table') continue;
      if (data.getBigUint64(table + slot, true) === walk.descriptor) return table + slot;
    }
    throw new Error(`no page table maps ${address}`);
  }

  /** Address of a frame's entry in the frame table, found by the entries of two neighbours of one kind. */
  frameEntry(frame: number): number {
    const { data } = this.machine.guest;
    const { owner, refs } = found(this.machine.inspect.frame(frame) ?? undefined);
    const number = frame >>> 12;
    for (let table = 0x10000; table < frame; table += 16) {
      const at = table + 16 * number;
      if (data.getUint32(table, true) !== 1 || data.getUint32(table + 16, true) !== 1) continue; // reserved frames
      if (data.getUint32(at + 4, true) === refs && data.getUint32(at + 8, true) === owner) return at;
    }
    throw new Error('there is no frame table');
  }
}

export interface Write {
  readonly at: number;
  readonly bytes: Uint8Array;
}

export function word(at: number, value: number): Write {
  return { at, bytes: new Uint8Array(Uint32Array.of(value).buffer) };
}

function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the scene lacks it');
  return value;
}

function opened(thread: Thread): number {
  const fd = thread.open();
  thread.mmap(fd);
  thread.writeRead(fd, [bc.enterLooper()]); // the first read returns at once
  return fd;
}

/** A message to the manager that nobody answers. */
function oneway(code: number, size: number, ...objects: ObjectInput[]): Command {
  return bc.transaction({ handle: 0, code, flags: TF_ONE_WAY, data: new Uint8Array(size), objects });
}

/** The call that a read brings. */
function received(thread: Thread, fd: number): TransactionReturn {
  const { returns } = thread.writeRead(fd, []);
  return found(returns.find((entry): entry is TransactionReturn => entry.name === 'BR_TRANSACTION'));
}
