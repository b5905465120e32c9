/** Names that a user has mistaken. */
import { closest, distance } from 'fastest-levenshtein';

/** Names that differ by more letters are not taken for misspelled ones. */
const MISSPELLED_MAX = 2;

/** What follows on a mistaken name: the one that was meant, or all that there are. */
export function didYouMean(name: string, known: readonly string[], mark = ''): string {
  const near = closest(name, known);
  if (near !== '' && distance(name, near) <= MISSPELLED_MAX) return `did you mean ${mark}${near}?`;
  return `there are ${known.map((one) => mark + one).join(', ')}`;
}
