/** All cases and latencies, by name. */
import { CASES } from './cases.ts';
import { GROUPS } from './groups.ts';
import { LATENCIES } from './latencies.ts';
import { LIMITS } from './limits.ts';
import type { Catalogue } from './results.ts';

const namesOf = (all: readonly { name: string }[]) => all.map(({ name }) => name);

export const CATALOGUE: Catalogue = {
  cases: namesOf(CASES),
  latencies: namesOf(LATENCIES),
  groups: GROUPS,
  limits: LIMITS,
};
