/**
 * Loaded into a process of tests in front of everything else (`node --import`): machines run on the build that counts branches.
 * The processes that a test starts do so, too. What all of them reached is in files of a folder at their ends.
 *
 * Linear memory has the counts, and a snapshot that is restored brings them back. So they are read whenever a machine is made.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';

/** The folder; absent in a process that counts nothing. */
export const REACHED_FOLDER = 'BINDERLAB_REACHED';

const COUNTED = /build\/(release|debug)\.wasm$/;
const BUILD = join(import.meta.dirname, '../../../build/coverage.wasm');
const SECTION = 'branches';

type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface CountingExports {
  branchCounters(): number;
}

/** Counters of one guest. */
class Counting {
  readonly memory: WebAssembly.Memory;
  readonly #from: number;

  constructor(instance: WebAssembly.Instance, imports: Imports) {
    const all = Object.values(imports).flatMap((part) => Object.values(part));
    const { memory } = instance.exports as { memory?: WebAssembly.Memory };
    this.memory = (memory ?? all.find((one) => one instanceof WebAssembly.Memory)) as WebAssembly.Memory;
    this.#from = (instance.exports as unknown as CountingExports).branchCounters();
  }

  note(reached: Uint8Array): void {
    const counts = new Uint32Array(this.memory.buffer, this.#from, reached.length);
    for (let id = 0; id < reached.length; id++) if (counts[id] !== 0) reached[id] = 1;
  }
}

const folder = process.env[REACHED_FOLDER];
if (folder !== undefined) count(folder);

function count(out: string): void {
  const guests = new Set<WeakRef<Counting>>();
  /** Keeps the machines of now: an older one may be gone when it is looked for. */
  const recent: Counting[] = [];
  let reached = new Uint8Array(0);
  const look = () => {
    for (const guest of guests) {
      const counting = guest.deref();
      if (counting === undefined) guests.delete(guest);
      else counting.note(reached);
    }
  };
  const { readFileSync } = fs;
  fs.readFileSync = ((path: fs.PathOrFileDescriptor, ...rest: []) => {
    return readFileSync(COUNTED.test(String(path)) ? BUILD : path, ...rest);
  }) as typeof readFileSync;
  syncBuiltinESMExports();

  const { Instance } = WebAssembly;
  const counted = new Proxy(Instance, {
    construct(target, [module, imports = {}]: [WebAssembly.Module, Imports?]) {
      look();
      const instance: WebAssembly.Instance = Reflect.construct(target, [module, imports]);
      const [section] = WebAssembly.Module.customSections(module, SECTION);
      if (section === undefined) return instance;
      const { count: length }: { count: number } = JSON.parse(new TextDecoder().decode(section));
      if (reached.length === 0) reached = new Uint8Array(length);
      const counting = new Counting(instance, imports);
      guests.add(new WeakRef(counting));
      keepers.set(counting.memory, counting);
      recent.push(counting);
      if (recent.length > 4) recent.shift();
      return instance;
    },
  });
  Object.assign(WebAssembly, { Instance: counted });
  process.on('exit', () => {
    look();
    const ids = [...reached.keys()].filter((id) => reached[id] === 1);
    if (ids.length > 0) fs.writeFileSync(join(out, `${process.pid}.json`), JSON.stringify(ids));
  });
}

/** A counting lives as long as its guest. */
const keepers = new WeakMap<WebAssembly.Memory, Counting>();
