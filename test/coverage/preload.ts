/**
 * Loaded into a process of tests in front of everything else (`node --import`): machines run on the build that counts branches.
 * The processes that a test starts do so, too. What all of them reached is in files of a folder at their ends.
 *
 * Linear memory has the counts, and a snapshot that is restored brings them back. So they are read before that, and whenever a
 * machine is made.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import type { GuestBranch } from '../../host/fuzz/branchcounters.ts';
import { MemoryImage } from '../../host/guest/image.ts';

/** The folder; absent in a process that counts nothing. */
export const REACHED_FOLDER = 'BINDERLAB_REACHED';

const COUNTED = /build\/(release|debug|test)\.wasm$/;
const BUILD = join(import.meta.dirname, '../../../build');
const SECTION = 'branches';
/** Machines that are kept, so that they can be looked at once more. */
const RECENT = 4;

type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface CountingExports {
  memory?: WebAssembly.Memory;
  branchCounters(): number;
}

/** What a branch is called in any build. */
export function keyOfBranch({ file, line, column, kind }: Omit<GuestBranch, 'id'>): string {
  return `${file}:${line}:${column} ${kind}`;
}

/** The counters of one guest. */
class Counting {
  readonly memory: WebAssembly.Memory;
  readonly #from: number;
  readonly #branches: readonly GuestBranch[];
  readonly #noted = new Set<number>();

  constructor(instance: WebAssembly.Instance, imports: Imports, section: ArrayBuffer) {
    const all = Object.values(imports).flatMap((part) => Object.values(part));
    const { memory, branchCounters } = instance.exports as unknown as CountingExports;
    this.memory = memory ?? (all.find((one) => one instanceof WebAssembly.Memory) as WebAssembly.Memory);
    this.#from = branchCounters();
    this.#branches = tableOf(section);
  }

  note(reached: Set<string>): void {
    const counts = new DataView(this.memory.buffer, this.#from);
    for (const branch of this.#branches) {
      if (this.#noted.has(branch.id) || counts.getUint32(branch.id * 4, true) === 0) continue;
      this.#noted.add(branch.id);
      reached.add(keyOfBranch(branch));
    }
  }
}

const tables = new Map<string, readonly GuestBranch[]>();

function tableOf(section: ArrayBuffer): readonly GuestBranch[] {
  const text = new TextDecoder().decode(section);
  const table = tables.get(text) ?? (JSON.parse(text) as { branches: GuestBranch[] }).branches;
  tables.set(text, table);
  return table;
}

const folder = process.env[REACHED_FOLDER];
if (folder !== undefined) count(folder);

function count(out: string): void {
  const guests = new Set<WeakRef<Counting>>();
  /** A counting lives as long as its guest. */
  const keepers = new WeakMap<WebAssembly.Memory, Counting>();
  const recent: Counting[] = [];
  const reached = new Set<string>();
  const look = () => {
    for (const guest of guests) {
      const counting = guest.deref();
      if (counting === undefined) guests.delete(guest);
      else counting.note(reached);
    }
  };
  readCountingBuilds();
  const { restore } = MemoryImage.prototype;
  MemoryImage.prototype.restore = function (guest) {
    keepers.get(guest.memory as WebAssembly.Memory)?.note(reached);
    restore.call(this, guest);
  };
  const { Instance } = WebAssembly;
  const counted = new Proxy(Instance, {
    construct(target, [module, imports = {}]: [WebAssembly.Module, Imports?]) {
      look();
      const instance: WebAssembly.Instance = Reflect.construct(target, [module, imports]);
      const [section] = WebAssembly.Module.customSections(module, SECTION);
      if (section === undefined) return instance;
      const counting = new Counting(instance, imports, section);
      guests.add(new WeakRef(counting));
      keepers.set(counting.memory, counting);
      recent.push(counting);
      if (recent.length > RECENT) recent.shift();
      return instance;
    },
  });
  Object.assign(WebAssembly, { Instance: counted });
  process.on('exit', () => {
    look();
    if (reached.size > 0) fs.writeFileSync(join(out, `${process.pid}.json`), JSON.stringify([...reached]));
  });
}

/** Who reads a build gets the one that counts. */
function readCountingBuilds(): void {
  const { readFileSync } = fs;
  fs.readFileSync = ((path: fs.PathOrFileDescriptor, ...rest: []) => {
    const [, build] = COUNTED.exec(String(path)) ?? [];
    if (build === undefined) return readFileSync(path, ...rest);
    return readFileSync(join(BUILD, build === 'test' ? 'testcoverage.wasm' : 'coverage.wasm'));
  }) as typeof readFileSync;
  syncBuiltinESMExports();
}
