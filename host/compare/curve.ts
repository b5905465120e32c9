/** The cost of a warm call as a function of the payload: each payload is measured on demand and once, since counts are exact. */
import { type Conditions, type Row, type RowChoice, warmCallNs } from './comparison.ts';
import type { Send } from './scene.ts';

/** The strategy and the way to send: the key of a row within one payload. */
export interface Name {
  /** The strategy; for sockets, how the receiver allocates memory. */
  who: string;
  send: Send;
}

export interface Curve {
  readonly name: Name;
  /** Whole nanoseconds. @param payload In bytes. */
  at(payload: number): number;
}

/** Measures. @throws BinderlabError when the payload does not fit. */
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

/** "kmap, prefault by reused memfd": a common way to send is named once. */
export function namesText(names: readonly Name[]): string {
  const bySend = new Map<Send, string[]>();
  for (const { who, send } of names) bySend.set(send, [...(bySend.get(send) ?? []), who]);
  return [...bySend].map(([send, all]) => `${all.join(', ')}${BY[send]}`).join('; ');
}
