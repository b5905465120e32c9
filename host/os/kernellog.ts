/** The guest's kernel log: a ring of records that the driver writes where it refuses something (assembly/klog.ts). */
import { KLOG_CAPACITY, KLOG_SIZE } from '../../assembly/abi/klog.ts';
import type { GuestExports } from '../../build/layout.ts';
import { DEBUG_MASK_DEFAULT, type KernelMessage, kernelMessage } from '../wire/kernelmessages.ts';
import type { WordView } from '../wire/wordview.ts';

/** A mask that switches nothing off. */
const EVERY_LINE = -1;

export class KernelLog {
  /** The driver's `debug_mask`. */
  mask = DEBUG_MASK_DEFAULT;
  /** Who holds the space that a transaction did not find, as a sentence; null when that is not known any more. */
  explainShortage: (transaction: number) => string | null = () => null;
  readonly #linear: WordView;
  /** Index in linear memory of the number of lines ever printed, as a word. */
  readonly headAt: number;
  /** Index of the first record. */
  readonly #base: number;

  constructor(linear: WordView, raw: GuestExports) {
    this.#linear = linear;
    this.headAt = raw.klogHead() / 4;
    this.#base = raw.klogBase() / 4;
  }

  /** How many records were ever written; the number of the next one. */
  get head(): number {
    return this.#linear.u32(this.headAt);
  }

  /** The lines of records [from, to), without those that are overwritten or that the mask switches off. */
  lines(from = 0, to = this.head): string[] {
    return this.#messages(from, to, this.mask).map(({ text }) => text);
  }

  /**
   * Why the driver refused something, and what to do instead: the first advice for a thread among the lines of [from, to), with
   * its line. A line about no thread belongs to that of the next line.
   *
   * @returns null when no such line has advice.
   */
  complaint(from: number, to: number, tid: number): string | null {
    if (from === to) return null;
    const messages = this.#messages(from, to, EVERY_LINE);
    // a reply that fails is the mistake of its sender, and the result of its caller
    const blamed = new Set([tid, ...messages.filter(({ receiver }) => receiver === tid).map((message) => message.tid)]);
    const isBlamed = (_: KernelMessage, at: number) => blamed.has(messages.slice(at).find((m) => m.tid)?.tid ?? tid);
    const own = messages.filter(isBlamed);
    const lacking = own.find(({ shortage }) => shortage !== 0);
    const first = own.find(({ advice }) => advice !== null) ?? lacking;
    if (first === undefined) return null;
    const shortage = lacking === undefined ? null : this.explainShortage(lacking.shortage);
    const why = shortage ?? first.advice;
    return why === null ? null : `${why} (kernel log: "${first.text}")`;
  }

  #messages(from: number, to: number, mask: number): KernelMessage[] {
    const lines: KernelMessage[] = [];
    for (let number = Math.max(from, this.head - KLOG_CAPACITY); number < to; number++) {
      const slot = (number % KLOG_CAPACITY) * (KLOG_SIZE / 4);
      const message = kernelMessage(this.#linear, this.#base + slot, mask);
      if (message !== null) lines.push(message);
    }
    return lines;
  }
}
