/** Programs made of a recording: its steps, some left out, doubled, moved, changed in a field; drawn steps in between. */
import type { FuzzStep, StepMaker } from './steps.ts';
import { withFieldChanged } from './values.ts';
import type { FuzzWorld } from './world.ts';

/** Changed steps of a thousand; a program draws one of these rates. */
const RATES: readonly number[] = [0, 10, 40, 150];
/** Words that mean something in the middle of other data. */
const WORDS: readonly number[] = [
  0, 1, 8, 0xffff_ffff, 0x8000_0000, 0x7362_2a85, 0x7368_2a85, 0x7074_2a85, 0x6664_6185,
];

export class Mutation {
  readonly #rate: number;
  readonly #waiting: FuzzStep[] = [];
  #at = 0;

  constructor(
    private readonly world: FuzzWorld,
    private readonly maker: StepMaker,
    private readonly steps: readonly FuzzStep[],
  ) {
    this.#rate = world.dice.of(RATES);
  }

  /** The next step that is possible; drawn by grammar when the recording is at its end. */
  draw(): FuzzStep | null {
    const step = this.#waiting.shift() ?? this.#recorded();
    if (step === undefined) return this.maker.draw(this.world);
    return this.#isPossible(step) ? step : null;
  }

  #recorded(): FuzzStep | undefined {
    const { dice } = this.world;
    const step = this.steps[this.#at++];
    if (step === undefined || dice.below(1000) >= this.#rate) return step;
    switch (dice.below(6)) {
      case 0:
        return this.steps[this.#at++];
      case 1:
        this.#waiting.push(step);
        return step;
      case 2: {
        const later = this.steps[this.#at++];
        if (later !== undefined) this.#waiting.push(later, step);
        return this.#waiting.shift() ?? step;
      }
      case 3: {
        const drawn = this.maker.draw(this.world);
        this.#waiting.push(step);
        return drawn ?? step;
      }
      default:
        return this.#changed(step);
    }
  }

  #changed(step: FuzzStep): FuzzStep {
    const { dice } = this.world;
    const bytes = Object.entries(step.input).filter(([, value]) => value instanceof Uint8Array && value.length >= 4);
    const [name, value] = dice.maybeOf(bytes) ?? [];
    if (name === undefined || dice.below(3) === 0) {
      return { ...step, input: withFieldChanged(this.world, step.op, step.input) };
    }
    const changed = (value as Uint8Array).slice();
    const at = 4 * dice.below(changed.length >> 2);
    const view = new DataView(changed.buffer);
    const near = view.getUint32(at, true) + dice.of([-8, -4, -1, 1, 4, 8]);
    view.setUint32(at, dice.below(2) === 0 ? near : dice.of(WORDS), true);
    return { ...step, input: { ...step.input, [name]: changed } };
  }

  #isPossible({ op, by }: FuzzStep): boolean {
    if (by === null) return op !== 'note';
    return this.world.awake.some((thread) => thread.name === by);
  }
}
