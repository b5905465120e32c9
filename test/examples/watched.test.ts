/** Who watches a machine changes nothing in it: counters and state are the same with a journal, with --strace, with nothing. */

import { Machine, Strace } from 'binderlab';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { guestModule } from '../../host/cli/boot.ts';
import { exampleNames, runOn } from './script.ts';

const test = suite('watched');

/** What an example leaves: its counters, as a whole and of each process, and the machine's state. */
async function leftBy(name: string, watch: (machine: Machine) => void) {
  const machine = Machine.boot({ wasm: guestModule(), seed: 3 });
  watch(machine);
  const printed = await runOn(machine, name);
  const living = machine.processes.filter(({ alive }) => alive);
  const counters = [machine.counters(), ...living.map((process) => machine.counters(process))];
  return { printed, counters, frames: machine.freeFrames(), hash: machine.hash() };
}

for (const name of exampleNames()) {
  test(`${name}: counters and state do not depend on who watches`, async () => {
    const alone = await leftBy(name, () => {});
    const journal = await leftBy(name, (machine) => machine.keepJournal(true));
    const strace = new Strace({ bytes: true });
    const traced = await leftBy(name, (machine) => void machine.on('step', (step) => void strace.lines(step)));
    assert.equal(journal, alone);
    assert.equal(traced, alone);
  });
}

test.run();
