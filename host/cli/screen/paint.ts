/** A row as a terminal shows it. Looks are weight and reversal; without them every mark is still there. */
import pc from 'picocolors';
import type { ScreenRow } from './drawing.ts';

/** @param isPlain Without any control sequence. */
export function paintRow(row: ScreenRow, isPlain: boolean): string {
  const { bold, dim, inverse } = pc.createColors(!isPlain);
  const looks = { plain: (text: string) => text, strong: bold, quiet: dim, inverse };
  return row.map(({ text, look }) => looks[look](text)).join('');
}
