/** A performer that stands in for the kernel: it answers as a recording does, as long as it is asked what was asked then. */
import * as assert from 'uvu/assert';
import type { Journal, Step, StepInput } from '../../host/trace/journal.ts';
import type { StepPerformer } from '../../oracle/script.ts';

export class Recorded implements StepPerformer {
  #next = 0;

  constructor(private readonly journal: Journal) {}

  perform({ op, by, in: input }: StepInput): Step {
    const step = this.journal.steps[this.#next];
    if (step === undefined) throw new Error(`the recording has ${this.#next} steps, and ${op} is one more`);
    assert.equal({ op, by, in: input }, { op: step.op, by: step.by, in: step.in }, `step ${this.#next}`);
    this.#next++;
    return step;
  }

  /** Everything has been asked for. */
  end(): void {
    assert.is(this.#next, this.journal.steps.length, 'steps of the recording');
  }
}
