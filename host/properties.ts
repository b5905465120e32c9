/** What has to hold in a script's runs: `machine.always` and `machine.eventually`. */
import type { Step } from './trace/journal.ts';
import { BinderlabError } from './wire/error.ts';
import { checkForm } from './wire/forms.ts';

/** A predicate on the machine, and on what programs keep of their own. It looks, and does not act. */
type Predicate = () => boolean;

interface Property {
  readonly name: string;
  readonly holds: Predicate;
}

/** A property that does not hold. */
export class PropertyError extends BinderlabError {
  override readonly name = 'PropertyError';

  constructor(
    /** Its name. */
    readonly property: string,
    /** The step after which it did not hold; null for one that did not at the end. */
    readonly step: Step | null,
  ) {
    const { i, op, by } = step ?? {};
    const whose = by === undefined ? op : `${op} by ${by}`;
    super(
      step === null
        ? `"${property}" has to hold, and did not when the script ended.`
        : `"${property}" has to hold always, and does not after step ${i}, ${whose}.`,
    );
  }
}

export class Properties {
  readonly #always: Property[] = [];
  readonly #eventually: Property[] = [];
  /** Those of `eventually` that have held. */
  readonly #held = new Set<string>();

  /**
   * @param watch Calls a listener after each step; null when others judge the steps.
   * @param stop Ends the script, or the simulation that runs.
   */
  constructor(
    private readonly watch: ((hear: (step: Step) => void) => void) | null,
    private readonly stop: (error: PropertyError) => void,
  ) {}

  /** @throws BinderlabError for a name that is taken. */
  add(kind: 'always' | 'eventually', name: string, holds: Predicate): void {
    checkForm('property', { name, holds });
    if ([...this.#always, ...this.#eventually].some((other) => other.name === name)) {
      throw new BinderlabError(`there is a property "${name}" already; choose another name`);
    }
    if (this.#always.length + this.#eventually.length === 0) this.watch?.((step) => this.#judge(step));
    (kind === 'always' ? this.#always : this.#eventually).push({ name, holds });
  }

  /** Called after each step. @returns The name of a property that has to hold always and does not; null as a rule. */
  violated(): string | null {
    for (const { name, holds } of this.#eventually) if (!this.#held.has(name) && holds()) this.#held.add(name);
    for (const { name, holds } of this.#always) if (!holds()) return name;
    return null;
  }

  /** The names of those of `eventually` that have held. */
  get held(): readonly string[] {
    return this.#eventually.map(({ name }) => name).filter((name) => this.#held.has(name));
  }

  /** Takes over what has held in another run up to the same moment. */
  hold(names: readonly string[]): void {
    for (const name of names) this.#held.add(name);
  }

  /** Called at the end. @returns The name of a property that has never held; null as a rule. */
  unmet(): string | null {
    return this.#eventually.find(({ name }) => !this.#held.has(name))?.name ?? null;
  }

  /** @throws PropertyError at the end of a run, for a property that does not hold. */
  conclude(): void {
    const violated = this.violated() ?? this.unmet();
    if (violated !== null) throw new PropertyError(violated, null);
  }

  #judge(step: Step): void {
    const violated = this.violated();
    if (violated !== null) this.stop(new PropertyError(violated, step));
  }
}
