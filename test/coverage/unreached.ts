/** Branches of the core that no run of `npm run coverage` reaches, and why. A branch is named by its file and its line's text. */

interface Unreached {
  readonly reason: string;
  readonly branches: readonly (readonly [file: string, text: string])[];
}

export const UNREACHED: readonly Unreached[] = [];
