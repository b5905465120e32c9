/** Suggestions for misspelled names. */
import { closest, distance } from 'fastest-levenshtein';

/** The maximum of different letters in a misspelled name. */
const MISSPELLED_MAX = 2;

/** The text after an unknown name: the similar name, or all names. */
export function didYouMean(name: string, known: readonly string[], mark = ''): string {
  if (known.length === 0) return 'there are none';
  const near = closest(name, known);
  if (near !== '' && distance(name, near) <= MISSPELLED_MAX) return `did you mean ${mark}${near}?`;
  return `there are ${known.map((one) => mark + one).join(', ')}`;
}
