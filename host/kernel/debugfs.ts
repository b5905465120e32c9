/** The driver's files in debugfs, read as text. One read is one step. */
import { BinderlabError, notEmulated } from './error.ts';
import type { System } from './system.ts';

/** A file that does not exist has no text. */
export interface DebugFile {
  exists: boolean;
  text: string;
}

const KINDS = ['state', 'stats', 'transactions', 'transaction_log', 'failed_transaction_log'];
const PROC_KIND = 5;
/** Characters that one call of fromCharCode takes. */
const CHUNK = 8192;

export class DebugFiles {
  constructor(private readonly system: System) {}

  /**
   * @param file `state`, `stats`, `transactions`, `transaction_log`, `failed_transaction_log` or `proc/PID`.
   * @throws BinderlabError when the driver has no such file.
   */
  read(file: string): DebugFile {
    const { system } = this;
    const { dump, dumpText } = system.raw;
    if (dump === undefined || dumpText === undefined) throw notEmulated(`the dump of "${file}"`);
    const pid = /^proc\/(\d+)$/.exec(file)?.[1];
    const kind = pid === undefined ? KINDS.indexOf(file) : PROC_KIND;
    if (kind < 0)
      throw new BinderlabError(`the driver has no file "${file}"; there are ${KINDS.join(', ')} and proc/PID.`);
    return system.access('dump', null, { file }, () => this.#text(dump(kind, Number(pid ?? 0)), dumpText));
  }

  #text(length: number, dumpText: () => number): DebugFile {
    if (length < 0) return { exists: false, text: '' };
    const start = dumpText();
    const { u8 } = this.system.guest;
    let text = '';
    for (let at = 0; at < length; at += CHUNK) {
      text += String.fromCharCode(...u8.subarray(start + at, start + Math.min(at + CHUNK, length)));
    }
    return { exists: true, text };
  }
}
