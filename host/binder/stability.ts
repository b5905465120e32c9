/**
 * Stability: how long the owner of a binder promises to keep its interface. It follows each binder in a parcel. A call is
 * made only when the promise covers the caller.
 */
export const STABILITY_UNDECLARED = 0;
export const STABILITY_VENDOR = 3;
/** The stability of everything compiled with the system. */
export const STABILITY_SYSTEM = 12;
export const STABILITY_VINTF = 63;

const NAMES: Readonly<Record<number, string>> = {
  [STABILITY_UNDECLARED]: 'undeclared',
  [STABILITY_VENDOR]: 'vendor',
  [STABILITY_SYSTEM]: 'system',
  [STABILITY_VINTF]: 'vintf',
};

/** As text, e.g. "system stability". */
export function stabilityName(stability: number): string {
  return `${NAMES[stability] ?? `unknown (${stability})`} stability`;
}

/** Whether it is one of the four values. */
export function isStability(stability: number): boolean {
  return Object.hasOwn(NAMES, stability);
}

/** Whether `provided` includes `required`: stability is a set of bits, each a promise. */
export function stabilityCovers(provided: number, required: number): boolean {
  return (provided & required) === required;
}
