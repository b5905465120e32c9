/**
 * Crossovers: the payloads at which one curve falls below another. Nothing is interpolated. Between two measured payloads with
 * different leaders the interval is halved, until the last payload of one leader and the first of the other are adjacent.
 */
import type { Curve, Name } from './curve.ts';
import { everyJump } from './samples.ts';
import type { Jumps } from './scene.ts';

/** Costs that differ by no more count as equal: the model's figures are not more precise. */
export const SAME = 0.05;

/** Curves with equal cost at every measured payload. */
export interface CurveGroup {
  names: Name[];
  curves: Curve[];
}

/** One group becomes cheaper than another: each of its curves is below each of the other's. */
export interface Crossing {
  /**
   * `overtakes`: it was dearer before. `parts`: it cost the same before. `alternates`: they change places several times, and it
   * leads in the end.
   */
  kind: 'overtakes' | 'parts' | 'alternates';
  ahead: Name[];
  behind: Name[];
  /** The first payload, in bytes, from which it leads up to the largest measured one. */
  at: number;
  /** The last payload where it does not lead. There the other leads, or, if it `parts`, both cost the same. */
  before: number;
  /** Payload of the first change of leaders; equals `at` unless they alternate. */
  first: number;
  /** ns at `at`: least and greatest cost of each group. */
  aheadNs: readonly [number, number];
  behindNs: readonly [number, number];
}

/** An interval without a change: its leader, 0 while the groups overlap. */
interface Lead {
  who: -1 | 0 | 1;
  from: number;
  to: number;
}

/** Limit of measured payloads for one pair. */
const PAYLOADS_MAX = 1000;
/** Number of payloads on either side of a change between which every jump is measured. */
const NEIGHBOURS = 4;

export function groupsOf(curves: readonly Curve[], payloads: readonly number[]): CurveGroup[] {
  const groups: CurveGroup[] = [];
  for (const curve of curves) {
    const group = groups.find(({ curves: [one] }) =>
      payloads.every((payload) => areSame((one as Curve).at(payload), curve.at(payload))),
    );
    if (group === undefined) groups.push({ names: [curve.name], curves: [curve] });
    else {
      group.names.push(curve.name);
      group.curves.push(curve);
    }
  }
  return groups;
}

/** Every change between two groups that are each the cheapest somewhere, by rising payload. */
export function crossingsOf(curves: readonly Curve[], payloads: readonly number[], jumps: Jumps): Crossing[] {
  const groups = groupsOf(curves, payloads);
  const leading = groups.filter((group) => payloads.some((payload) => isCheapest(group, groups, payload)));
  const found = leading.flatMap((one, index) =>
    leading.slice(index + 1).flatMap((other) => new Pair(one, other, jumps).crossing(payloads)),
  );
  return found.sort((a, b) => a.first - b.first);
}

function areSame(one: number, other: number): boolean {
  return Math.max(one, other) <= Math.min(one, other) * (1 + SAME);
}

function isCheapest(group: CurveGroup, groups: readonly CurveGroup[], payload: number): boolean {
  const least = Math.min(...groups.map((one) => costOf(one, payload)[0]));
  return costOf(group, payload)[0] <= least * (1 + SAME);
}

function costOf({ curves }: CurveGroup, payload: number): readonly [least: number, most: number] {
  const costs = curves.map((curve) => curve.at(payload));
  return [Math.min(...costs), Math.max(...costs)];
}

class Pair {
  constructor(
    private readonly one: CurveGroup,
    private readonly other: CurveGroup,
    private readonly jumps: Jumps,
  ) {}

  /** @returns One crossing, or none. */
  crossing(sampled: readonly number[]): Crossing[] {
    if (![-1, 1].some((who) => sampled.some((payload) => this.#isFarAhead(who, payload)))) return [];
    const { leads, payloads } = this.#refined(sampled);
    const turns = turnsOf(leads);
    const last = turns[turns.length - 1];
    if (last === undefined) return [];
    const isFar = (who: number) => payloads.some((payload) => this.#isFarAhead(who, payload));
    if (turns.length === 1) {
      const [start, ...rest] = leads;
      if (start?.who !== 0 || rest.length !== 1 || !isFar(last.who)) return [];
      const isSame = payloads.every((payload) => payload > start.to || this.#isSame(payload));
      return isSame ? [this.#made('parts', last, start.to)] : [];
    }
    if (!isFar(-1) || !isFar(1)) return [];
    const { to } = turns[turns.length - 2] as Lead;
    const first = (turns[1] as Lead).from;
    return [this.#made(turns.length === 2 ? 'overtakes' : 'alternates', last, to, first)];
  }

  #made(kind: Crossing['kind'], { who, from }: Lead, before: number, first = from): Crossing {
    const [ahead, behind] = who > 0 ? [this.one, this.other] : [this.other, this.one];
    const [aheadNs, behindNs] = [costOf(ahead, from), costOf(behind, from)];
    return { kind, ahead: ahead.names, behind: behind.names, at: from, before, first, aheadNs, behindNs };
  }

  /** The leader in all of its curves: 1 for the one group, -1 for the other, 0 for none. */
  #who(payload: number): Lead['who'] {
    const [least, most] = costOf(this.one, payload);
    const [otherLeast, otherMost] = costOf(this.other, payload);
    if (most < otherLeast) return 1;
    return otherMost < least ? -1 : 0;
  }

  #isSame(payload: number): boolean {
    const costs = [...costOf(this.one, payload), ...costOf(this.other, payload)];
    return areSame(Math.min(...costs), Math.max(...costs));
  }

  #isFarAhead(who: number, payload: number): boolean {
    const [ahead, behind] = who > 0 ? [this.one, this.other] : [this.other, this.one];
    return costOf(behind, payload)[0] > costOf(ahead, payload)[1] * (1 + SAME);
  }

  /** Costs may jump up and down near a change: measures every jump there, while that finds more changes. */
  #refined(sampled: readonly number[]): { leads: Lead[]; payloads: readonly number[] } {
    let payloads = sampled;
    for (;;) {
      const leads = this.#leads(payloads);
      const more = new Set(payloads);
      for (const { from } of leads.slice(1)) {
        const index = payloads.findIndex((payload) => payload >= from);
        const low = payloads[Math.max(0, index - NEIGHBOURS)] as number;
        const high = payloads[Math.min(payloads.length - 1, index + NEIGHBOURS)] as number;
        for (const payload of everyJump(low, high, this.jumps)) more.add(payload);
      }
      if (more.size === payloads.length || more.size > PAYLOADS_MAX) return { leads, payloads };
      payloads = [...more].sort((a, b) => a - b);
    }
  }

  #leads(payloads: readonly number[]): Lead[] {
    const [start = 0, ...rest] = payloads;
    const leads: Lead[] = [];
    let lead: Lead = { who: this.#who(start), from: start, to: start };
    for (const payload of rest) {
      while (this.#who(payload) !== lead.who) {
        lead.to = this.#lastOf(lead.who, lead.to, payload);
        leads.push(lead);
        lead = { who: this.#who(lead.to + 1), from: lead.to + 1, to: lead.to + 1 };
      }
      lead.to = payload;
    }
    return [...leads, lead];
  }

  /** The last payload of a lead that exists at `low` and not at `high`. */
  #lastOf(who: number, low: number, high: number): number {
    let [last, beyond] = [low, high];
    while (beyond - last > 1) {
      const middle = Math.floor((last + beyond) / 2);
      if (this.#who(middle) === who) last = middle;
      else beyond = middle;
    }
    return last;
  }
}

/** Intervals with a leader; adjacent ones of one leader are merged. */
function turnsOf(leads: readonly Lead[]): Lead[] {
  const turns: Lead[] = [];
  for (const lead of leads) {
    const last = turns[turns.length - 1];
    if (lead.who === 0) continue;
    if (last?.who === lead.who) last.to = lead.to;
    else turns.push({ ...lead });
  }
  return turns;
}
