/** ProcessList: the applications' processes, by package and by pid. It asks Zygote for missing ones. */
import type { Act } from '../sim/request.ts';
import type { Packages } from './packages.ts';
import { ProcessRecord } from './processrecord.ts';
import type { ZygoteProcess } from './zygoteprocess.ts';

export class ProcessList {
  readonly #processes = new Map<string, ProcessRecord>();
  #starts = 0;

  constructor(
    private readonly packages: Packages,
    private readonly zygote: ZygoteProcess,
  ) {}

  /**
   * The process of a package; starts it when missing. A started one attaches later.
   *
   * @throws ZygoteError when Zygote creates none.
   */
  *startProcess(packageName: string): Act<ProcessRecord> {
    const running = this.#processes.get(packageName);
    if (running !== undefined) return running;
    const uid = this.packages.find(packageName)?.uid ?? -1;
    const record = new ProcessRecord(packageName, uid, ++this.#starts);
    const { startSeq } = record;
    record.pid = yield* this.zygote.start({ uid, niceName: packageName, packageName, startSeq });
    this.#processes.set(packageName, record);
    return record;
  }

  byPid(pid: number): ProcessRecord | undefined {
    return [...this.#processes.values()].find((record) => record.pid === pid);
  }

  remove(record: ProcessRecord): void {
    if (this.#processes.get(record.packageName) === record) this.#processes.delete(record.packageName);
  }
}
