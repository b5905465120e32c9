/** A table in plain text. */

/**
 * @param isText Whether a cell stands to the left, as those of the first column do; others stand to the right.
 * @returns Lines, with columns as wide as their widest cells.
 */
export function aligned(rows: readonly (readonly string[])[], isText = (_: string): boolean => false): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [at, { length }] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, length);
  const placed = (cell: string, at: number) =>
    at === 0 || isText(cell) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0);
  return rows.map((row) => row.map(placed).join('  ').trimEnd());
}
