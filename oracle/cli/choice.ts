/** Selects the scenarios of a command line. */
import { UsageError } from '../../host/cli/usage.ts';
import { HAND } from '../scenarios/hand.ts';
import type { Scenario } from '../scenarios/scenario.ts';

/** Stands for all hand-written scenarios. */
const ALL = 'hand';

export const SCENARIO_WORDS = `${ALL} (all hand-written ones), a group of them (${Object.keys(HAND).join(', ')}), or a scenario's name`;

/**
 * The scenarios of those names, each once, in the order of the groups.
 *
 * @param only Part of a name: selects among them.
 * @throws UsageError for an unknown name, and for an empty selection
 */
export function chosenScenarios(names: readonly string[], only = ''): Scenario[] {
  const all = Object.values(HAND).flat();
  for (const name of names) {
    const isKnown = name === ALL || Object.hasOwn(HAND, name) || all.some((scenario) => scenario.name === name);
    if (!isKnown) throw new UsageError(`there is no scenario "${name}"; a scenario is ${SCENARIO_WORDS}`);
  }
  const chosen = Object.entries(HAND).flatMap(([group, scenarios]) =>
    scenarios.filter(({ name }) => names.some((word) => word === ALL || word === group || word === name)),
  );
  const left = chosen.filter(({ name }) => name.includes(only));
  if (left.length === 0) throw new UsageError(`no scenario is left${only === '' ? '' : ` whose name has "${only}"`}`);
  return left;
}
