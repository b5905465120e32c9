/** The cost of a warm call as a function of the payload: measured where it is asked for, once, since counts are exact. */
import { type Conditions, type Row, type RowChoice, warmCallNs } from './comparison.ts';
import type { Send } from './scene.ts';

/** Who does the work, and how the payload travels: what tells the rows of one payload apart. */
export interface Name {
  /** The strategy; how a socket's receiver finds room. */
  who: string;
  send: Send;
}

export interface Curve {
  readonly name: Name;
  /** Whole nanoseconds. @param payload In bytes. */
  at(payload: number): number;
}

/** Measures. @throws BinderlabError where the payload does not fit. */
export function measuredCurve(choice: Omit<RowChoice, 'payload'>, conditions: Conditions): Curve {
  const { workload, strategy, send } = choice;
  const costs = new Map<number, number>();
  return {
    name: { who: strategy ?? workload.receive ?? workload.name, send },
    at(payload) {
      const ns = costs.get(payload) ?? warmCallNs({ ...choice, payload }, conditions);
      costs.set(payload, ns);
      return ns;
    },
  };
}

export function nameOf({ workload, strategy, receive, send }: Row): Name {
  return { who: strategy ?? receive ?? workload, send };
}

const BY: Readonly<Record<Send, string>> = { inline: '', memfd: ' by reused memfd', 'new-memfd': ' by new memfd' };

/** "kmap, prefault by reused memfd": how it travels once for all that have it in common. */
export function namesText(names: readonly Name[]): string {
  const bySend = new Map<Send, string[]>();
  for (const { who, send } of names) bySend.set(send, [...(bySend.get(send) ?? []), who]);
  return [...bySend].map(([send, all]) => `${all.join(', ')}${BY[send]}`).join('; ');
}
