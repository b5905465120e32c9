/**
 * The lives of kernel objects, by step: which one allocated an object, and which one freed it. A machine with a historical bug
 * keeps them, so that it can say what a broken object was.
 */
import type { Inspector } from './inspect/inspector.ts';
import { type ClassName, sizeOf } from './inspect/kernelmemory.ts';
import type { Violation } from './os/violation.ts';
import type { Step } from './trace/journal.ts';
import { BinderlabError } from './wire/error.ts';

interface Life {
  readonly type: ClassName;
  readonly address: number;
  readonly madeIn: string;
  /** null while it lives. */
  goneIn: string | null;
}

interface Watched {
  readonly inspect: Inspector;
  on(event: 'step', listener: (step: Step) => void): unknown;
}

/** The error of a violated invariant; with what is known of the object. */
export function brokenBy({ name, text, address }: Violation, lifetimes: Lifetimes | null): BinderlabError {
  const lines = [`the machine is broken (${name}): ${text}`, ...(lifetimes?.about(address) ?? [])];
  return new BinderlabError(`${lines.join('\n  ')}.`);
}

export class Lifetimes {
  /** By address; the newest object there. */
  readonly #lives = new Map<number, Life>();
  #last = 'the boot';

  constructor(private readonly machine: Watched) {
    machine.on('step', (step) => this.#note(step));
  }

  /** Compares the objects with those before the step. */
  #note(step: Step): void {
    this.#last = placeOf(step);
    const now = new Map(this.machine.inspect.rawObjects().map(({ type, address }) => [address, type]));
    for (const life of this.#lives.values()) {
      if (life.goneIn === null && now.get(life.address) !== life.type) life.goneIn = this.#last;
    }
    for (const [address, type] of now) {
      if (this.#lives.get(address)?.goneIn === null) continue;
      this.#lives.set(address, { type, address, madeIn: this.#last, goneIn: null });
    }
  }

  /** Lines about the object that has an address, and about the last step. */
  about(address: number): readonly string[] {
    const found = [...this.#lives.values()].find((life) => {
      const at = address - life.address;
      return at >= 0 && at < sizeOf(life.type);
    });
    if (found === undefined) return [`found in ${this.#last}`];
    return [
      `${address - found.address} bytes into a ${found.type} at 0x${found.address.toString(16)}`,
      `allocated in ${found.madeIn}`,
      ...(found.goneIn === null ? [`found in ${this.#last}`] : [`freed in ${found.goneIn}`, `used in ${this.#last}`]),
    ];
  }
}

function placeOf(step: Step): string {
  const what = step.op === 'ioctl' ? `ioctl ${step.in.name ?? step.in.cmd}` : step.op;
  return `step ${step.i}, ${what}${step.by === undefined ? '' : ` by ${step.by}`}`;
}
