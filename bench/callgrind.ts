/** What valgrind's callgrind counted in a node process, by the functions that V8 generated. */

/** A function in generated code. */
interface Generated {
  /** Address of its first byte. */
  readonly at: number;
  /** Bytes of it. */
  readonly size: number;
  readonly name: string;
}

/**
 * The functions of a file that node writes with --perf-basic-prof, by address. V8 reuses addresses, so a later line wins.
 *
 * @param text Lines of "hex address, hex size, name".
 */
export function generatedCode(text: string): Generated[] {
  const found = new Map<number, Generated>();
  for (const [, address = '', size = '', name = ''] of text.matchAll(/^([0-9a-f]+) ([0-9a-f]+) (.*)$/gm)) {
    const at = Number.parseInt(address, 16);
    found.set(at, { at, size: Number.parseInt(size, 16), name });
  }
  return [...found.values()].sort((one, other) => one.at - other.at);
}

/** A line of costs: an address, absolute or relative to the last one (`*`: the same), a line number, instructions. */
const COST = /^(?:(0x[0-9a-f]+)|([+-]\d+)|\*) \S+ (\d+)$/;

/**
 * Adds up the instructions of each function.
 *
 * @param lines Of callgrind's output with --dump-instr=yes. The line after "calls=" has the cost of the callee, which is left
 * out: the callee has lines of its own.
 * @returns Instructions by name, without those outside of generated code.
 */
export async function instructionsByFunction(
  lines: AsyncIterable<string> | Iterable<string>,
  code: readonly Generated[],
): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  let address = 0;
  let isCall = false;
  for await (const line of lines) {
    const [cost, absolute, distance = '0', instructions] = COST.exec(line) ?? [];
    if (cost !== undefined) {
      address = absolute === undefined ? address + Number(distance) : Number(absolute);
      const name = isCall ? undefined : functionAt(code, address)?.name;
      if (name !== undefined) sums.set(name, (sums.get(name) ?? 0) + Number(instructions));
    }
    isCall = line.startsWith('calls=');
  }
  return sums;
}

/** The function whose code has an address; undefined when there is none. */
function functionAt(code: readonly Generated[], address: number): Generated | undefined {
  let low = 0;
  let high = code.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((code[middle] as Generated).at <= address) low = middle + 1;
    else high = middle;
  }
  const last = code[low - 1];
  return last !== undefined && address < last.at + last.size ? last : undefined;
}
