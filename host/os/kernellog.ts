/** The guest's kernel log: a ring of records that the driver writes where it refuses something (assembly/klog.ts). */
import { KLOG_CAPACITY, KLOG_SIZE } from '../../assembly/abi/klog.ts';
import type { GuestExports } from '../../build/layout.ts';
import { DEBUG_MASK_DEFAULT, type KernelMessage, kernelMessage } from '../wire/kernelmessages.ts';
import type { WordView } from '../wire/wordview.ts';

export class KernelLog {
  /** The driver's `debug_mask`. */
  mask = DEBUG_MASK_DEFAULT;
  readonly #linear: WordView;
  /** Index in it of the number of lines ever printed, and of the first record. */
  readonly #headAt: number;
  readonly #base: number;

  constructor(linear: WordView, raw: GuestExports) {
    this.#linear = linear;
    this.#headAt = raw.klogHead() / 4;
    this.#base = raw.klogBase() / 4;
  }

  /** How many records were ever written; the number of the next one. */
  get head(): number {
    return this.#linear.u32(this.#headAt);
  }

  /** The lines of records [from, to), without those that are overwritten or that the mask switches off. */
  messages(from = 0, to = this.head): KernelMessage[] {
    const lines: KernelMessage[] = [];
    for (let number = Math.max(from, this.head - KLOG_CAPACITY); number < to; number++) {
      const slot = (number % KLOG_CAPACITY) * (KLOG_SIZE / 4);
      const message = kernelMessage(this.#linear, this.#base + slot, this.mask);
      if (message !== null) lines.push(message);
    }
    return lines;
  }

  /** The same as text. */
  lines(from?: number, to?: number): string[] {
    return this.messages(from, to).map(({ text }) => text);
  }
}
