/** What the programs of a hunt covered: operations, commands, returns, ioctls, errors. */

import type { Output, Step } from '../../host/trace/journal.ts';
import { bytesOfHex } from '../../host/wire/hex.ts';
import { commandWords, returnWords } from '../../host/wire/words.ts';

/** Counts by name; each table in order of falling counts. */
export interface CoverageTables {
  ops: Record<string, number>;
  commands: Record<string, number>;
  returns: Record<string, number>;
  ioctls: Record<string, number>;
  errnos: Record<string, number>;
}

export class Coverage {
  readonly #counts = {
    ops: new Map<string, number>(),
    commands: new Map<string, number>(),
    returns: new Map<string, number>(),
    ioctls: new Map<string, number>(),
    errnos: new Map<string, number>(),
  };

  add(steps: readonly Step[]): void {
    for (const step of steps) {
      this.#count('ops', step.op);
      if (step.op === 'ioctl') this.#count('ioctls', step.in.name ?? 'unknown');
      if (step.op === 'wr') this.#countCommands(step.in.poke, step.in.write_consumed, step.in.write_size);
      for (const out of [step.out, ...(step.woken ?? []).map((entry) => entry.out)]) this.#countAnswer(out);
    }
  }

  tables(): CoverageTables {
    const { ops, commands, returns, ioctls, errnos } = this.#counts;
    return {
      ops: sorted(ops),
      commands: sorted(commands),
      returns: sorted(returns),
      ioctls: sorted(ioctls),
      errnos: sorted(errnos),
    };
  }

  #countCommands(poke: string, from: number, to: number): void {
    for (const word of commandWords(bytesOfHex(poke), from, to)) this.#count('commands', nameOf(word));
  }

  #countAnswer(out: Output | undefined): void {
    if (out === undefined) return;
    if ('errno' in out && out.errno !== undefined) this.#count('errnos', out.errno);
    if ('read' in out && out.read !== undefined) {
      for (const word of returnWords(bytesOfHex(out.read))) this.#count('returns', nameOf(word));
    }
  }

  #count(table: keyof CoverageTables, name: string): void {
    const counts = this.#counts[table];
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
}

/** The word alone, without its values. */
function nameOf(words: string): string {
  return words.split(' ', 1)[0] as string;
}

function sorted(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([, a], [, b]) => b - a));
}
